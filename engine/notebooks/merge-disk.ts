// The file was changed by somebody else while it is open here: three versions (what we last read or wrote, ours, theirs) become one, cell by
// cell. Outputs never conflict; where both changed the same lines of a source both versions are kept. Pure but for reading the bytes.
import type { JsonObject } from '../contract/json.ts'
import type { Problem } from '../contract/problem.ts'
import type { Cell, NotebookState, NotebookStep } from '../contract/topics/notebook.ts'
import type { Output } from '../contract/topics/outputs.ts'
import { alignedIds } from './align-cells.ts'
import { type Cells, changesBetween } from './changes-between.ts'
import { type RawNotebook, type ReadNotebook, readIpynb } from './ipynb/ipynb-read.ts'
import { sameOutputs } from './ipynb/ipynb-write.ts'
import { sameJson } from './ipynb/json-splice.ts'
import { mergeText } from './merge-text.ts'

export type DiskMerge = {
  readonly raw: RawNotebook
  readonly contents: ReadNotebook['contents']
  /** From what is shown now to the merged notebook. */
  readonly changes: readonly NotebookStep[]
  /** From their file to the merged notebook: what the file does not have. */
  readonly unsaved: readonly NotebookStep[]
  readonly remarks: readonly Problem[]
  readonly idsAreOurs: boolean
}

/** Throws ScanError when their file can't be read. `name`: unique for these bytes. */
export function mergeFromDisk(state: NotebookState, base: RawNotebook, bytes: Buffer, name: string): DiskMerge {
  const first = readIpynb(bytes, name)
  const taken = new Set([...state.order, ...base.cells.keys()])
  const read = readIpynb(bytes, name, alignedIds(base, first.raw, taken))
  keepOutputs(base, read.raw)
  const merge = new Merge(state, base, read)
  const merged = merge.run()
  const theirs: Cells = {
    order: read.order,
    cells: new Map([...read.raw.cells].map(([id, c]) => [id, c.cell])),
    metadata: read.metadata,
  }
  const ours: Cells = { order: state.order, cells: new Map(Object.entries(state.cells)), metadata: state.metadata }
  return {
    raw: read.raw,
    contents: read.contents,
    changes: changesBetween(ours, merged),
    unsaved: changesBetween(theirs, merged),
    remarks: merge.remarks,
    idsAreOurs: [...read.raw.cells.values()].some((c) => c.fileId !== c.cell.id),
  }
}

/** Outputs whose bytes are the same stay the same objects: windows keep what they show, and a later save finds their bytes. */
function keepOutputs(base: RawNotebook, theirs: RawNotebook): void {
  for (const [id, held] of theirs.cells) {
    const before = base.cells.get(id)
    if (before === undefined) continue
    const outputs = held.cell.outputs.map((output, i): Output => {
      const known = before.cell.outputs[i]
      const old = known === undefined ? undefined : base.outputs.get(known)
      const bytes = theirs.outputs.get(output)
      if (known === undefined || old === undefined || bytes === undefined || !old.equals(bytes)) return output
      theirs.outputs.set(known, bytes)
      return known
    })
    const same = sameOutputs(outputs, before.cell.outputs)
    ;(theirs.cells as Map<string, typeof held>).set(id, {
      ...held,
      cell: { ...held.cell, outputs: same ? before.cell.outputs : outputs },
    })
  }
}

class Merge {
  readonly remarks: Problem[] = []
  readonly #state: NotebookState
  readonly #base: RawNotebook
  readonly #read: ReadNotebook
  readonly #cells = new Map<string, Cell>()
  /** Their version of a cell that could not be merged: shown behind ours. */
  readonly #behind = new Map<string, string>()

  constructor(state: NotebookState, base: RawNotebook, read: ReadNotebook) {
    this.#state = state
    this.#base = base
    this.#read = read
  }

  run(): Cells {
    for (const id of this.#read.order) this.#theirs(id)
    for (const id of this.#state.order) if (!this.#read.raw.cells.has(id)) this.#onlyOurs(id)
    const order = this.#order()
    for (const [id, copy] of this.#behind) order.splice(order.indexOf(id) + 1, 0, copy)
    return { order, cells: this.#cells, metadata: mergeMetadata(this.#base.metadata, this.#state.metadata, this.#read.metadata) }
  }

  #ours = (id: string): Cell | undefined => (Object.hasOwn(this.#state.cells, id) ? this.#state.cells[id] : undefined)

  #theirs(id: string): void {
    const theirs = this.#read.raw.cells.get(id)?.cell as Cell
    const base = this.#base.cells.get(id)?.cell
    const ours = this.#ours(id)
    if (ours === undefined) {
      if (base !== undefined && base.source === theirs.source) return
      if (base !== undefined) this.#say('A cell that you deleted was changed on disk; it is back.')
      this.#cells.set(id, theirs)
      return
    }
    const source = mergeText(base?.source ?? '', ours.source, theirs.source)
    if (source === undefined) this.#conflict(id, theirs)
    const outputs = base === undefined || sameOutputs(ours.outputs, base.outputs) ? theirs : ours
    this.#cells.set(id, {
      ...ours,
      kind: base === undefined || ours.kind === base.kind ? theirs.kind : ours.kind,
      source: source ?? ours.source,
      metadata: mergeMetadata(base?.metadata ?? {}, ours.metadata, theirs.metadata),
      outputs: outputs.outputs,
      count: outputs.count,
    })
  }

  #conflict(id: string, theirs: Cell): void {
    const copy = `${id.slice(0, 50)}-theirs`
    const taken = (name: string): boolean => this.#ours(name) !== undefined || this.#read.raw.cells.has(name)
    let name = copy
    for (let n = 2; taken(name); n++) name = `${copy}-${n}`
    this.#cells.set(name, { ...theirs, id: name, outputs: [], count: null, version: 0 })
    this.#behind.set(id, name)
    this.#say('The same lines of a cell were changed here and on disk. Your version stays; the other one stands below it.')
  }

  /** A cell that they do not have: ours is new, or they deleted it. */
  #onlyOurs(id: string): void {
    const ours = this.#ours(id) as Cell
    const base = this.#base.cells.get(id)?.cell
    if (base !== undefined && base.source === ours.source) return
    if (base !== undefined) this.#say('A cell that you changed was deleted on disk; yours is kept.')
    this.#cells.set(id, ours)
  }

  /** Their order where they moved cells, else ours; cells that only one side has stand behind the one that they followed there. */
  #order(): string[] {
    const shared = (order: Iterable<string>): string[] =>
      [...order].filter((id) => this.#base.cells.has(id) && this.#read.raw.cells.has(id))
    const theyMoved = !sameJson(shared(this.#base.cells.keys()), shared(this.#read.order))
    const [lead, other] = theyMoved ? [this.#read.order, this.#state.order] : [this.#state.order, this.#read.order]
    const order = lead.filter((id) => this.#cells.has(id))
    const placed = new Set(order)
    other.forEach((id, i) => {
      if (placed.has(id) || !this.#cells.has(id)) return
      let before = i - 1
      while (before >= 0 && !placed.has(other[before] as string)) before--
      order.splice(before < 0 ? 0 : order.indexOf(other[before] as string) + 1, 0, id)
      placed.add(id)
    })
    return order
  }

  #say(message: string): void {
    if (!this.remarks.some((r) => r.message === message)) {
      this.remarks.push({
        code: 'conflict',
        message,
        hint: 'Undo takes the whole change from disk back.',
        where: `notebook:${this.#state.title}`,
      })
    }
  }
}

/** Key by key: what they changed, unless we changed the same key. */
function mergeMetadata(base: JsonObject, ours: JsonObject, theirs: JsonObject): JsonObject {
  if (sameJson(ours, theirs) || sameJson(base, theirs)) return ours
  if (sameJson(base, ours)) return theirs
  const out: { [key: string]: JsonObject[string] } = {}
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [b, o, t] = [base, ours, theirs].map((m) => (Object.hasOwn(m, key) ? m[key] : undefined))
    const value = sameJson(b, o) ? t : o
    if (value !== undefined) out[key] = value
  }
  return out
}
