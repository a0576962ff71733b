// Text as a terminal would show it, piece by piece: `\r`, `\b`, cursor moves and erasing rewrite the last rows, so that ten thousand updates of
// a progress bar are one line. Any cutting of the input gives the same text. What rewrites nothing passes at the speed of a string.
// The screen is the last ROWS rows: what has left it is final. Every character is one column wide (bars are rewritten whole, so that is enough).
import { toText } from './bytes.ts'
import { PLAIN, type Style, sgrOf, withSgr } from './sgr.ts'
import { TextRow } from './text-row.ts'

/** Rows that cursor-up can reach, and characters of a row before it is continued in the next. */
const ROWS = 100
const COLUMNS = 8192
/** An escape sequence that is longer is none. Titles and links (OSC) may be longer than moves (CSI). */
const CSI_LIMIT = 64
const STRING_LIMIT = 4096
const CONTROL = /[\n\r\b\x07\x1b]/g
const SURROGATE = /[\ud800-\udfff]/
const NOT_PLAIN = /[\r\b\x07\x1b\ud800-\udfff]/

/** What was shown ends with `drop` UTF-16 units that are gone, then comes `append`. */
export type TextChange = { readonly drop: number; readonly append: string }

export class TextFold {
  #done = ''
  #rows: TextRow[] = [new TextRow()]
  #row = 0
  #column = 0
  #style: Style = PLAIN
  #sgr = ''
  /** The begin of an escape sequence, or one half of a surrogate pair, whose rest has not come. */
  #pending = ''
  #pendingBytes: Uint8Array = new Uint8Array(0)
  /** What `takeChange` has told: final units, and the text of the screen. */
  #toldDone = 0
  #toldScreen = ''

  /** The next piece: text, or bytes of UTF-8 cut anywhere. */
  push(piece: string | Uint8Array): void {
    let text = typeof piece === 'string' ? piece : this.#decode(piece)
    if (this.#pending !== '') {
      text = this.#pending + text
      this.#pending = ''
    }
    if (this.#sgr === '' && this.#row === this.#rows.length - 1 && !NOT_PLAIN.test(text)) this.#flow(text)
    else this.#interpret(text)
  }

  /** The whole text as it is shown now. */
  get text(): string {
    return this.#done + this.#screen()
  }

  /** What changed since the last call. */
  takeChange(): TextChange {
    const before = this.#toldScreen
    const screen = this.#screen()
    const now = this.#done.slice(this.#toldDone) + screen
    this.#toldDone = this.#done.length
    this.#toldScreen = screen
    if (now.startsWith(before)) return { drop: 0, append: now.slice(before.length) }
    let same = 0
    while (same < now.length && now.charCodeAt(same) === before.charCodeAt(same)) same++
    return { drop: before.length - same, append: now.slice(same) }
  }

  #screen(): string {
    return this.#rows.map((row, i) => row.render() + (row.wrapped || i === this.#rows.length - 1 ? '' : '\n')).join('')
  }

  /** Bytes to text; a sequence that is cut waits for its rest. */
  #decode(bytes: Uint8Array): string {
    let all = bytes
    if (this.#pendingBytes.length > 0) {
      all = new Uint8Array(this.#pendingBytes.length + bytes.length)
      all.set(this.#pendingBytes)
      all.set(bytes, this.#pendingBytes.length)
    }
    const cut = all.length - unfinished(all)
    this.#pendingBytes = all.slice(cut)
    return toText(all.subarray(0, cut))
  }

  /** Plain text at the end of the screen. Of a flood only the last rows are laid out: the rest can't be reached any more. */
  #flow(text: string): void {
    let from = text.length
    for (let lines = 0; lines <= ROWS && from > 0; lines++) from = text.lastIndexOf('\n', from - 1)
    const atEnd = this.#column === this.#last().columns
    if (from > 0 && atEnd) {
      // Everything up to this line feed leaves the screen; rows that are too long break without a character, so the text is the same.
      this.#done += this.#screen() + text.slice(0, from + 1)
      this.#rows = [new TextRow()]
      this.#row = 0
      this.#column = 0
      this.#interpret(text.slice(from + 1))
    } else this.#interpret(text)
  }

  #interpret(text: string): void {
    let at = 0
    while (at < text.length) {
      CONTROL.lastIndex = at
      const control = CONTROL.exec(text)?.index ?? text.length
      if (control > at) {
        const end = control === text.length && /[\ud800-\udbff]/.test(text[control - 1] ?? '') ? control - 1 : control
        this.#print(text.slice(at, end))
        if (end < control) this.#pending = text.slice(end)
      }
      at = control
      if (at === text.length) return
      const char = text[at]
      if (char === '\x1b') {
        const next = this.#escape(text, at)
        if (next === undefined) {
          this.#pending = text.slice(at)
          return
        }
        at = next
        continue
      }
      if (char === '\n') this.#lineFeed()
      else if (char === '\r') this.#column = 0
      else if (char === '\b') this.#column = Math.max(0, this.#column - 1)
      at++
    }
  }

  #print(text: string): void {
    const plain = this.#sgr === '' && !SURROGATE.test(text)
    const chars = plain ? undefined : Array.from(text)
    const length = chars?.length ?? text.length
    for (let from = 0; from < length; ) {
      if (this.#column >= COLUMNS) this.#wrap()
      const count = Math.min(length - from, COLUMNS - this.#column)
      const row = this.#present()
      const whole = plain && row.writePlain(this.#column, text.slice(from, from + count))
      if (!whole)
        row.write(
          this.#column,
          chars === undefined ? Array.from(text.slice(from, from + count)) : chars.slice(from, from + count),
          this.#sgr,
        )
      this.#column += count
      from += count
    }
  }

  #wrap(): void {
    this.#present().wrapped = true
    this.#lineFeed()
  }

  #lineFeed(): void {
    this.#row++
    this.#column = 0
    if (this.#row < this.#rows.length) return
    this.#rows.push(new TextRow())
    if (this.#rows.length <= ROWS) return
    const gone = this.#rows.shift()
    if (gone !== undefined) this.#done += gone.render() + (gone.wrapped ? '' : '\n')
    this.#row--
  }

  /** Carries out the sequence at `at`; answers where the text goes on, or undefined while its end has not come. */
  #escape(text: string, at: number): number | undefined {
    const kind = text[at + 1]
    if (kind === undefined) return undefined
    if (kind === '[') return this.#csi(text, at)
    // Titles, links, device strings: nothing of them is shown. They end with BEL or ESC \; one that does not end soon is none.
    if (kind === ']' || kind === 'P' || kind === '_' || kind === '^' || kind === 'X') {
      const end = stringEnd(text, at + 2)
      return end === 'open' ? undefined : end === 'none' ? at + 2 : end
    }
    // Character sets: two characters. Anything else is one.
    if ('()*+#%'.includes(kind)) return at + 2 < text.length ? at + 3 : undefined
    return at + 2
  }

  #csi(text: string, at: number): number | undefined {
    let end = at + 2
    for (; end < text.length && end - at < CSI_LIMIT; end++) {
      const code = text.charCodeAt(end)
      if (code >= 0x40 && code <= 0x7e) {
        this.#move(text[end] ?? '', text.slice(at + 2, end))
        return end + 1
      }
      // Not a character of a sequence: it was none, and the text goes on with that character.
      if (code < 0x20 || code > 0x3f) return end
    }
    return end - at >= CSI_LIMIT ? end : undefined
  }

  #move(what: string, parameters: string): void {
    const first = Number.parseInt(parameters, 10)
    const count = Math.max(1, Number.isNaN(first) ? 1 : first)
    const mode = Number.isNaN(first) ? 0 : first
    if (what === 'm') {
      if (!/^[0-9;:]*$/.test(parameters)) return
      this.#style = withSgr(this.#style, parameters)
      this.#sgr = sgrOf(this.#style)
    } else if (what === 'A' || what === 'F') this.#row = Math.max(0, this.#row - count)
    else if (what === 'B' || what === 'E') this.#row = Math.min(this.#rows.length - 1, this.#row + count)
    else if (what === 'C') this.#column = Math.min(COLUMNS - 1, this.#column + count)
    else if (what === 'D') this.#column = Math.max(0, this.#column - count)
    else if (what === 'G') this.#column = Math.min(COLUMNS, count) - 1
    else if (what === 'K') this.#eraseLine(mode)
    else if (what === 'J') this.#eraseScreen(mode)
    if (what === 'E' || what === 'F') this.#column = 0
  }

  #eraseLine(mode: number): void {
    const row = this.#present()
    if (mode === 0) row.eraseFrom(this.#column)
    else if (mode === 1) row.eraseUpTo(this.#column)
    else if (mode === 2) row.eraseFrom(0)
  }

  #eraseScreen(mode: number): void {
    if (mode === 0) {
      this.#present().eraseFrom(this.#column)
      this.#rows.length = this.#row + 1
      this.#present().wrapped = false
    } else if (mode === 2 || mode === 3) {
      this.#rows = [new TextRow()]
      this.#row = 0
      this.#column = 0
    }
  }

  #present(): TextRow {
    return this.#rows[this.#row] as TextRow
  }
  #last(): TextRow {
    return this.#rows[this.#rows.length - 1] as TextRow
  }
}

/** How many bytes at the end are a UTF-8 sequence that is not whole yet. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0
  }
  return 0
}

function stringEnd(text: string, from: number): number | 'open' | 'none' {
  for (let at = from; at < text.length; at++) {
    if (at - from > STRING_LIMIT || text[at] === '\n') return 'none'
    if (text[at] === '\x07') return at + 1
    if (text[at] !== '\x1b') continue
    if (at + 1 === text.length) return 'open'
    return text[at + 1] === '\\' ? at + 2 : 'none'
  }
  return text.length - from > STRING_LIMIT ? 'none' : 'open'
}
