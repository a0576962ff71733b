// Runs a short program to its end: bounded output, a deadline, and nobody left behind (its whole process group is killed when time is up).
import { spawn } from 'node:child_process'

export type Ended = {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}
export type RunOptions = {
  readonly timeoutMs: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly signal?: AbortSignal
}

const KEPT_BYTES = 64 << 10

/** Never throws for what the program does; throws when it can't be started (ENOENT, EACCES) or when `signal` aborts. */
export function runToEnd(argv: readonly [string, ...string[]], options: RunOptions): Promise<Ended> {
  const { timeoutMs, env, cwd, signal } = options
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { env, cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let timedOut = false
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {}
    }
    const timer = setTimeout(() => {
      timedOut = true
      kill()
      // A grandchild in a session of its own may hold the pipes open: what it would still say is not waited for.
      child.stdout.destroy()
      child.stderr.destroy()
    }, timeoutMs)
    const abort = (): void => {
      kill()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
    const out = keep(child.stdout)
    const err = keep(child.stderr)
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    child.once('error', (error) => {
      settle()
      reject(error)
    })
    child.once('close', (code, endedBy) => {
      settle()
      resolve({ code, signal: endedBy, stdout: out(), stderr: err(), timedOut })
    })
  })
}

/** The last bytes of a stream: the end of a failure says more than its begin. */
function keep(stream: NodeJS.ReadableStream): () => string {
  let kept = Buffer.alloc(0)
  stream.on('data', (bytes: Buffer) => {
    kept = Buffer.concat([kept, bytes])
    if (kept.length > KEPT_BYTES) kept = kept.subarray(kept.length - KEPT_BYTES)
  })
  return () => kept.toString()
}
