// How a file writes its JSON (indent, separators, escapes, line ends), found from its first lines, and values printed in that style, so
// that what we add looks as if the same tool had written it. Python's json module is the model: nbformat and Jupyter write with it.
import { isAscii } from 'node:buffer'
import type { Json } from '../../contract/json.ts'

export type JsonStyle = {
  /** White space per level; undefined = everything on one line. */
  readonly unit: string | undefined
  readonly newline: '\n' | '\r\n'
  /** Between items and after a name when they stand on one line. */
  readonly comma: ', ' | ','
  readonly colon: ': ' | ':'
  /** Everything beyond ASCII is written as \uXXXX. */
  readonly ascii: boolean
}

/** What nbformat writes: indent 1, UTF-8, a line feed at the end. */
export const NBFORMAT_STYLE: JsonStyle = { unit: ' ', newline: '\n', comma: ', ', colon: ': ', ascii: false }

export function detectStyle(bytes: Buffer): JsonStyle {
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, 65_536))
  const first = /^[^{]*\{([ \t\r\n]*)"/.exec(head)?.[1] ?? ''
  const pretty = first.includes('\n')
  const unit = pretty ? first.slice(first.lastIndexOf('\n') + 1) : undefined
  const colon = /"\s*:( ?)/.exec(head)?.[1] === '' ? ':' : ': '
  const comma = !pretty && /["\d\]}],"/.test(head) ? ',' : ', '
  return { unit, newline: head.includes('\r\n') ? '\r\n' : '\n', comma, colon, ascii: escapesAll(bytes) }
}

/** Only ASCII bytes, and at least one escape of a character that needed none: then the tool escapes them all. */
function escapesAll(bytes: Buffer): boolean {
  if (!isAscii(bytes)) return false
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, 4_000_000))
  return /(?<!\\)(?:\\\\)*\\u(?!00[01])[0-9a-fA-F]{4}/.test(head)
}

/** A string as JSON. Lone surrogates stay escapes, as in Python. */
export function printString(text: string, style: JsonStyle): string {
  const plain = JSON.stringify(text)
  return style.ascii ? plain.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`) : plain
}

/** A value as JSON. `indent`: white space before the line that the value begins on; undefined = on one line. */
export function printJson(value: Json, style: JsonStyle, indent: string | undefined): string {
  if (typeof value === 'string') return printString(value, style)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((v) => printJson(v, style, deeper(style, indent)))
    return printList(items, '[', ']', style, indent)
  }
  const members = Object.entries(value).map(
    ([k, v]) => `${printString(k, style)}${style.colon}${printJson(v, style, deeper(style, indent))}`,
  )
  return printList(members, '{', '}', style, indent)
}

export function printList(
  items: readonly string[],
  open: string,
  close: string,
  style: JsonStyle,
  indent: string | undefined,
): string {
  if (items.length === 0) return open + close
  const inner = deeper(style, indent)
  if (inner === undefined) return open + items.join(style.comma) + close
  return `${open}${style.newline}${inner}${items.join(`,${style.newline}${inner}`)}${style.newline}${indent}${close}`
}

export const deeper = (style: JsonStyle, indent: string | undefined): string | undefined =>
  indent === undefined || style.unit === undefined ? undefined : indent + style.unit
