// Changes inside a JSON text that leave every other byte as it is: only the values that differ are printed anew, in the file's style.
import type { Json, JsonObject } from '../../contract/json.ts'
import { JsonScan, type Member, parseRange, type Range } from './json-scan.ts'
import { deeper, type JsonStyle, printJson, printString } from './json-style.ts'

/** New text per name; undefined takes the member away. */
export type MemberChanges = ReadonlyMap<string, string | Buffer | undefined>
export type Chunk = string | Buffer

/** The object `bytes` (exactly its text) with some members changed, added (in alphabetical place when the names are sorted) or removed. */
export function spliceObject(bytes: Buffer, changes: MemberChanges, style: JsonStyle): Chunk[] {
  const { members } = new JsonScan(bytes).object(0)
  const kept = members.filter((m) => !(changes.has(m.key) && changes.get(m.key) === undefined))
  const added = [...changes].filter(([key, value]) => value !== undefined && !members.some((m) => m.key === key)) as [
    string,
    Chunk,
  ][]
  if (members.length === 0 && added.length === 0) return [bytes]
  const first = members[0]
  const indent = first === undefined ? undefined : indentBefore(bytes, first.from)
  const separator = indent === undefined ? style.comma : `,${style.newline}${indent}`
  const sorted = members.every((m, i) => i === 0 || (members[i - 1] as Member).key <= m.key)
  const parts: { key: string; chunks: Chunk[]; own: Member | undefined }[] = kept.map((m) => {
    const value = changes.get(m.key)
    const chunks = value === undefined ? [bytes.subarray(m.from, m.end)] : [bytes.subarray(m.from, m.start), value]
    return { key: m.key, chunks, own: m }
  })
  for (const [key, value] of added) {
    const at = sorted ? parts.findIndex((p) => p.key > key) : -1
    parts.splice(at === -1 ? parts.length : at, 0, {
      key,
      chunks: [`${printString(key, style)}${style.colon}`, value],
      own: undefined,
    })
  }
  if (parts.length === 0) return ['{}']
  const out: Chunk[] = [first === undefined ? '{' : bytes.subarray(0, first.from)]
  parts.forEach((part, i) => {
    if (i > 0) out.push(gap(bytes, members, parts[i - 1]?.own, part.own) ?? separator)
    out.push(...part.chunks)
  })
  const last = members.at(-1)
  out.push(last === undefined ? '}' : bytes.subarray(last.end))
  return out
}

/** What stood between two members that were neighbours in the file. */
function gap(bytes: Buffer, members: readonly Member[], left: Member | undefined, right: Member | undefined): Buffer | undefined {
  if (left === undefined || right === undefined || members.indexOf(right) !== members.indexOf(left) + 1) return undefined
  return bytes.subarray(left.end, right.from)
}

/** White space from the line's beginning to `at`; undefined when something else stands there. */
export function indentBefore(bytes: Buffer, at: number): string | undefined {
  let from = at
  while (from > 0 && (bytes[from - 1] === 0x20 || bytes[from - 1] === 0x09)) from--
  return from > 0 && bytes[from - 1] === 0x0a ? bytes.toString('latin1', from, at) : undefined
}

/** The value at `range` turned into `next`: members of objects that did not change keep their bytes (NaN, big numbers, escapes, order). */
export function spliceValue(bytes: Buffer, range: Range, next: Json, style: JsonStyle, indent: string | undefined): Buffer {
  const scan = new JsonScan(bytes)
  scan.value(range.start)
  const before = parseRange(bytes, range, scan.nonFinite) as Json
  if (sameJson(before, next)) return bytes.subarray(range.start, range.end)
  if (!isObject(before) || !isObject(next) || Object.keys(before).length === 0) return Buffer.from(printJson(next, style, indent))
  const own = bytes.subarray(range.start, range.end)
  const { members } = new JsonScan(own).object(0)
  const inner = deeper(style, indent)
  const changes = new Map<string, Buffer | undefined>()
  for (const member of members) {
    if (!Object.hasOwn(next, member.key)) changes.set(member.key, undefined)
    else if (!sameJson(before[member.key] as Json, next[member.key] as Json))
      changes.set(member.key, spliceValue(own, member, next[member.key] as Json, style, inner))
  }
  for (const [key, value] of Object.entries(next))
    if (!Object.hasOwn(before, key)) changes.set(key, Buffer.from(printJson(value, style, inner)))
  return joined(spliceObject(own, changes, style))
}

export const joined = (chunks: readonly Chunk[]): Buffer =>
  Buffer.concat(chunks.map((c) => (typeof c === 'string' ? Buffer.from(c) : c)))

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Equal as JSON; the order of names does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b))
    return false
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((x, i) => sameJson(x, b[i]))
  const left = a as { [key: string]: unknown }
  const right = b as { [key: string]: unknown }
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((k) => Object.hasOwn(right, k) && sameJson(left[k], right[k]))
}
