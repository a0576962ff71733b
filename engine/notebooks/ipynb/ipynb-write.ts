// The document as an .ipynb again: a cell that nobody changed gives its own bytes, in a changed one only the members that differ are
// printed anew. So `git diff` shows the cells that were edited, and unknown keys, order, indent and escapes survive.
import type { Json, JsonObject } from '../../contract/json.ts'
import type { Cell } from '../../contract/topics/notebook.ts'
import type { Output } from '../../contract/topics/outputs.ts'
import type { RawCell, RawNotebook } from './ipynb-read.ts'
import { JsonScan, type Member, type Range } from './json-scan.ts'
import { type Chunk, indentBefore, joined, type MemberChanges, sameJson, spliceObject, spliceValue } from './json-splice.ts'
import { deeper, type JsonStyle, printJson, printList, printString } from './json-style.ts'
import { bundleJson, type OutputStore, outputJson, splitLines } from './outputs-write.ts'

/** What is written, as pieces that share memory with the file that was read; and what the file then holds. */
export type WrittenNotebook = {
  readonly chunks: readonly Buffer[]
  readonly raw: RawNotebook
  /** Outputs that were saved shortened: cell, output, bytes left out. */
  readonly cut: readonly { readonly cell: string; readonly output: string; readonly bytes: number }[]
}

export type NotebookParts = {
  readonly order: readonly string[]
  readonly cells: { readonly [id: string]: Cell }
  readonly metadata: JsonObject
}

/** Two levels below the top: where the cells of a pretty file stand. */
const CELL_DEPTH = 2

export async function writeIpynb(parts: NotebookParts, raw: RawNotebook, store: OutputStore): Promise<WrittenNotebook> {
  const writer = new CellWriter(raw, store)
  const chunks: Buffer[] = [spliceTop(raw, 'head', parts.metadata)]
  const cells = new Map<string, RawCell>()
  const usual = usualGap(raw)
  let open = raw.open
  let gapBefore: Buffer | undefined
  for (const id of parts.order) {
    const cell = parts.cells[id]
    if (cell === undefined) continue
    const old = raw.cells.get(id)
    const bytes = await writer.bytes(cell, old)
    const first = gapBefore === undefined
    if (first && raw.cells.size === 0) open = Buffer.from(lineOf(raw.style, CELL_DEPTH))
    const gap = first ? undefined : (old?.gap ?? usual)
    chunks.push(first ? open : (gap ?? usual), bytes)
    gapBefore = gap ?? open
    const unchanged = old !== undefined && bytes === old.bytes
    cells.set(id, { bytes, gap, fileId: unchanged ? old.fileId : raw.minor >= 5 ? id : old?.fileId, cell })
  }
  const close =
    cells.size === 0
      ? Buffer.alloc(0)
      : raw.close.length > 0 || raw.cells.size > 0
        ? raw.close
        : Buffer.from(lineOf(raw.style, 1))
  const tail = spliceTop(raw, 'tail', parts.metadata)
  // An emptied list keeps nothing between its brackets.
  if (cells.size === 0 && raw.cells.size === 0) chunks.push(raw.open)
  chunks.push(close, tail)
  const head = chunks[0] as Buffer
  const next: RawNotebook = {
    ...raw,
    head,
    tail,
    open: cells.size === 0 ? Buffer.alloc(0) : open,
    close,
    cells,
    metadata: parts.metadata,
  }
  return { chunks, raw: next, cut: writer.cut }
}

const lineOf = (style: JsonStyle, depth: number): string =>
  style.unit === undefined ? '' : style.newline + style.unit.repeat(depth)

function usualGap(raw: RawNotebook): Buffer {
  for (const cell of raw.cells.values()) if (cell.gap !== undefined) return cell.gap
  return Buffer.from(raw.style.unit === undefined ? raw.style.comma : `,${lineOf(raw.style, CELL_DEPTH)}`)
}

/** The notebook's metadata stands before or behind the cells; both halves are objects once the list of cells is closed or opened. */
function spliceTop(raw: RawNotebook, half: 'head' | 'tail', metadata: JsonObject): Buffer {
  const bytes = raw[half]
  if (sameJson(raw.metadata, metadata)) return bytes
  const begin = raw.head.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  const whole = Buffer.concat([raw.head, raw.tail])
  const { members } = new JsonScan(whole).object(begin)
  const own = members.findLast((m) => m.key === 'metadata')
  const indent = raw.style.unit
  if (own !== undefined) {
    const inHead = own.start < raw.head.length
    if (inHead !== (half === 'head')) return bytes
    const next = spliceValue(whole, own, metadata, raw.style, indent)
    const shift = inHead ? 0 : raw.head.length
    return Buffer.concat([bytes.subarray(0, own.start - shift), next, bytes.subarray(own.end - shift)])
  }
  if (half === 'head') return bytes
  const comma = `,${raw.style.unit === undefined ? raw.style.comma.slice(1) : lineOf(raw.style, 1)}`
  const text = `${comma}"metadata"${raw.style.colon}${printJson(metadata, raw.style, indent)}`
  return Buffer.concat([bytes.subarray(0, 1), Buffer.from(text), bytes.subarray(1)])
}

class CellWriter {
  readonly cut: { cell: string; output: string; bytes: number }[] = []
  readonly #raw: RawNotebook
  readonly #store: OutputStore
  readonly #style: JsonStyle
  readonly #listSource: boolean
  constructor(raw: RawNotebook, store: OutputStore) {
    this.#raw = raw
    this.#store = store
    this.#style = raw.style
    this.#listSource = writesLists(raw)
  }

  /** The cell's text; the very same buffer when nothing changed. */
  async bytes(cell: Cell, old: RawCell | undefined): Promise<Buffer> {
    if (old === undefined) return this.#fresh(cell)
    const changes = await this.#changes(cell, old)
    if (changes.size === 0) return old.bytes
    return joined(spliceObject(old.bytes, changes, this.#style))
  }

  async #changes(cell: Cell, old: RawCell): Promise<MemberChanges> {
    const before = old.cell
    const changes = new Map<string, Chunk | undefined>()
    if (same(before, cell)) return changes
    if (old.bytes[0] !== 0x7b) return changes
    const { members } = new JsonScan(old.bytes).object(0)
    const member = (key: string): Member | undefined => members.findLast((m) => m.key === key)
    const indent = indentBefore(old.bytes, members[0]?.from ?? 0)
    const set = (key: string, value: Json): void => {
      changes.set(key, printJson(value, this.#style, indent))
    }
    if (cell.source !== before.source) changes.set('source', this.#source(cell.source, old.bytes, member('source'), indent))
    if (!sameJson(cell.metadata, before.metadata)) {
      const range = member('metadata')
      changes.set(
        'metadata',
        range === undefined
          ? printJson(cell.metadata, this.#style, indent)
          : spliceValue(old.bytes, range, cell.metadata, this.#style, indent),
      )
    }
    const kindChanged = cell.kind !== before.kind
    if (kindChanged) set('cell_type', cell.kind)
    if (cell.kind === 'code') {
      if (kindChanged || cell.count !== before.count) set('execution_count', cell.count)
      if (kindChanged || !sameOutputs(cell.outputs, before.outputs)) changes.set('outputs', await this.#outputs(cell, indent))
      if (kindChanged && member('attachments')) changes.set('attachments', undefined)
    } else {
      if (kindChanged) for (const key of ['execution_count', 'outputs']) if (member(key)) changes.set(key, undefined)
      if (cell.attachments !== before.attachments || (kindChanged && cell.attachments))
        changes.set('attachments', await this.#attachments(cell, indent))
    }
    // A cell that is written anew gets its own id where the format has ids: one that was missing or that another cell has as well.
    if (changes.size > 0 && this.#raw.minor >= 5 && old.fileId !== cell.id) set('id', cell.id)
    return changes
  }

  async #fresh(cell: Cell): Promise<Buffer> {
    const style = this.#style
    const outer = style.unit?.repeat(CELL_DEPTH)
    const indent = deeper(style, outer)
    const members = new Map<string, Chunk>()
    if (cell.kind !== 'code' && cell.attachments !== undefined)
      members.set('attachments', (await this.#attachments(cell, indent)) ?? '{}')
    members.set('cell_type', printString(cell.kind, style))
    if (cell.kind === 'code') members.set('execution_count', JSON.stringify(cell.count))
    if (this.#raw.minor >= 5) members.set('id', printString(cell.id, style))
    members.set('metadata', printJson(sorted(cell.metadata), style, indent))
    if (cell.kind === 'code') members.set('outputs', await this.#outputs(cell, indent))
    members.set('source', this.#source(cell.source, undefined, undefined, indent))
    const items = [...members].map(([key, value]) => joined([printString(key, style), style.colon, value]))
    return join(items, '{', '}', style, outer)
  }

  /** Lines that were there before keep the very text they had (escapes can be written in more than one way). */
  #source(source: string, bytes: Buffer | undefined, range: Range | undefined, indent: string | undefined): string {
    const list = bytes === undefined || range === undefined ? this.#listSource : bytes[range.start] === 0x5b
    if (!list) return printString(source, this.#style)
    const known = new Map<string, string>()
    if (bytes !== undefined && range !== undefined) {
      const scan = new JsonScan(bytes)
      for (const e of scan.array(range.start).elements)
        if (bytes[e.start] === 0x22) known.set(scan.text(e), bytes.toString('utf8', e.start, e.end))
      if (known.size > 0 && !bytes.subarray(range.start, range.end).includes(0x0a)) {
        // A list on one line stays on one line.
        return printList(
          splitLines(source).map((line) => known.get(line) ?? printString(line, this.#style)),
          '[',
          ']',
          this.#style,
          undefined,
        )
      }
    }
    return printList(
      splitLines(source).map((line) => known.get(line) ?? printString(line, this.#style)),
      '[',
      ']',
      this.#style,
      indent,
    )
  }

  async #outputs(cell: Cell, indent: string | undefined): Promise<Buffer> {
    const inner = deeper(this.#style, indent)
    const items: Buffer[] = []
    for (const output of cell.outputs) {
      let bytes = this.#raw.outputs.get(output)
      if (bytes === undefined) {
        const { json, cut } = await outputJson(output, this.#store)
        bytes = Buffer.from(printJson(sorted(json), this.#style, inner))
        if (cut > 0) this.cut.push({ cell: cell.id, output: output.id, bytes: cut })
        this.#raw.outputs.set(output, bytes)
      }
      items.push(bytes)
    }
    return join(items, '[', ']', this.#style, indent)
  }

  async #attachments(cell: Cell, indent: string | undefined): Promise<Chunk | undefined> {
    if (cell.attachments === undefined) return undefined
    const known = this.#raw.attachments.get(cell.attachments)
    if (known !== undefined) return known
    const json: { [name: string]: Json } = {}
    for (const [name, bundle] of Object.entries(cell.attachments)) json[name] = await bundleJson(bundle, this.#store)
    return printJson(json, this.#style, indent)
  }
}

function join(items: readonly Buffer[], open: string, close: string, style: JsonStyle, indent: string | undefined): Buffer {
  if (items.length === 0) return Buffer.from(open + close)
  const inner = deeper(style, indent)
  const between = inner === undefined ? style.comma : `,${style.newline}${inner}`
  const chunks: Chunk[] = [open, inner === undefined ? '' : style.newline + inner]
  items.forEach((item, i) => {
    chunks.push(...(i > 0 ? [between] : []), item)
  })
  chunks.push(inner === undefined ? '' : `${style.newline}${indent}`, close)
  return joined(chunks)
}

/** A cell that the file already shows as it is. Version and run are not in the file. */
export const same = (a: Cell, b: Cell): boolean =>
  a === b ||
  (a.source === b.source &&
    a.kind === b.kind &&
    a.count === b.count &&
    a.attachments === b.attachments &&
    sameOutputs(a.outputs, b.outputs) &&
    sameJson(a.metadata, b.metadata))

/** By identity: an output that changed is another object. */
export const sameOutputs = (a: readonly Output[], b: readonly Output[]): boolean =>
  a === b || (a.length === b.length && a.every((o, i) => o === b[i]))

/** Does this file write sources as lists of lines (nbformat does) or as strings? */
function writesLists(raw: RawNotebook): boolean {
  for (const { bytes, cell } of raw.cells.values()) {
    if (cell.source === '' || bytes[0] !== 0x7b) continue
    const source = new JsonScan(bytes).object(0).members.findLast((m) => m.key === 'source')
    if (source !== undefined) return bytes[source.start] === 0x5b
  }
  return true
}

/** Names in alphabetical order at every level, as nbformat writes them. */
export function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map(sorted)
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v as Json)]),
  )
}
