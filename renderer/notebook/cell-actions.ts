// What can be done to cells: insert, delete, cut, copy, paste, move, split, merge, change kind, fold. Each is one undo step of the engine;
// each leaves the choice where JupyterLab leaves it.
import type { JsonObject } from '../../engine/contract/json.ts'
import type { CellKind, NotebookOp } from '../../engine/contract/topics/notebook.ts'
import { plural } from '../parts/units.ts'
import type { NotebookView } from './notebook-view.ts'
import { leadLevel } from './outline.ts'
import { chosen, step } from './selection.ts'

type Copied = {
  readonly from: NotebookView
  readonly id: string
  readonly kind: CellKind
  readonly source: string
  readonly metadata: JsonObject
}
let clipboard: readonly Copied[] = []

/** nbformat allows 1–64 of [a-zA-Z0-9-_]; eight hex digits is what nbformat itself makes. */
export const newCellId = (): string => crypto.randomUUID().slice(0, 8)

export const chosenCells = (view: NotebookView): readonly string[] => chosen(view.selection.get(), view.doc.order)

export async function insertCell(
  view: NotebookView,
  where: 'above' | 'below',
  kind: CellKind = 'code',
  mode: 'command' | 'edit' = 'command',
  at?: string,
): Promise<void> {
  const { order } = view.doc
  const near = at ?? view.selection.get().active
  const index = near === null ? order.length - 1 : order.indexOf(near)
  const after = where === 'below' ? (order[index] ?? null) : (order[index - 1] ?? null)
  const id = newCellId()
  const applied = view.attempt(() =>
    view.model.apply('Insert cell', [{ op: 'insert-cell', after, cell: { id, kind, source: '' } }]),
  )
  if (kind === 'markdown') openMarkdown(view, [id], true)
  view.choose(id, mode)
  await applied
}

export async function deleteCells(
  view: NotebookView,
  ids: readonly string[] = chosenCells(view),
  word = 'deleted',
): Promise<void> {
  const { order } = view.doc
  if (ids.length === 0) return
  const ops: NotebookOp[] = ids.map((cell) => ({ op: 'delete-cell', cell }))
  // A notebook is never without a cell to type in.
  const fresh = newCellId()
  if (ids.length >= order.length) ops.push({ op: 'insert-cell', after: null, cell: { id: fresh, kind: 'code', source: '' } })
  const first = order.indexOf(ids[0] ?? '')
  const gone = new Set(ids)
  const next = order.slice(first).find((id) => !gone.has(id)) ?? order.slice(0, first).findLast((id) => !gone.has(id)) ?? fresh
  const applied = view.attempt(() => view.model.apply(ids.length === 1 ? 'Delete cell' : 'Delete cells', ops))
  view.choose(next)
  view.say(`${plural(ids.length, 'cell')} ${word}.`, { title: 'Undo', run: () => void undo(view) })
  await applied
}

export function copyCells(view: NotebookView): void {
  clipboard = chosenCells(view).flatMap((id) => {
    const cell = view.cell(id)
    return cell === undefined ? [] : [{ from: view, id, kind: cell.kind, source: view.model.text(id), metadata: cell.metadata }]
  })
  // The text also goes where other programs find it; a browser may refuse, then it stays within Updraft.
  navigator.clipboard?.writeText(clipboard.map((c) => c.source).join('\n\n')).catch(() => {})
}
export async function cutCells(view: NotebookView): Promise<void> {
  copyCells(view)
  await deleteCells(view, chosenCells(view), 'cut')
}
export async function pasteCells(view: NotebookView, where: 'above' | 'below'): Promise<void> {
  if (clipboard.length === 0) return
  const order = view.doc.order
  const all = chosenCells(view)
  const last = all[all.length - 1]
  let after: string | null =
    where === 'below' ? (last ?? order[order.length - 1] ?? null) : (order[order.indexOf(all[0] ?? '') - 1] ?? null)
  const ids: string[] = []
  const ops = clipboard.map((c): NotebookOp => {
    const id = newCellId()
    ids.push(id)
    const op: NotebookOp = {
      op: 'insert-cell',
      after,
      cell: { id, kind: c.kind, source: c.source, metadata: c.metadata, ...(c.from === view ? { outputsOf: c.id } : {}) },
    }
    after = id
    return op
  })
  const applied = view.attempt(() => view.model.apply(ids.length === 1 ? 'Paste cell' : 'Paste cells', ops))
  view.selection.set({ active: ids[ids.length - 1] ?? null, anchor: ids[0] ?? null, mode: 'command' })
  view.focus()
  await applied
}

/** Moves the chosen cells by one place. */
export async function moveCells(view: NotebookView, by: -1 | 1): Promise<void> {
  const visible = view.visible()
  const ids = chosenCells(view)
  const first = visible.indexOf(ids[0] ?? '')
  const last = visible.indexOf(ids[ids.length - 1] ?? '')
  const target = by < 0 ? first - 2 : last + 1
  if (by < 0 ? first <= 0 : last < 0 || last >= visible.length - 1) return
  await moveAfter(view, ids, visible[target] ?? null)
}
/** Puts cells, in their order, behind `after` (null: at the top). */
export async function moveAfter(view: NotebookView, ids: readonly string[], after: string | null): Promise<void> {
  if (ids.length === 0 || (after !== null && ids.includes(after))) return
  let behind = after
  const ops = ids.map((cell): NotebookOp => {
    const op: NotebookOp = { op: 'move-cell', cell, after: behind }
    behind = cell
    return op
  })
  const applied = view.attempt(() => view.model.apply(ids.length === 1 ? 'Move cell' : 'Move cells', ops))
  view.focus()
  await applied
}

/** Splits the cell at the cursor (or at each end of a selection). `offsets` are UTF-16 units of its text. */
export async function splitCell(view: NotebookView, id: string, offsets: readonly number[]): Promise<void> {
  const cell = view.cell(id)
  if (cell === undefined) return
  await view.attempt(async () => {
    const text = view.model.text(id)
    const cuts = [...new Set(offsets)].sort((a, b) => a - b)
    const parts = [0, ...cuts]
      .map((from, i) => text.slice(from, cuts[i] ?? text.length))
      .map((part, i, all) => {
        const head = i > 0 ? part.replace(/^\n/, '') : part
        return i < all.length - 1 ? head.replace(/\n$/, '') : head
      })
    let after = id
    const ops = parts.slice(1).map((source): NotebookOp => {
      const op: NotebookOp = { op: 'insert-cell', after, cell: { id: newCellId(), kind: cell.kind, source } }
      after = op.cell.id
      return op
    })
    const applied = view.model.apply('Split cell', ops, { [id]: parts[0] ?? '' })
    if (cell.kind === 'markdown')
      openMarkdown(
        view,
        ops.map((op) => (op.op === 'insert-cell' ? op.cell.id : '')),
        true,
      )
    await applied
    view.choose(after, 'edit')
  })
}

/** Merges the chosen cells; with one chosen, with the one above or below. The first keeps its id, kind and outputs of the last. */
export async function mergeCells(view: NotebookView, which: 'chosen' | 'above' | 'below'): Promise<void> {
  const { order } = view.doc
  let ids = chosenCells(view)
  const at = order.indexOf(ids[0] ?? '')
  if (which === 'above') ids = order.slice(Math.max(0, at - 1), at + 1)
  else if (which === 'below' || ids.length === 1) ids = order.slice(at, at + 2)
  const [first, ...rest] = ids
  if (first === undefined || rest.length === 0) return
  const text = ids.map((id) => view.model.text(id)).join('\n\n')
  view.choose(first)
  await view.attempt(() =>
    view.model.apply(
      'Merge cells',
      rest.map((cell) => ({ op: 'delete-cell', cell })),
      { [first]: text },
    ),
  )
}

export async function setKind(view: NotebookView, kind: CellKind): Promise<void> {
  const ids = chosenCells(view).filter((id) => view.cell(id)?.kind !== kind)
  if (kind === 'markdown') openMarkdown(view, ids, true)
  if (ids.length > 0)
    await view.attempt(() =>
      view.model.apply(
        'Change cell type',
        ids.map((cell) => ({ op: 'set-kind', cell, kind })),
      ),
    )
}
/** Makes the chosen cells markdown headings of a level. */
export async function setHeading(view: NotebookView, level: number): Promise<void> {
  const ids = chosenCells(view)
  const edits = Object.fromEntries(ids.map((id) => [id, `${'#'.repeat(level)} ${view.model.text(id).replace(/^\s*#*\s*/, '')}`]))
  const ops = ids
    .filter((id) => view.cell(id)?.kind !== 'markdown')
    .map((cell): NotebookOp => ({ op: 'set-kind', cell, kind: 'markdown' }))
  openMarkdown(view, ids, true)
  await view.attempt(() => view.model.apply('Make heading', ops, edits))
}

/** Shows markdown cells as source (true) or rendered. */
export function openMarkdown(view: NotebookView, ids: readonly string[], open: boolean): void {
  const now = new Set(view.opened.get())
  for (const id of ids) {
    if (open) now.add(id)
    else now.delete(id)
  }
  view.opened.set(now)
}

/** Folds or unfolds the section of the active heading (or of the heading above it). */
export function foldHeading(view: NotebookView, fold: boolean, all = false): void {
  const { order, cells } = view.doc
  const lead = (id: string): number | undefined => {
    const cell = cells[id]
    return cell === undefined ? undefined : leadLevel({ id, kind: cell.kind, source: view.model.text(id) })
  }
  const now = new Set(view.collapsed.get())
  if (all) for (const id of order) fold && lead(id) !== undefined ? now.add(id) : now.delete(id)
  else {
    const at = order.indexOf(view.selection.get().active ?? '')
    const heading = order.slice(0, at + 1).findLast((id) => lead(id) !== undefined)
    if (heading === undefined) return
    if (fold) {
      now.add(heading)
      view.choose(heading)
    } else now.delete(heading)
  }
  view.collapsed.set(now)
}

/** A flag of Jupyter's own in the metadata: `jupyter.source_hidden`, `jupyter.outputs_hidden`, `scrolled`. */
export async function toggleFlag(
  view: NotebookView,
  flag: 'source_hidden' | 'outputs_hidden' | 'scrolled',
  ids: readonly string[] = chosenCells(view),
): Promise<void> {
  const ops = ids.flatMap((id): NotebookOp[] => {
    const cell = view.cell(id)
    if (cell === undefined) return []
    return [{ op: 'set-cell-metadata', cell: id, metadata: withFlag(cell.metadata, flag) }]
  })
  await view.attempt(() => view.model.apply('Fold cell', ops))
}
function withFlag(metadata: JsonObject, flag: string): JsonObject {
  if (flag === 'scrolled') {
    const { scrolled, ...rest } = metadata
    return scrolled === true ? rest : { ...rest, scrolled: true }
  }
  const { jupyter, ...rest } = metadata
  const { [flag]: was, ...others } = isObject(jupyter) ? jupyter : {}
  const next: JsonObject = was === true ? others : { ...others, [flag]: true }
  return Object.keys(next).length === 0 ? rest : { ...rest, jupyter: next }
}
const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const hasFlag = (metadata: JsonObject, flag: 'source_hidden' | 'outputs_hidden'): boolean => {
  const jupyter = metadata['jupyter']
  return isObject(jupyter) && jupyter[flag] === true
}

export function stepCell(view: NotebookView, by: number, extend = false): void {
  const next = step(view.selection.get(), view.visible(), by, extend)
  view.selection.set(next)
  view.focus()
}
export function chooseAll(view: NotebookView): void {
  const { order } = view.doc
  view.selection.set({ active: order[order.length - 1] ?? null, anchor: order[0] ?? null, mode: 'command' })
  view.focus()
}

export async function undo(view: NotebookView): Promise<void> {
  await view.attempt(async () => {
    await view.model.flush()
    await view.link.call('notebook.undo', { notebook: view.id })
  })
}
export async function redo(view: NotebookView): Promise<void> {
  await view.attempt(async () => {
    await view.model.flush()
    await view.link.call('notebook.redo', { notebook: view.id })
  })
}
