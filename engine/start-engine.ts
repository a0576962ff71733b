// Starts an engine: takes the lock or becomes a client of the engine that has it, opens the door, builds the rooms, says the address,
// and ends cleanly on a signal. Never exits without a word.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type EngineArguments, parseArguments } from './arguments.ts'
import { askSignIn, connectEngine } from './client.ts'
import { createEngine } from './engine.ts'
import { openDoor } from './serve/serve.ts'
import { findEngine, lockEngine } from './serve/single-engine.ts'
import { type EngineLog, engineLog } from './support/engine-log.ts'
import { type Folders, foldersFor, makeFolders } from './support/folders.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version

/** Resolves when the engine listens (it then lives until a signal), or when the running one was asked. Throws Problems. */
export async function startEngine(args: readonly string[]): Promise<void> {
  const asked = parseArguments(args, process.cwd())
  const folders = foldersFor()
  await makeFolders(folders)
  const lock = await lockEngine(folders)
  if (lock === undefined) return joinRunning(asked, folders, args)
  const log = engineLog(folders.state)
  log.write('info', 'starting', { version, node: process.version, pid: process.pid })
  try {
    await run(asked, folders, log, lock)
  } catch (error) {
    await lock.release()
    log.error(error, 'start failed')
    log.flush()
    throw error
  }
}

/** A second start: shows the engine that is here. */
async function joinRunning(asked: EngineArguments, folders: Folders, args: readonly string[]): Promise<void> {
  const found = await findEngine(folders)
  if (found === undefined) return startEngine(args) // it ended just now
  if (asked.folder !== undefined) {
    const link = connectEngine(() => findEngine(folders), 'updraft start')
    await link.call('workspace.open', { folder: asked.folder }).finally(() => link.close())
  }
  const url = await askSignIn(found)
  process.stdout.write(`Updraft runs already (process ${found.pid}).\n`)
  announce(url, asked)
}

async function run(
  asked: EngineArguments,
  folders: Folders,
  log: EngineLog,
  lock: NonNullable<Awaited<ReturnType<typeof lockEngine>>>,
): Promise<void> {
  const door = await openDoor({
    folders,
    log,
    version,
    pageFolder: join(root, 'dist', 'renderer'),
    ...(asked.port === undefined ? {} : { port: asked.port }),
  })
  let ending = false
  const end = async (why: string, code: number, all = false) => {
    // Asked a second time: at once, everything stays as it is.
    if (ending) process.exit(code)
    ending = true
    log.write('info', 'ending', { why })
    // Whatever hangs, the process ends: what must survive does not live in it.
    setTimeout(() => process.exit(code || 1), 8_000).unref()
    // Else the next command would join an engine that is ending, and wait for its answer in vain.
    await lock.withdraw()
    for (const stays of await engine.leave(all)) process.stdout.write(`${stays}\n`)
    await engine.close()
    await door.close('The engine ends.')
    await lock.release()
    log.flush()
    process.exit(code)
  }
  const engine = await createEngine({
    folders,
    log,
    version,
    programFolder: root,
    env: process.env,
    sendBytes: (asker, channel, seq, payload) => door.wires()?.sendBytes(asker, channel, seq, payload) ?? false,
    signInUrl: (path) => door.access.signInUrl(path),
    stop: ({ all }) => void setTimeout(() => end('asked to', 0, all), 50),
  })
  if (asked.folder !== undefined) await engine.openFolder(asked.folder)
  let clients = 0
  door.open(engine.service, engine.routes, (windows, programs) => {
    clients = windows + programs
    engine.engineRoom.set({ windows })
  })
  await lock.announce({
    port: door.port,
    host: door.access.host,
    token: door.access.token,
    version,
    background: asked.background,
  })
  const orphaned = watchProcess(log, end)
  endWhenIdle(
    () => (asked.background || orphaned()) && clients === 0 && !engine.busy(),
    () => end('nobody is left', 0),
  )
  log.write('info', 'listening', { port: door.port, host: door.access.host })
  announce(door.access.signInUrl(), asked)
}

/** Answers whether the terminal it was started from has gone. */
function watchProcess(log: EngineLog, end: (why: string, code: number) => Promise<void>): () => boolean {
  let orphaned = false
  process.on('SIGINT', () => end('SIGINT', 0))
  process.on('SIGTERM', () => end('SIGTERM', 0))
  // The terminal has gone; windows in a browser have not: it ends when they have, too.
  process.on('SIGHUP', () => {
    orphaned = true
    log.write('info', 'the terminal has gone')
  })
  // A fault in one room must not take the others' truth with it; it is logged and the engine goes on.
  process.on('uncaughtException', (error) => {
    log.error(error, 'uncaught exception')
    log.flush()
  })
  process.on('unhandledRejection', (error) => log.error(error, 'unhandled rejection'))
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  process.on('exit', () => log.flush())
  return () => orphaned
}

const IDLE_LOOK_MS = 30_000
const IDLE_LOOKS = 4

/** An engine that nobody holds (no terminal, no window, nothing that runs) ends after two minutes of that. */
function endWhenIdle(idle: () => boolean, end: () => void): void {
  let looks = 0
  setInterval(() => {
    looks = idle() ? looks + 1 : 0
    if (looks >= IDLE_LOOKS) end()
  }, IDLE_LOOK_MS).unref()
}

function announce(url: string, asked: EngineArguments): void {
  // The launcher, Electron and the tests read this line.
  process.stdout.write(`Updraft is at ${url}\n`)
  if (!asked.open || (!asked.browser && !asked.foreground)) return
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(opener, [url], { stdio: 'ignore', detached: true })
  child.on('error', () =>
    process.stdout.write('No browser could be opened: open the address above yourself, within 60 seconds.\n'),
  )
  child.unref()
}
