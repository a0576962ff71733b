// Lines of a log for a view that shows a window of them: pages of 500 lines, asked when seen, a few kept. The feed says how long the log is;
// nothing here grows with it. Pure but for the call it is given.
import type { EngineLink } from '../link/engine-link.ts'

const PAGE = 500
const KEPT = 24

export class LogLines {
  readonly #link: EngineLink
  readonly #log: string
  readonly #pages = new Map<number, readonly string[]>()
  readonly #asked = new Map<number, number>()
  readonly #listeners = new Set<() => void>()
  #problem: unknown
  version = 0

  constructor(link: EngineLink, log: string) {
    this.#link = link
    this.#log = log
  }
  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  readonly snapshot = (): number => this.version
  get problem(): unknown {
    return this.#problem
  }

  /** A line, or undefined while it is on its way. */
  line(index: number): string | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE]
  }

  /** Asks for what is missing of a range; `total` is the log's length now. The last page is asked again when the log has grown. */
  want(first: number, last: number, total: number): void {
    for (let page = Math.floor(Math.max(0, first) / PAGE); page <= Math.floor(Math.max(0, last) / PAGE); page++) {
      const full = Math.min(PAGE, total - page * PAGE)
      if (full <= 0 || (this.#pages.get(page)?.length ?? 0) >= full || (this.#asked.get(page) ?? 0) >= full) continue
      this.#asked.set(page, full)
      this.#link.call('logs.read', { log: this.#log, from: page * PAGE, count: PAGE }).then(
        (answer) => {
          this.#asked.delete(page)
          this.#pages.delete(page)
          this.#pages.set(page, answer.lines)
          for (const old of [...this.#pages.keys()].slice(0, Math.max(0, this.#pages.size - KEPT))) this.#pages.delete(old)
          this.#tell()
        },
        (error) => {
          this.#asked.delete(page)
          this.#problem = error
          this.#tell()
        },
      )
    }
  }

  #tell(): void {
    this.version++
    for (const listener of this.#listeners) listener()
  }
}

export type LogLine = {
  readonly time: string
  readonly level: 'E' | 'W' | 'I' | 'D' | ''
  readonly text: string
  readonly source: string
}

/** A raw line in columns: the engine's JSON lines, Ray's and Python's usual forms, or just text. */
export function readLine(raw: string): LogLine {
  if (raw.startsWith('{')) {
    try {
      const o = JSON.parse(raw) as Record<string, unknown>
      const { time, at, level, message, text, msg, what, ...rest } = o
      const when = time ?? at ?? rest['ts'] ?? rest['t']
      delete rest['ts']
      const more = Object.entries(rest).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`)
      return {
        time: clockOf(when),
        level: levelOf(String(level ?? '')),
        source: '',
        text: [message ?? text ?? msg ?? what ?? '', ...more].filter(Boolean).join('  '),
      }
    } catch {
      // Not JSON after all: it is shown as it is.
    }
  }
  const clean = plain(raw)
  const ray = /^(?:\[)?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d(?:[.,]\d+)?)(?:[\s\]]+)([A-Z]+)?\s*(.*)$/.exec(clean)
  if (ray !== null)
    return { time: (ray[2] ?? '').replace(',', '.').slice(0, 12), level: levelOf(ray[3] ?? ''), source: '', text: ray[4] ?? '' }
  return {
    time: '',
    level: levelOf(
      /\b(ERROR|CRITICAL|FATAL|WARNING|WARN)\b/.exec(clean)?.[1] ?? (/^Traceback|\bError:/.test(clean) ? 'ERROR' : ''),
    ),
    source: '',
    text: clean,
  }
}

// escape sequences are what is removed.
const plain = (text: string): string =>
  text
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')

function clockOf(when: unknown): string {
  const date = typeof when === 'number' ? new Date(when) : typeof when === 'string' ? new Date(when) : undefined
  if (date === undefined || Number.isNaN(date.getTime())) return typeof when === 'string' ? when.slice(0, 12) : ''
  return `${date.toTimeString().slice(0, 8)}.${String(date.getMilliseconds()).padStart(3, '0')}`
}
const levelOf = (word: string): LogLine['level'] =>
  /^(err|crit|fatal)/i.test(word) ? 'E' : /^warn/i.test(word) ? 'W' : /^debug/i.test(word) ? 'D' : word === '' ? '' : 'I'
