// What a structural operation will most likely do to the document: shown at once, dropped when the engine's own change says the same. Pure.
import type { Cell, NotebookChange, NotebookOp, NotebookState } from '../../engine/contract/topics/notebook.ts'

/** The change the engine will most likely make of an operation: shown until it says so itself. */
export function guessOf(state: NotebookState, op: NotebookOp): NotebookChange | undefined {
  switch (op.op) {
    case 'edit-source':
      return undefined // texts are laid over by `text`, not by guesses
    case 'insert-cell': {
      const outputs = op.cell.outputsOf === undefined ? [] : (state.cells[op.cell.outputsOf]?.outputs ?? [])
      const cell: Cell = {
        id: op.cell.id,
        kind: op.cell.kind,
        source: op.cell.source,
        version: 0,
        metadata: op.cell.metadata ?? {},
        outputs,
        count: null,
      }
      return { type: 'cell-inserted', after: op.after, cell }
    }
    case 'delete-cell':
      return { type: 'cell-deleted', cell: op.cell }
    case 'move-cell':
      return { type: 'cell-moved', cell: op.cell, after: op.after }
    case 'set-kind':
      return { type: 'cell-changed', cell: op.cell, kind: op.kind }
    case 'set-cell-metadata':
      return { type: 'cell-changed', cell: op.cell, metadata: op.metadata }
    case 'clear-outputs':
      return { type: 'outputs-set', cell: op.cell, outputs: [] }
    case 'set-metadata':
      return { type: 'notebook-changed', set: { metadata: op.metadata } }
    default:
      op satisfies never
      return undefined
  }
}

/** Does the confirmed document already show what was guessed? Then the guess has done its duty. */
export function isTrue(state: NotebookState, change: NotebookChange): boolean {
  switch (change.type) {
    case 'cell-inserted':
      return state.cells[change.cell.id] !== undefined
    case 'cell-deleted':
      return state.cells[change.cell] === undefined
    case 'cell-moved':
      return (state.order[state.order.indexOf(change.cell) - 1] ?? null) === change.after || !state.order.includes(change.cell)
    case 'cell-changed': {
      const cell = state.cells[change.cell]
      if (cell === undefined) return true
      return (
        (change.kind === undefined || cell.kind === change.kind) &&
        (change.metadata === undefined || JSON.stringify(cell.metadata) === JSON.stringify(change.metadata))
      )
    }
    case 'outputs-set':
      return (state.cells[change.cell]?.outputs.length ?? 0) === 0
    default:
      return true
  }
}
