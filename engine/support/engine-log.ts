// The engine's own log: one JSON object per line in the state folder, secrets taken out, two files of at most 8 MB. Written in the
// background; the last lines before an exit go out synchronously. Errors of the log itself never disturb the engine.
import { appendFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { redact } from './redact.ts'

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'
export type EngineLog = {
  write(level: LogLevel, what: string, more?: Readonly<Record<string, unknown>>): void
  /** An error that nobody expected, with its stack. */
  error(error: unknown, what?: string): void
  /** Puts everything on disk now. */
  flush(): void
  readonly file: string
}

const LIMIT_BYTES = 8 << 20
const FLUSH_MS = 200

export function engineLog(folder: string, echo?: (line: string) => void): EngineLog {
  const file = join(folder, 'engine.log')
  let lines: string[] = []
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (lines.length === 0) return
    const text = lines.join('')
    lines = []
    try {
      if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LIMIT_BYTES) renameSync(file, `${file}.1`)
      appendFileSync(file, text, { mode: 0o600 })
    } catch {
      // A full disk must not take the engine with it; the lines are lost, the next ones may fit again.
    }
  }
  const write: EngineLog['write'] = (level, what, more) => {
    const line = redact(
      JSON.stringify({ at: new Date().toISOString(), level, what, ...more }, (_key, value: unknown) =>
        typeof value === 'bigint' ? String(value) : value,
      ),
    )
    echo?.(line)
    lines.push(`${line}\n`)
    timer ??= setTimeout(flush, FLUSH_MS).unref()
  }
  return {
    file,
    write,
    flush,
    error: (error, what = 'unexpected error') =>
      write('error', what, {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
        ...(error instanceof Error && error.cause !== undefined ? { cause: String(error.cause) } : {}),
      }),
  }
}
