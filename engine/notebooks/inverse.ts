// The inverse of each change of a notebook: what undo is made of. Pure; leans on the state before the change.
import { invertEdit } from '../contract/text-edit.ts'
import type { Cell, NotebookState, NotebookStep } from '../contract/topics/notebook.ts'

/** The changes that lead from the state after `change` back to `before`; empty for what undo leaves alone (results, save state). */
export function invertChange(before: NotebookState, change: NotebookStep): readonly NotebookStep[] {
  switch (change.type) {
    case 'source-edited': {
      const cell = cellOf(before, change.cell)
      return cell === undefined
        ? []
        : [{ type: 'source-edited', cell: cell.id, version: change.version + 1, edit: invertEdit(cell.source, change.edit) }]
    }
    case 'cell-inserted':
      return cellOf(before, change.cell.id) === undefined ? [{ type: 'cell-deleted', cell: change.cell.id }] : []
    case 'cell-deleted': {
      const cell = cellOf(before, change.cell)
      return cell === undefined ? [] : [{ type: 'cell-inserted', after: predecessor(before, cell.id), cell }]
    }
    case 'cell-moved':
      return cellOf(before, change.cell) === undefined
        ? []
        : [{ type: 'cell-moved', cell: change.cell, after: predecessor(before, change.cell) }]
    case 'cell-changed': {
      const cell = cellOf(before, change.cell)
      if (cell === undefined) return []
      return [
        {
          type: 'cell-changed',
          cell: cell.id,
          ...(change.kind === undefined ? {} : { kind: cell.kind }),
          ...(change.metadata === undefined ? {} : { metadata: cell.metadata }),
          ...(change.count === undefined ? {} : { count: cell.count }),
          ...(change.run === undefined ? {} : { run: cell.run ?? null }),
        },
      ]
    }
    case 'outputs-set': {
      const cell = cellOf(before, change.cell)
      return cell === undefined ? [] : [{ type: 'outputs-set', cell: cell.id, outputs: cell.outputs }]
    }
    case 'notebook-changed':
      return change.set.metadata === undefined ? [] : [{ type: 'notebook-changed', set: { metadata: before.metadata } }]
    case 'output-added':
    case 'output-replaced':
    case 'stream-appended':
    case 'stream-grew':
    case 'input-requested':
      return []
    default:
      change satisfies never
      return []
  }
}

const cellOf = (state: NotebookState, id: string): Cell | undefined =>
  Object.hasOwn(state.cells, id) ? state.cells[id] : undefined

function predecessor(state: NotebookState, id: string): string | null {
  return state.order[state.order.indexOf(id) - 1] ?? null
}
