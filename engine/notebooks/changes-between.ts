// The changes that lead from one set of cells to another: how a merge reaches the feed and the journal. Pure.
import type { JsonObject } from '../contract/json.ts'
import { diffEdit } from '../contract/text-edit.ts'
import type { Cell, NotebookStep } from '../contract/topics/notebook.ts'
import { sameOutputs } from './ipynb/ipynb-write.ts'
import { sameJson } from './ipynb/json-splice.ts'

export type Cells = {
  readonly order: readonly string[]
  readonly cells: ReadonlyMap<string, Cell>
  readonly metadata: JsonObject
}

export function changesBetween(from: Cells, to: Cells): NotebookStep[] {
  const out: NotebookStep[] = []
  if (!sameJson(from.metadata, to.metadata)) out.push({ type: 'notebook-changed', set: { metadata: to.metadata } })
  const wanted = new Set(to.order)
  for (const id of from.order) if (!wanted.has(id)) out.push({ type: 'cell-deleted', cell: id })
  const order = from.order.filter((id) => wanted.has(id))
  to.order.forEach((id, i) => {
    const cell = to.cells.get(id)
    const before = from.cells.get(id)
    if (cell === undefined) return
    const after = to.order[i - 1] ?? null
    if (before === undefined) {
      out.push({ type: 'cell-inserted', after, cell })
      order.splice(i, 0, id)
      return
    }
    if (order[i] !== id) {
      out.push({ type: 'cell-moved', cell: id, after })
      order.splice(order.indexOf(id), 1)
      order.splice(i, 0, id)
    }
    out.push(...cellChanges(before, cell))
  })
  return out
}

function cellChanges(from: Cell, to: Cell): NotebookStep[] {
  const out: NotebookStep[] = []
  const cell = to.id
  if (from.source !== to.source)
    out.push({ type: 'source-edited', cell, version: from.version + 1, edit: diffEdit(from.source, to.source) })
  if (!sameOutputs(from.outputs, to.outputs)) out.push({ type: 'outputs-set', cell, outputs: to.outputs })
  const kind = from.kind === to.kind ? {} : { kind: to.kind }
  const metadata = sameJson(from.metadata, to.metadata) ? {} : { metadata: to.metadata }
  const count = from.count === to.count ? {} : { count: to.count }
  if (Object.keys({ ...kind, ...metadata, ...count }).length > 0)
    out.push({ type: 'cell-changed', cell, ...kind, ...metadata, ...count })
  return out
}
