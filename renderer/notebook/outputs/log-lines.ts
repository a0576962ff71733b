// Lines of a log as a window needs them: read in chunks, kept as long as they are near, read again when the log grew over them.
import type { EngineLink } from '../../link/engine-link.ts'
import { AnsiText, type Span } from '../../parts/ansi.ts'

const CHUNK = 250
const KEPT_CHUNKS = 40

type Chunk = { lines: readonly string[]; readonly spans: (readonly Span[] | undefined)[]; complete: boolean }

export class LogLines {
  readonly #link: EngineLink
  readonly #log: string
  readonly #chunks = new Map<number, Chunk>()
  readonly #asked = new Set<number>()
  readonly #changed: () => void
  #ended = false

  /** `changed`: lines arrived, draw again. */
  constructor(link: EngineLink, log: string, changed: () => void) {
    this.#link = link
    this.#log = log
    this.#changed = changed
  }

  stop(): void {
    this.#ended = true
  }

  /** A line with its styles, or undefined while it is on its way. `total`: how many lines there are now. */
  line(i: number, total: number): readonly Span[] | undefined {
    const at = Math.floor(i / CHUNK)
    const chunk = this.#chunks.get(at)
    if (chunk === undefined || (!chunk.complete && chunk.lines.length < Math.min(CHUNK, total - at * CHUNK))) this.#ask(at)
    const text = chunk?.lines[i - at * CHUNK]
    if (chunk === undefined || text === undefined) return undefined
    chunk.spans[i - at * CHUNK] ??= styled(text)
    return chunk.spans[i - at * CHUNK]
  }

  /** Everything, in order, as text: for copying and saving. `tell` hears how many lines are read. */
  async all(tell: (lines: number) => void, signal: AbortSignal): Promise<string[]> {
    const parts: string[] = []
    for (let from = 0; ; ) {
      const answer = await this.#link.call('logs.read', { log: this.#log, from, count: 5000 }, signal)
      if (answer.lines.length === 0) return parts
      parts.push(`${answer.lines.join('\n')}\n`)
      from = answer.from + answer.lines.length
      tell(from)
      if (from >= answer.total) return parts
    }
  }

  #ask(at: number): void {
    if (this.#asked.has(at) || this.#ended) return
    this.#asked.add(at)
    this.#link.call('logs.read', { log: this.#log, from: at * CHUNK, count: CHUNK }).then(
      (answer) => {
        this.#asked.delete(at)
        const old = this.#chunks.get(at)
        this.#chunks.delete(at)
        const same = old !== undefined && old.lines.every((l, i) => l === answer.lines[i])
        this.#chunks.set(at, { lines: answer.lines, spans: same ? old.spans : [], complete: answer.lines.length >= CHUNK })
        for (const key of this.#chunks.keys()) {
          if (this.#chunks.size <= KEPT_CHUNKS) break
          this.#chunks.delete(key)
        }
        if (!this.#ended) this.#changed()
      },
      // The engine is away: the next scroll or growth asks again.
      () => this.#asked.delete(at),
    )
  }
}

function styled(raw: string): readonly Span[] {
  const ansi = new AnsiText()
  ansi.write(raw)
  // A raw line has no line feed of its own; a cursor move may still have made none or several.
  return ansi.lines().flat()
}
