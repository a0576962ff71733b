// Long text inside a JSON file (a string, or nbformat's list of lines): measured without decoding it, and decoded to UTF-8 bytes when a
// window reads it. One pass over the bytes each; no string of the whole is ever made (V8 ends at 512 MB).
import type { Range } from './json-scan.ts'

/** UTF-8 size, number of lines, and the first and last of them: whole lines where they are not too long. */
export type TextMeasure = { readonly bytes: number; readonly lines: number; readonly head: string; readonly tail: string }

/** At each end as many bytes of the JSON are decoded, which gives at least a sixth of it as text. */
const END_BYTES = 24_576
export const END_LINES = 40
export const END_CHARACTERS = 8192

/** Measures the text that the JSON string or list of strings in `range` stands for. The JSON must be valid (scanned before). */
export function measureText(json: Buffer, range: Range): TextMeasure {
  let bytes = 0
  let feeds = 0
  let last = 0
  // Places inside a string and between two characters, near both ends: from there the ends are decoded.
  let headEnd = -1
  let tailStart = -1
  const headFrom = range.start + END_BYTES
  const tailFrom = range.end - END_BYTES
  let i = json.indexOf(0x22, range.start) + 1
  while (i > 0 && i < range.end) {
    const from = i
    let c = json[i] as number
    while (c !== 0x22 && c !== 0x5c) c = json[++i] as number
    bytes += i - from
    if (i > from) last = 0
    if (headEnd === -1 && i >= headFrom) headEnd = boundary(json, Math.max(from, headFrom))
    if (tailStart === -1 && i >= tailFrom) tailStart = boundary(json, Math.max(from, tailFrom))
    if (c === 0x22) i = json[i + 1] === 0x5d || i + 1 >= range.end ? range.end : json.indexOf(0x22, i + 1) + 1
    else if (json[i + 1] === 0x75) {
      bytes += utf8Length(unitAt(json, i))
      last = 0
      i += 6
    } else {
      bytes++
      last = json[i + 1] === 0x6e ? 0x0a : 0
      if (last === 0x0a) feeds++
      i += 2
    }
  }
  const lines = feeds + (bytes > 0 && last !== 0x0a ? 1 : 0)
  if (headEnd === -1 || tailStart === -1) {
    const text = decodeText(json, range).toString()
    return { bytes, lines, head: firstLines(text), tail: lastLines(text) }
  }
  const head = decode(json, range.start, headEnd, false).toString()
  const tail = decode(json, tailStart, range.end, true).toString()
  return { bytes, lines, head: firstLines(head), tail: lastLines(tail) }
}

/** The first place from `at` on where a character begins. */
function boundary(json: Buffer, at: number): number {
  let i = at
  while (((json[i] as number) & 0xc0) === 0x80) i++
  return i
}

/** Half of a surrogate pair counts half of the four bytes of the pair. */
const utf8Length = (unit: number): number => (unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit < 0xe000 ? 2 : 3)

/** The text as UTF-8 bytes. */
export const decodeText = (json: Buffer, range: Range): Buffer => decode(json, range.start, range.end, false)

function decode(json: Buffer, start: number, end: number, startsInside: boolean): Buffer {
  // Escapes only ever shrink: \n 2 → 1, \uXXXX 6 → 3, a pair 12 → 4.
  const out = Buffer.allocUnsafe(end - start)
  let to = 0
  let i = start
  let inside = startsInside
  while (i < end) {
    if (!inside) {
      // Between strings: brackets, commas, white space.
      i = json.indexOf(0x22, i) + 1
      if (i === 0 || i > end) break
      inside = true
    }
    const from = i
    let c = json[i] as number
    while (i < end && c !== 0x22 && c !== 0x5c) c = json[++i] as number
    to += json.copy(out, to, from, i)
    if (i >= end) break
    if (c === 0x22) {
      inside = false
      i++
    } else if (json[i + 1] !== 0x75) {
      out[to++] = SIMPLE[json[i + 1] as number] ?? (json[i + 1] as number)
      i += 2
    } else {
      const unit = unitAt(json, i)
      const low = unit >= 0xd800 && unit < 0xdc00 && json[i + 6] === 0x5c && json[i + 7] === 0x75 ? unitAt(json, i + 6) : 0
      const pair = low >= 0xdc00 && low < 0xe000
      to += out.write(pair ? String.fromCharCode(unit, low) : String.fromCharCode(unit), to)
      i += pair ? 12 : 6
    }
  }
  return out.subarray(0, to)
}

const SIMPLE: { readonly [letter: number]: number } = { 110: 0x0a, 116: 0x09, 114: 0x0d, 98: 0x08, 102: 0x0c }
const unitAt = (json: Buffer, at: number): number => Number.parseInt(json.toString('latin1', at + 2, at + 6), 16)

/** The first lines of a text, whole ones where they are not too long. */
export function firstLines(text: string): string {
  let end = 0
  for (let n = 0; n < END_LINES; n++) {
    const next = text.indexOf('\n', end) + 1
    if (next === 0 || next > END_CHARACTERS) break
    end = next
  }
  return text.slice(0, end > 0 ? end : END_CHARACTERS)
}

export function lastLines(text: string): string {
  let start = text.length
  for (let n = 0; n < END_LINES; n++) {
    // The line feed that ends the line before the one that ends at `start`.
    const before = start < 2 ? -1 : text.lastIndexOf('\n', start - 2)
    if (text.length - (before + 1) > END_CHARACTERS) break
    start = before + 1
    if (start === 0) break
  }
  return text.slice(start < text.length ? start : Math.max(0, text.length - END_CHARACTERS))
}
