// What can be told of operations and changes by looking at them: a step's title, whether it is typing, whether it must survive the engine.
import type { NotebookOp, NotebookStep } from '../contract/topics/notebook.ts'

export const sameEdit = (a: NotebookStep, b: NotebookStep): boolean =>
  a.type === 'source-edited' &&
  b.type === 'source-edited' &&
  a.cell === b.cell &&
  JSON.stringify(a.edit) === JSON.stringify(b.edit)

/** Changes that must survive the engine; the rest (save state, kernel, queue, remarks) is made anew when the file is opened. */
export function isLasting(change: NotebookStep): boolean {
  if (change.type === 'notebook-changed') return change.set.metadata !== undefined || change.set.away !== undefined
  return change.type !== 'input-requested'
}

/** The one cell that all operations type into, if they do nothing else: such steps grow together until there is a pause. */
export function typingIn(ops: readonly NotebookOp[]): string | undefined {
  const first = ops[0]
  if (first?.op !== 'edit-source') return undefined
  return ops.every((op) => op.op === 'edit-source' && op.cell === first.cell) ? first.cell : undefined
}
export function typingInChanges(changes: readonly NotebookStep[]): string | undefined {
  const first = changes[0]
  if (first?.type !== 'source-edited') return undefined
  return changes.every((c) => c.type === 'source-edited' && c.cell === first.cell) ? first.cell : undefined
}

const TITLES: { readonly [op in NotebookOp['op']]: string } = {
  'edit-source': 'Typing',
  'insert-cell': 'Insert cell',
  'delete-cell': 'Delete cell',
  'move-cell': 'Move cell',
  'set-kind': 'Change cell type',
  'set-cell-metadata': 'Change cell metadata',
  'set-metadata': 'Change notebook metadata',
  'clear-outputs': 'Clear outputs',
}
export function titleOf(ops: readonly NotebookOp[]): string {
  const kinds = [...new Set(ops.map((op) => op.op))]
  const [only] = kinds
  return only === undefined || kinds.length > 1
    ? 'Edit cells'
    : ops.length > 1 && only !== 'edit-source' && only !== 'set-metadata'
      ? `${TITLES[only]}s`
      : TITLES[only]
}

/** Runs are not in the file; a change that only tells of one does not make it dirty. */
export function isInFile(change: NotebookStep): boolean {
  if (change.type === 'cell-changed')
    return change.kind !== undefined || change.metadata !== undefined || change.count !== undefined
  return change.type !== 'notebook-changed' || change.set.metadata !== undefined
}
