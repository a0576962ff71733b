// An .ipynb of nbformat 4 as cells, with the exact bytes of everything kept beside them (RawNotebook): those bytes are the source of truth
// for what nobody changed. Damaged and older files go through repair.ts and upgrade.ts first.
import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '../../contract/json.ts'
import type { Cell, CellKind } from '../../contract/topics/notebook.ts'
import { INLINE_LIMIT_BYTES, type MimeBundle, type Output } from '../../contract/topics/outputs.ts'
import { JsonScan, parseRange, type Range, ScanError } from './json-scan.ts'
import { detectStyle, type JsonStyle } from './json-style.ts'
import { type FileContents, type ReadOutputs, readOutput } from './outputs-read.ts'

/** One cell as the file has it, and what the document made of it: a cell that still equals that is written back byte by byte. */
export type RawCell = {
  readonly bytes: Buffer
  /** What stood between this cell and the one before it; undefined for the first. */
  readonly gap: Buffer | undefined
  /** Id in the file; undefined when there is none (nbformat before 4.5). */
  readonly fileId: string | undefined
  readonly cell: Cell
}

export type RawNotebook = {
  readonly style: JsonStyle
  readonly minor: number
  /** Up to and with the bracket of `cells`, and from its closing bracket on. */
  readonly head: Buffer
  readonly tail: Buffer
  /** White space between the opening bracket and the first cell, and between the last cell and the closing bracket. */
  readonly open: Buffer
  readonly close: Buffer
  readonly cells: ReadonlyMap<string, RawCell>
  readonly outputs: WeakMap<object, Buffer>
  readonly attachments: WeakMap<object, Buffer>
  readonly metadata: JsonObject
}

export type ReadNotebook = {
  readonly raw: RawNotebook
  readonly order: readonly string[]
  readonly metadata: JsonObject
  readonly format: { readonly major: number; readonly minor: number; readonly language: string }
  readonly contents: FileContents
  /** Ids that two cells of the file share. */
  readonly duplicates: readonly string[]
  readonly hasIds: boolean
}

/** Below this a cell is decoded whole, which is faster than looking at its members. */
const SMALL_CELL_BYTES = INLINE_LIMIT_BYTES
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** `name`: unique per open file, for the names of its logs. `ids`: ids that an earlier session gave to cells, in order. Throws ScanError. */
export function readIpynb(file: Buffer, name: string, ids: readonly string[] = []): ReadNotebook {
  const scan = new JsonScan(file)
  const begin = file.subarray(0, 3).equals(BOM) ? 3 : 0
  if (scan.space(begin) >= file.length) throw new ScanError('The file is empty', begin)
  const top = scan.object(begin)
  if (scan.space(top.end) < file.length)
    throw new ScanError('Something stands behind the end of the notebook', scan.space(top.end))
  const list = top.members.findLast((m) => m.key === 'cells')
  if (list === undefined || file[list.start] !== 0x5b)
    throw new ScanError('The list of cells is missing', list?.start ?? top.end - 1)
  const { elements } = new JsonScan(file, scan).array(list.start)
  const value = (key: string): Json | undefined => {
    const m = top.members.findLast((x) => x.key === key)
    return m === undefined ? undefined : (parseRange(file, m, scan.nonFinite) as Json)
  }
  const metadata = objectOf(value('metadata'))
  const minor = Number(value('nbformat_minor') ?? 0)
  const contents: FileContents = { blobs: new Map(), logs: new Map() }
  const outputs = new WeakMap<object, Buffer>()
  const attachments = new WeakMap<object, Buffer>()
  const read: ReadOutputs = { contents, raw: outputs, nonFinite: scan.nonFinite, name, scan }
  const cells = new Map<string, RawCell>()
  const duplicates: string[] = []
  let missing = 0
  elements.forEach((range, i) => {
    const parsed = readCell(file, range, read)
    const fileId = parsed.id
    if (fileId === undefined) missing++
    const taken = fileId !== undefined && cells.has(fileId)
    if (taken) duplicates.push(fileId)
    const id = ids[i] ?? (fileId === undefined || taken ? madeId(parsed, i, cells) : fileId)
    const cell = finishCell(parsed, id, file, read, attachments)
    const before = elements[i - 1]
    cells.set(id, {
      bytes: file.subarray(range.start, range.end),
      gap: before && file.subarray(before.end, range.start),
      fileId,
      cell,
    })
  })
  const first = elements[0]
  const last = elements.at(-1)
  const raw: RawNotebook = {
    style: detectStyle(file),
    minor,
    head: file.subarray(0, list.start + 1),
    tail: file.subarray(list.end - 1),
    open: file.subarray(list.start + 1, first?.start ?? list.end - 1),
    close: last === undefined ? Buffer.alloc(0) : file.subarray(last.end, list.end - 1),
    cells,
    outputs,
    attachments,
    metadata,
  }
  const format = { major: Number(value('nbformat') ?? 4), minor, language: languageOf(metadata) }
  return { raw, order: [...cells.keys()], metadata, format, contents, duplicates, hasIds: missing === 0 }
}

type ParsedCell = {
  readonly id: string | undefined
  readonly kind: CellKind
  readonly source: string
  readonly metadata: JsonObject
  readonly count: number | null
  readonly outputs: readonly Range[]
  readonly attachments: Range | undefined
}

function readCell(file: Buffer, range: Range, read: ReadOutputs): ParsedCell {
  const simple = range.end - range.start <= SMALL_CELL_BYTES ? parseRange(file, range, read.nonFinite) : undefined
  const has = (key: string): boolean => simple === undefined || (isObject(simple) && Object.hasOwn(simple, key))
  // Most cells have neither outputs nor attachments: they need no second look.
  const look =
    file[range.start] === 0x7b &&
    (simple === undefined ||
      (isObject(simple) && ((Array.isArray(simple['outputs']) && simple['outputs'].length > 0) || has('attachments'))))
  const members = look ? new JsonScan(file, read.scan).object(range.start).members : []
  const at = (key: string): Range | undefined => members.findLast((m) => m.key === key)
  const value = (key: string): unknown => {
    if (simple !== undefined) return isObject(simple) ? simple[key] : undefined
    const m = at(key)
    return m === undefined ? undefined : parseRange(file, m, read.nonFinite)
  }
  const kind = value('cell_type')
  const id = value('id')
  const count = value('execution_count')
  const outputs = at('outputs')
  const attachments = at('attachments')
  return {
    id: typeof id === 'string' && id !== '' ? id : undefined,
    kind: kind === 'code' || kind === 'markdown' ? kind : 'raw',
    source: textOf(value('source')),
    metadata: objectOf(value('metadata')),
    count: typeof count === 'number' ? count : null,
    outputs:
      outputs !== undefined && file[outputs.start] === 0x5b ? new JsonScan(file, read.scan).array(outputs.start).elements : [],
    attachments: attachments !== undefined && file[attachments.start] === 0x7b ? attachments : undefined,
  }
}

function finishCell(parsed: ParsedCell, id: string, file: Buffer, read: ReadOutputs, raws: WeakMap<object, Buffer>): Cell {
  const { kind, source, metadata, count } = parsed
  const outputs: readonly Output[] = parsed.outputs.map((range, i) => readOutput(file, range, `${id}.${i}`, read))
  const cell: Cell = { id, kind, source, version: 0, metadata, outputs: kind === 'code' ? outputs : [], count }
  if (parsed.attachments === undefined) return cell
  const attachments: { [name: string]: MimeBundle } = {}
  for (const m of new JsonScan(file).object(parsed.attachments.start).members) {
    if (file[m.start] !== 0x7b) continue
    // A bundle is what a display holds: the same way through readOutput would wrap it, so it is read as one.
    const wrapped = Buffer.concat([DISPLAY, file.subarray(m.start, m.end), CLOSE])
    const scan = new JsonScan(wrapped)
    const shown = readOutput(wrapped, { start: 0, end: scan.value(0) }, id, { ...read, nonFinite: scan.nonFinite, scan })
    if (shown.type === 'display') attachments[m.key] = shown.data
  }
  raws.set(attachments, file.subarray(parsed.attachments.start, parsed.attachments.end))
  return { ...cell, attachments }
}
const DISPLAY = Buffer.from('{"output_type":"display_data","metadata":{},"data":')
const CLOSE = Buffer.from('}')

/** An id for a cell without one: the same each time this content is opened. */
function madeId(cell: ParsedCell, index: number, taken: ReadonlyMap<string, unknown>): string {
  const hash = createHash('sha1').update(`${cell.kind}\0${cell.source}`).digest('hex').slice(0, 8)
  for (let n = 0; ; n++) {
    const id = n === 0 ? hash : `${hash}-${n}`
    if (!taken.has(id)) return id
    if (n > 100_000) return `${hash}-i${index}`
  }
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : Array.isArray(value) ? value.map(String).join('') : ''

export function languageOf(metadata: JsonObject): string {
  const info = metadata['language_info']
  const spec = metadata['kernelspec']
  for (const name of [isObject(info) ? info['name'] : undefined, isObject(spec) ? spec['language'] : undefined])
    if (typeof name === 'string' && name !== '') return name
  return 'python'
}
