// A whole engine as a process of its own, with folders of its own, spoken to over its real wire. What it started outside itself (its outpost)
// is ended with it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectEngine } from '../../engine/client.ts'
import type { FeedKey, FeedName, FeedState } from '../../engine/contract/index.ts'
import type { Link } from '../../engine/contract/link.ts'
import { findEngine } from '../../engine/serve/single-engine.ts'
import { type Folders, foldersFor } from '../../engine/support/folders.ts'

const root = join(import.meta.dirname, '..', '..')

export type EngineProcess = {
  readonly child: ChildProcess
  readonly url: string
  output(): string
  ended: Promise<number | null>
}

export class EngineWorld {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), 'ue-')))
  readonly folders: Folders = foldersFor({ UPDRAFT_HOME: this.home })
  readonly work = join(this.home, 'work')
  readonly env: NodeJS.ProcessEnv
  readonly #children: ChildProcess[] = []
  readonly #links: Link[] = []

  /** `python`: base environment; without it no cell can run. */
  constructor(python?: string, settings: Record<string, unknown> = {}) {
    mkdirSync(this.work)
    mkdirSync(this.folders.config, { recursive: true })
    writeFileSync(
      join(this.folders.config, 'settings.json'),
      JSON.stringify({ 'ray.autoStart': false, 'kernel.spare': false, ...settings }),
    )
    const {
      UPDRAFT_PYTHON: _python,
      UPDRAFT_BASE_PYTHON: _base,
      PYTHONUNBUFFERED: _unbuffered,
      PYTHONDONTWRITEBYTECODE: _bytecode,
      ...rest
    } = process.env
    this.env = { ...rest, UPDRAFT_HOME: this.home, ...(python === undefined ? {} : { UPDRAFT_BASE_PYTHON: python }) }
  }

  /** Runs a program of engine/ to its end. */
  async run(
    program: 'main.ts' | 'cli.ts',
    args: readonly string[],
    cwd = this.work,
  ): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const { ended, stdout, stderr } = this.begin(program, args, cwd)
    return { code: await ended, stdout: stdout(), stderr: stderr() }
  }

  /** Starts a program of engine/ and leaves it running. */
  begin(program: 'main.ts' | 'cli.ts', args: readonly string[], cwd = this.work) {
    const child = spawn(process.execPath, [join(root, 'engine', program), ...args], {
      cwd,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    return { child, ended, stdout: gather(child.stdout), stderr: gather(child.stderr) }
  }

  /** Starts an engine and waits for its address. */
  async start(args: readonly string[] = ['--no-open']): Promise<EngineProcess> {
    const child = spawn(process.execPath, [join(root, 'engine', 'main.ts'), ...args], {
      cwd: this.work,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#children.push(child)
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)]
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    const url = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', () => {
        const found = /Updraft is at (\S+)\n/.exec(stdout())?.[1]
        if (found !== undefined) resolve(found)
      })
      void ended.then((code) => reject(new Error(`the engine ended with ${code}: ${stderr()}`)))
    })
    return { child, url, output: () => stdout() + stderr(), ended }
  }

  link(): Link {
    const link = connectEngine(() => findEngine(this.folders), 'test', 'test')
    this.#links.push(link)
    return link
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.close()
    for (const child of this.#children) child.kill('SIGKILL')
    const found = await findEngine(this.folders, 0).catch(() => undefined)
    if (found !== undefined) kill(found.pid)
    // Everything that was started here names this folder in its command line.
    for (const { pid } of processesNaming(this.home)) kill(pid)
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

function gather(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  return () => text
}

/** Processes whose command line holds `text`, this one left out. Nothing where there is no /proc. */
export function processesNaming(text: string): { readonly pid: number; readonly command: string }[] {
  try {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return []
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return command.includes(text) ? [{ pid: Number(name), command }] : []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}

/** The state of a feed once it fits; fails with what it was after `timeoutMs`. */
export async function stateWhen<N extends FeedName>(
  link: Link,
  name: N,
  key: FeedKey<N>,
  fits: (state: FeedState<N>) => boolean,
  timeoutMs = 60_000,
): Promise<FeedState<N>> {
  const watching = link.watch(name, key)
  try {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const { state, status, problem } = watching.view
        if (status === 'ended') reject(new Error(`${name} ended: ${problem?.message}`))
        if (state !== undefined && status === 'live' && fits(state)) resolve(state)
      }
      watching.view.listen(look)
      setTimeout(
        () => reject(new Error(`${name} did not come to fit: ${JSON.stringify(watching.view.state)}`)),
        timeoutMs,
      ).unref()
      look()
    })
  } finally {
    watching.close()
  }
}
