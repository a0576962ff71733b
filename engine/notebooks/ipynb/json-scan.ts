// A strict JSON scanner over bytes: says where each value begins and ends without making it. So a cell that nobody touched can be written
// back with its own bytes, and 100 MB of outputs are opened without being decoded. NaN and Infinity pass (Python writes them).
// Scans about 400 MB/s; strings are checked for escapes and control characters, UTF-8 is checked by the caller (`isUtf8` is native).

export class ScanError extends Error {
  /** Byte offset of what can't be right. */
  readonly offset: number
  constructor(message: string, offset: number) {
    super(message)
    this.name = 'ScanError'
    this.offset = offset
  }
}

/** A member of an object: its name and where name and value lie. */
export type Member = { readonly key: string; readonly from: number; readonly start: number; readonly end: number }
export type Range = { readonly start: number; readonly end: number }

/** Deeper than any plot; a hostile file must not end the engine with a full stack. */
const MAX_DEPTH = 2000

/** Below this a value is scanned again rather than remembered. */
const LONG_BYTES = 4096

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** 1 for bytes that stand for themselves inside a string. */
const PLAIN = new Uint8Array(256).fill(1, 0x20)
PLAIN[QUOTE] = 0
PLAIN[BACKSLASH] = 0

export class JsonScan {
  readonly bytes: Buffer
  /** Where NaN, Infinity and -Infinity stand: JSON.parse refuses them. */
  readonly nonFinite: Range[] = []
  /** Ends of long objects, lists and strings by where they begin: the second look at a part of a file costs nothing. */
  readonly #ends: Map<number, number>

  /** `before`: a scan of the same bytes that has already been there. */
  constructor(bytes: Buffer, before?: JsonScan) {
    this.bytes = bytes
    this.#ends = before === undefined ? new Map() : before.#ends
  }

  /** The end of the value that begins at `at` (no white space before it). */
  value(at: number, depth = 0): number {
    const c = this.bytes[at]
    if (c !== QUOTE && c !== OPEN_BRACE && c !== OPEN_BRACKET) return this.#scalar(at)
    const known = this.#ends.get(at)
    if (known !== undefined) return known
    if (depth > MAX_DEPTH) throw new ScanError(`Values are nested more than ${MAX_DEPTH} deep`, at)
    const end =
      c === QUOTE
        ? this.string(at)
        : c === OPEN_BRACE
          ? this.#members(at, depth, undefined)
          : this.#elements(at, depth, undefined)
    if (end - at > LONG_BYTES) this.#ends.set(at, end)
    return end
  }

  /** The members of the object at `at`, and its end. */
  object(at: number): { members: Member[]; end: number } {
    const members: Member[] = []
    const start = this.space(at)
    if (this.bytes[start] !== OPEN_BRACE) throw new ScanError('An object ({…}) is missing', start)
    return { members, end: this.#members(start, 0, members) }
  }

  array(at: number): { elements: Range[]; end: number } {
    const elements: Range[] = []
    if (this.bytes[at] !== OPEN_BRACKET) throw new ScanError('A list ([…]) is missing', at)
    return { elements, end: this.#elements(at, 0, elements) }
  }

  /** The next place that is not white space. */
  space(at: number): number {
    let i = at
    for (;;) {
      const c = this.bytes[i]
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return i
      i++
    }
  }

  string(at: number): number {
    const { bytes } = this
    const { length } = bytes
    let i = at + 1
    while (i < length) {
      const c = bytes[i] as number
      // One look at a table per byte: three comparisons take twice as long.
      if (PLAIN[c] === 1) i++
      else if (c === QUOTE) return i + 1
      else if (c === BACKSLASH) {
        const e = bytes[i + 1]
        // By far the most frequent escapes in outputs.
        i = e === 0x6e || e === QUOTE ? i + 2 : this.#escape(i)
      } else throw new ScanError(`A string holds a control character (0x${c.toString(16).padStart(2, '0')})`, i)
    }
    throw new ScanError('The file ends inside a string', length)
  }

  /** The text of a short string (a key, a source). */
  text(range: Range): string {
    return JSON.parse(this.bytes.toString('utf8', range.start, range.end)) as string
  }

  #escape(at: number): number {
    const c = this.bytes[at + 1]
    if (c === 0x75) {
      for (let i = at + 2; i < at + 6; i++) {
        const h = this.bytes[i] ?? 0
        if (!((h >= 0x30 && h <= 0x39) || (h >= 0x41 && h <= 0x46) || (h >= 0x61 && h <= 0x66)))
          throw this.#bad(i, 'a hexadecimal digit')
      }
      return at + 6
    }
    // " \ / b f n r t
    if (c === QUOTE || c === BACKSLASH || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74)
      return at + 2
    throw this.#bad(at + 1, 'a known escape (\\n, \\t, \\u…)')
  }

  #members(at: number, depth: number, out: Member[] | undefined): number {
    let i = this.space(at + 1)
    if (this.bytes[i] === CLOSE_BRACE) return i + 1
    for (;;) {
      if (this.bytes[i] !== QUOTE) throw this.#bad(i, 'a name in quotes')
      const keyEnd = this.string(i)
      const colon = this.space(keyEnd)
      if (this.bytes[colon] !== COLON) throw this.#bad(colon, 'a colon')
      const start = this.space(colon + 1)
      const end = this.value(start, depth + 1)
      out?.push({ key: this.text({ start: i, end: keyEnd }), from: i, start, end })
      i = this.space(end)
      if (this.bytes[i] === CLOSE_BRACE) return i + 1
      if (this.bytes[i] !== COMMA) throw this.#bad(i, 'a comma or }')
      i = this.space(i + 1)
    }
  }

  #elements(at: number, depth: number, out: Range[] | undefined): number {
    let i = this.space(at + 1)
    if (this.bytes[i] === CLOSE_BRACKET) return i + 1
    for (;;) {
      const end = this.value(i, depth + 1)
      out?.push({ start: i, end })
      i = this.space(end)
      if (this.bytes[i] === CLOSE_BRACKET) return i + 1
      if (this.bytes[i] !== COMMA) throw this.#bad(i, 'a comma or ]')
      i = this.space(i + 1)
    }
  }

  #scalar(at: number): number {
    const { bytes } = this
    let end = at
    // Letters, digits, + - . : everything a number or a literal is made of.
    for (let c = bytes[end]; c !== undefined && isWord(c); c = bytes[end]) end++
    const word = bytes.toString('latin1', at, Math.min(end, at + 400))
    if (word === 'true' || word === 'false' || word === 'null') return end
    if (word === 'NaN' || word === 'Infinity' || word === '-Infinity') {
      this.nonFinite.push({ start: at, end })
      return end
    }
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return end
    throw this.#bad(at, 'a value')
  }

  #bad(at: number, expected: string): ScanError {
    if (at >= this.bytes.length) return new ScanError(`The file ends where ${expected} is expected`, this.bytes.length)
    const c = this.bytes[at] as number
    const found = c > 0x20 && c < 0x7f ? `"${String.fromCharCode(c)}"` : `byte 0x${c.toString(16).padStart(2, '0')}`
    return new ScanError(`${found} stands where ${expected} is expected`, at)
  }
}

const isWord = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || c === 0x2b || c === 0x2d || c === 0x2e

/** The value of a range; NaN and Infinity, which JSON does not have, are shown as null (their bytes stay in the file). */
export function parseRange(bytes: Buffer, range: Range, nonFinite: readonly Range[]): unknown {
  let at = firstFrom(nonFinite, range.start)
  let text = ''
  let from = range.start
  for (let n = nonFinite[at]; n !== undefined && n.end <= range.end; n = nonFinite[++at]) {
    text += `${bytes.toString('utf8', from, n.start)}null`
    from = n.end
  }
  return JSON.parse(text + bytes.toString('utf8', from, range.end))
}

/** Index of the first range that begins at or behind `start` (they are in order). */
function firstFrom(ranges: readonly Range[], start: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle] as Range).start < start) low = middle + 1
    else high = middle
  }
  return low
}

/** Line and column (both from 1, columns in bytes) of an offset. */
export function lineAt(bytes: Buffer, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}
