// This workstation as a place to run code: its outpost is started by `python -I -S kernels/outpost up BASE` (detached, so that kernels outlive
// the engine) and reached over its unix socket. Whatever dies is brought up again by the next dial; what runs there goes on meanwhile.
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, readFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type { ByteHandlers, ByteStream } from '../../../kernels/index.ts'
import { problem } from '../../contract/problem.ts'
import { runToEnd } from '../../support/run-to-end.ts'
import { connectSocket } from '../../support/socket-stream.ts'
import type { Leases } from '../leases.ts'
import type { Target } from '../target.ts'

export type LocalTargetOptions = {
  /** Short, local, this user's: sockets lie below it. `Folders.runtime`; UPDRAFT_RUNTIME in `env` goes before it. */
  readonly runtimeFolder: string
  /** The outpost program: the folder `kernels/outpost` or the zipapp. */
  readonly program: string
  /** Any Python ≥ 3.9; asked when the outpost must be started. */
  readonly python: () => Promise<string>
  readonly leases: Leases
  /** What the outpost and, through it, kernels inherit. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly nowMs: () => number
}

/** The outpost refuses a longer one: with the run's folder and the socket's name it would not fit the 108 bytes of a unix socket address. */
const BASE_LIMIT_BYTES = 80
const UP_MS = 20_000

export class LocalTarget implements Target {
  readonly id = 'local'
  readonly title = 'This computer'
  readonly leases: Leases
  readonly base: string
  readonly #options: LocalTargetOptions
  readonly #runtime: string

  constructor(options: LocalTargetOptions) {
    this.#options = options
    this.leases = options.leases
    const asked = options.env['UPDRAFT_RUNTIME'] ?? ''
    this.#runtime = isAbsolute(asked) ? asked : options.runtimeFolder
    this.base = outpostBase(this.#runtime)
  }

  readonly dial = async (handlers: ByteHandlers, signal: AbortSignal): Promise<ByteStream> => {
    const socket = join(this.base, 'sock')
    try {
      return await connectSocket(socket, handlers, signal)
    } catch (error) {
      if (!isAbsent(error)) throw error
    }
    await ownFolder(this.#runtime)
    if (this.base !== join(this.#runtime, 'outpost')) await ownFolder(join(this.base, '..'))
    if ((await this.leases.get('outpost')) === undefined) {
      await this.leases.record({ id: 'outpost', kind: 'outpost', sinceMs: this.#options.nowMs(), detail: { base: this.base } })
    }
    await this.#up(signal)
    return await connectSocket(socket, handlers, signal)
  }

  async #up(signal: AbortSignal): Promise<void> {
    const python = await this.#options.python()
    const env = { ...this.#options.env }
    // Both change what user code prints or leaves behind; nobody asked for them on behalf of a kernel.
    delete env['PYTHONUNBUFFERED']
    delete env['PYTHONDONTWRITEBYTECODE']
    const argv = [python, '-I', '-S', this.#options.program, 'up', this.base] as const
    const ended = await runToEnd(argv, { timeoutMs: UP_MS, env, signal }).catch((error: unknown) => {
      throw problem('missing', `The Python that runs kernels can't be started: ${python}`, {
        hint: 'Nothing is lost. Run `./updraft.mjs doctor` to see which Python is used, or choose another one.',
        where: 'kernel',
        detail: String(error),
      })
    })
    if (ended.code === 0) return
    const said = [ended.stderr.trim(), (await lastLines(join(this.base, 'outpost.log'))).trim()]
      .filter((text) => text !== '')
      .join('\n')
    throw problem(
      'unreachable',
      `The outpost, which keeps kernels alive, did not come up${ended.timedOut ? ` within ${UP_MS / 1000} s` : ''}.`,
      {
        hint: remedy(said, this.base),
        where: 'kernel',
        detail: said.slice(-4000),
      },
    )
  }
}

/** `RUNTIME/outpost`, or a short name under the temp folder where that would be too long for a socket. */
export function outpostBase(runtimeFolder: string): string {
  const base = join(runtimeFolder, 'outpost')
  if (Buffer.byteLength(base) <= BASE_LIMIT_BYTES) return base
  return join(tmpdir(), `updraft-${userInfo().uid}`, createHash('sha256').update(runtimeFolder).digest('hex').slice(0, 12))
}

function remedy(said: string, base: string): string {
  if (/No space left|ENOSPC/i.test(said)) return `The disk of ${base} is full: free some space, then try again.`
  if (/Permission denied|Operation not permitted|must be/i.test(said))
    return `The folder ${base} must be yours alone (mode 0700): move it away, then try again.`
  return 'Notebooks are safe. It is tried again by itself; `./updraft.mjs doctor` says more.'
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED')

/** The folder may lie in a shared /tmp: one that is somebody else's, or a link, is refused rather than used. */
async function ownFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  const found = await lstat(path)
  if (!found.isDirectory() || found.uid !== userInfo().uid) {
    throw problem('denied', `${path} belongs to somebody else.`, {
      hint: 'Nothing was started. Set UPDRAFT_RUNTIME to a folder of your own.',
      where: 'kernel',
    })
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700)
}

async function lastLines(file: string): Promise<string> {
  return (await readFile(file, 'utf8').catch(() => '')).slice(-2000)
}
