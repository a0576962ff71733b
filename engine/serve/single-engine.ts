// One engine per user and data folder. The lock is a file that names its owner by pid and start time; beside it the owner writes where it
// listens and the token that programs of this user may use (0600). Both lie in the runtime folder: local, and gone after a reboot.
import { createHash } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { problem } from '../contract/problem.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import type { Folders } from '../support/folders.ts'
import { processStart } from '../support/process-start.ts'

export type Discovery = {
  readonly pid: number
  readonly start: string
  readonly port: number
  /** Host header to use; connect to 127.0.0.1. */
  readonly host: string
  readonly token: string
  readonly version: string
  readonly dataFolder: string
  /** Nobody's terminal or window holds it: the command line started it for itself. */
  readonly background: boolean
}

type Owner = { readonly pid: number; readonly start: string; readonly host: string }

export type EngineLock = {
  announce(discovery: Omit<Discovery, 'pid' | 'start' | 'dataFolder'>): Promise<void>
  /** Before the end: nobody new finds this engine, who looks for one waits until the lock is free. */
  withdraw(): Promise<void>
  release(): Promise<void>
}

const ANNOUNCE_WAIT_MS = 15_000

const names = (folders: Folders) => {
  const key = createHash('sha256').update(folders.data).digest('hex').slice(0, 12)
  return { lock: join(folders.runtime, `engine-${key}.lock`), discovery: join(folders.runtime, `engine-${key}.json`) }
}

const isAlive = async (owner: { pid: number; start: string }) =>
  owner.start !== '' && (await processStart(owner.pid)) === owner.start

async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch {
    return undefined
  }
}

/** The lock, or undefined when a living engine has it. */
export async function lockEngine(folders: Folders): Promise<EngineLock | undefined> {
  const { lock, discovery } = names(folders)
  await mkdir(folders.runtime, { recursive: true, mode: 0o700 })
  const owner: Owner = { pid: process.pid, start: await processStart(process.pid), host: hostname() }
  const mine = JSON.stringify(owner)
  for (let attempt = 0; attempt < 50; attempt++) {
    if (await take(lock, mine)) {
      await rm(discovery, { force: true })
      return {
        announce: (d) =>
          writeAtomic(
            discovery,
            JSON.stringify({ ...d, pid: owner.pid, start: owner.start, dataFolder: folders.data } satisfies Discovery),
            { mode: 0o600 },
          ),
        withdraw: () => rm(discovery, { force: true }),
        async release() {
          if ((await readFile(lock, 'utf8').catch(() => '')) !== mine) return
          await rm(discovery, { force: true })
          await rm(lock, { force: true })
        },
      }
    }
    const text = await readFile(lock, 'utf8').catch(() => '')
    const other = parse(text)
    if (text !== '' && other !== undefined && (await isAlive(other))) return undefined
    await sweep(lock, text)
  }
  throw problem('busy', `The lock ${lock} can't be taken.`, {
    hint: 'Nothing was started. If no Updraft runs, remove this file and start again.',
  })
}

async function take(lock: string, mine: string): Promise<boolean> {
  const own = `${lock}.${process.pid}`
  try {
    // Written beside and linked in: nobody ever sees half a lock.
    await writeFile(own, mine, { mode: 0o600 })
    await link(own, lock)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw problem(
      'unreachable',
      `The folder ${folderOf(lock)} can't be written (${error instanceof Error && 'code' in error ? error.code : error}).`,
      { hint: 'Nothing was started. Free space or correct its owner, or set XDG_RUNTIME_DIR.' },
    )
  } finally {
    await rm(own, { force: true })
  }
}

/** Puts a stale lock aside; of several that try, only one removes it, and never a fresh one. */
async function sweep(lock: string, seen: string): Promise<void> {
  const aside = `${lock}.stale.${process.pid}`
  try {
    await rename(lock, aside)
    if ((await readFile(aside, 'utf8')) !== seen) await link(aside, lock)
  } catch {
    // another was quicker
  } finally {
    await rm(aside, { force: true })
  }
}

function parse(text: string): Owner | undefined {
  try {
    const value = JSON.parse(text) as Owner
    return typeof value.pid === 'number' && typeof value.start === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
const folderOf = (file: string) => file.slice(0, file.lastIndexOf('/'))

/** The engine that runs for these folders, or undefined. Waits for one that holds the lock and is still starting. */
export async function findEngine(folders: Folders, waitMs = ANNOUNCE_WAIT_MS): Promise<Discovery | undefined> {
  const { lock, discovery } = names(folders)
  const untilMs = Date.now() + waitMs
  for (;;) {
    const found = await readJson<Discovery>(discovery)
    if (found !== undefined && (await isAlive(found))) return found
    const owner = parse(await readFile(lock, 'utf8').catch(() => ''))
    if (owner === undefined || !(await isAlive(owner))) return undefined
    if (Date.now() > untilMs) {
      throw problem('busy', `Another Updraft (process ${owner.pid}) holds the lock and does not answer.`, {
        hint: `Nothing was started. End process ${owner.pid}, then start again.`,
      })
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
