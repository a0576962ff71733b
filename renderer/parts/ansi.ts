// Terminal text as styled lines: colours (16, 256, 24 bit), bold and the like, `\r` `\b` and cursor moves folded as a terminal would, OSC 8
// links. Fed in pieces; a sequence may be cut anywhere. Everything else a terminal understands is swallowed and does nothing: no title,
// no clipboard, no answer-back, no alternate screen. Pure.

export type Style = {
  readonly fg?: string
  readonly bg?: string
  readonly bold?: true
  readonly dim?: true
  readonly italic?: true
  readonly underline?: true
  readonly strike?: true
  readonly inverse?: true
  readonly link?: string
}
export type Span = { readonly text: string; readonly style: Style }
type Line = { text: string; spans: { end: number; style: Style }[]; cache?: readonly Span[] }

const PLAIN: Style = {}
/** A sequence longer than this is not one: it is dropped, so that an open OSC can't swallow the rest of the output. */
const SEQUENCE_LIMIT = 4096
/** How far up a cursor may go to redraw (tqdm with many bars); more is not a progress display. */
const CURSOR_UP_LIMIT = 200

export class AnsiText {
  readonly #lines: Line[] = [{ text: '', spans: [] }]
  #row = 0
  #column = 0
  #style: Style = PLAIN
  #rest = ''

  /** Appends text as it was printed. */
  write(text: string): void {
    const all = this.#rest + text
    this.#rest = ''
    let at = 0
    while (at < all.length) {
      const next = nextControl(all, at)
      if (next > at) this.#put(all.slice(at, next))
      if (next >= all.length) return
      const used = this.#control(all, next)
      if (used === 0) {
        this.#rest = all.length - next > SEQUENCE_LIMIT ? '' : all.slice(next)
        return
      }
      at = next + used
    }
  }

  get lineCount(): number {
    return this.#lines.length
  }
  line(i: number): readonly Span[] {
    const line = this.#lines[i]
    if (line === undefined) return []
    if (line.cache === undefined) {
      let from = 0
      line.cache = line.spans.map(({ end, style }) => {
        const span = { text: line.text.slice(from, end), style }
        from = end
        return span
      })
    }
    return line.cache
  }
  lines(): (readonly Span[])[] {
    return this.#lines.map((_, i) => this.line(i))
  }

  /** Handles the control at `at`; returns how many characters it took, 0 when the rest of it has not come yet. */
  #control(all: string, at: number): number {
    const c = all.charCodeAt(at)
    if (c === 10) {
      this.#row++
      this.#column = 0
      if (this.#row === this.#lines.length) this.#lines.push({ text: '', spans: [] })
    } else if (c === 13) {
      this.#column = 0
    } else if (c === 8) {
      this.#column = Math.max(0, this.#column - 1)
    } else if (c === 9) {
      this.#put('\t')
    } else if (c === 27) return this.#escape(all, at)
    else if (c === 0x9b) return this.#csi(all, at, 1)
    return 1
  }

  #escape(all: string, at: number): number {
    const kind = all[at + 1]
    if (kind === undefined) return 0
    if (kind === '[') return this.#csi(all, at, 2)
    if (kind === ']' || kind === 'P' || kind === '^' || kind === '_' || kind === 'X') {
      const end = stringEnd(all, at + 2)
      if (end === undefined) return all.length - at > SEQUENCE_LIMIT ? 2 : 0
      if (kind === ']') this.#osc(all.slice(at + 2, end.from))
      return end.to - at
    }
    // Two- and three-letter escapes (charset, keypad, save cursor): nothing to show.
    return /[ -/]/.test(kind) ? (all[at + 2] === undefined ? 0 : 3) : 2
  }

  #osc(body: string): void {
    const link = /^8;[^;]*;(.*)$/s.exec(body)
    if (link === null) return
    const { link: _old, ...rest } = this.#style
    this.#style = link[1] ? { ...rest, link: link[1] } : rest
  }

  #csi(all: string, at: number, head: number): number {
    CSI.lastIndex = at + head
    const m = CSI.exec(all)
    if (m === null) {
      // Not complete yet, or broken: broken ones lose their introducer only, so that text stays visible.
      CSI_OPEN.lastIndex = at + head
      return CSI_OPEN.test(all) && all.length - at < 64 ? 0 : head
    }
    const [whole, params = '', final = ''] = m
    if (!/^[<=>?]/.test(params)) this.#apply(final, params)
    return head + whole.length
  }

  #apply(final: string, params: string): void {
    const n = Math.max(1, Number.parseInt(params, 10) || 1)
    if (final === 'm') this.#style = sgr(this.#style, params)
    else if (final === 'A' || final === 'F') {
      this.#row = Math.max(0, this.#lines.length - CURSOR_UP_LIMIT, this.#row - n)
      if (final === 'F') this.#column = 0
    } else if (final === 'B' || final === 'E') {
      this.#row = Math.min(this.#lines.length - 1, this.#row + n)
      if (final === 'E') this.#column = 0
    } else if (final === 'C') this.#column = Math.min(this.#column + n, 1000)
    else if (final === 'D') this.#column = Math.max(0, this.#column - n)
    else if (final === 'G') this.#column = Math.min(n - 1, 1000)
    else if (final === 'K') this.#erase(Number.parseInt(params, 10) || 0)
  }

  #erase(how: number): void {
    const line = this.#lines[this.#row]
    if (line === undefined) return
    if (how === 0) cut(line, this.#column)
    else if (how === 2) cut(line, 0)
    else if (how === 1) {
      const column = this.#column
      this.#column = 0
      this.#put(' '.repeat(Math.min(column + 1, line.text.length)))
      this.#column = column
    }
  }

  #put(text: string): void {
    const line = this.#lines[this.#row]
    if (line === undefined) return
    delete line.cache
    if (this.#column > line.text.length) append(line, ' '.repeat(this.#column - line.text.length), PLAIN)
    if (this.#column === line.text.length) append(line, text, this.#style)
    else overwrite(line, this.#column, text, this.#style)
    this.#column += text.length
  }
}

const CSI = /([<-?]?[0-9:;<=>?]*)[ -/]*([@-~])/y
const CSI_OPEN = /[0-9:;<=>?]*[ -/]*$/y
const CONTROL = /[\x00-\x1f\x7f\x80-\x9f]/g
function nextControl(text: string, from: number): number {
  CONTROL.lastIndex = from
  return CONTROL.exec(text)?.index ?? text.length
}

/** The end of an OSC or DCS: BEL or ST. A line feed ends it too: an unterminated one must not eat the lines below. */
function stringEnd(text: string, from: number): { from: number; to: number } | undefined {
  for (let i = from; i < text.length && i - from < SEQUENCE_LIMIT; i++) {
    const c = text.charCodeAt(i)
    if (c === 7 || c === 0x9c) return { from: i, to: i + 1 }
    if (c === 10) return { from: i, to: i }
    if (c === 27) return text[i + 1] === undefined ? undefined : { from: i, to: text[i + 1] === '\\' ? i + 2 : i }
  }
  return undefined
}

function append(line: Line, text: string, style: Style): void {
  line.text += text
  const last = line.spans[line.spans.length - 1]
  if (last !== undefined && last.style === style) last.end = line.text.length
  else line.spans.push({ end: line.text.length, style })
}
function cut(line: Line, at: number): void {
  delete line.cache
  if (at >= line.text.length) return
  line.text = line.text.slice(0, at)
  line.spans = line.spans.filter((s, i) => i === 0 || (line.spans[i - 1]?.end ?? 0) < at)
  const last = line.spans[line.spans.length - 1]
  if (last !== undefined) last.end = at
  if (at === 0) line.spans = []
}
function overwrite(line: Line, at: number, text: string, style: Style): void {
  const before = line.spans
  const old = line.text
  const end = at + text.length
  const fresh: Line = { text: '', spans: [] }
  let from = 0
  const copy = (to: number): void => {
    for (const s of before) {
      const stop = Math.min(s.end, to)
      if (stop > from) {
        append(fresh, old.slice(from, stop), s.style)
        from = stop
      }
    }
  }
  copy(at)
  append(fresh, text, style)
  from = end
  copy(old.length)
  line.text = fresh.text
  line.spans = fresh.spans
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const

/** Colours 0–15 are theme variables (`--ansi-red`), the rest are exact. */
function indexed(n: number): string | undefined {
  if (!(n >= 0 && n <= 255)) return undefined
  if (n < 16) return `var(--ansi-${n > 7 ? 'bright-' : ''}${NAMES[n % 8]})`
  if (n > 231) return `rgb(${[0, 0, 0].map(() => 8 + (n - 232) * 10).join(' ')})`
  const level = (v: number): number => (v === 0 ? 0 : 55 + v * 40)
  const i = n - 16
  return `rgb(${level(Math.floor(i / 36))} ${level(Math.floor(i / 6) % 6)} ${level(i % 6)})`
}

type Mutable = { -readonly [K in keyof Style]: Style[K] }

function sgr(from: Style, params: string): Style {
  const s: Mutable = { ...from }
  const list = params.split(/[;:]/).map((p) => (p === '' ? 0 : Number.parseInt(p, 10)))
  for (let i = 0; i < list.length; i++) {
    const p = list[i] ?? 0
    if (p === 0) for (const key of Object.keys(s) as (keyof Style)[]) key !== 'link' && delete s[key]
    else if (p === 1) s.bold = true
    else if (p === 2) s.dim = true
    else if (p === 3) s.italic = true
    else if (p === 4 || p === 21) s.underline = true
    else if (p === 7) s.inverse = true
    else if (p === 9) s.strike = true
    else if (p === 22) {
      delete s.bold
      delete s.dim
    } else if (p === 23) delete s.italic
    else if (p === 24) delete s.underline
    else if (p === 27) delete s.inverse
    else if (p === 29) delete s.strike
    else if (p === 39) delete s.fg
    else if (p === 49) delete s.bg
    else if (p === 38 || p === 48) {
      const exact = list[i + 1] === 2
      const colour = exact ? rgb(list.slice(i + 2, i + 5)) : list[i + 1] === 5 ? indexed(list[i + 2] ?? -1) : undefined
      if (colour !== undefined) s[p === 38 ? 'fg' : 'bg'] = colour
      i += exact ? 4 : 2
    } else {
      const base = p >= 30 && p <= 37 ? p - 30 : p >= 90 && p <= 97 ? p - 82 : undefined
      const back = p >= 40 && p <= 47 ? p - 40 : p >= 100 && p <= 107 ? p - 92 : undefined
      if (base !== undefined) s.fg = indexed(base) as string
      if (back !== undefined) s.bg = indexed(back) as string
    }
  }
  return Object.keys(s).length === 0 ? PLAIN : s
}
const rgb = (v: readonly number[]): string | undefined =>
  v.length === 3 && v.every((n) => n >= 0 && n <= 255) ? `rgb(${v.join(' ')})` : undefined

/** Text without any control: for search, copying, screen readers. */
export function plainText(text: string): string {
  const ansi = new AnsiText()
  ansi.write(text)
  return ansi
    .lines()
    .map((spans) => spans.map((s) => s.text).join(''))
    .join('\n')
}
