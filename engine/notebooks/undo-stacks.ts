// Undo and redo of a notebook: two bounded stacks of titled steps, shared by all its windows. Typing in one cell grows into one step
// until there is a pause. Knows nothing of how a step is carried out.
import { composeEdits } from '../contract/text-edit.ts'
import type { NotebookStep } from '../contract/topics/notebook.ts'

export type StepKind = 'edit' | 'undo' | 'redo'
/** A change that takes another back. `leadsTo`: for a text, the version whose text is there again afterwards. */
export type Inverse = NotebookStep & { readonly leadsTo?: number }
export type Step = {
  readonly title: string
  /** Changes that take the step back, in the order in which they are folded. */
  readonly inverse: readonly Inverse[]
  readonly atMs: number
  /** The cell that was typed into, when the step did nothing else. */
  readonly typing?: string | undefined
}

/** A pause this long ends a step of typing. */
const PAUSE_MS = 1000
const MAX_STEPS = 1000

export class UndoStacks {
  readonly #undo: Step[] = []
  readonly #redo: Step[] = []
  #dropped = false

  get titles(): { readonly undo?: string; readonly redo?: string } {
    const undo = this.#undo.at(-1)?.title
    const redo = this.#redo.at(-1)?.title
    return { ...(undo === undefined ? {} : { undo }), ...(redo === undefined ? {} : { redo }) }
  }

  /** Deleted cells that a step can still bring back. */
  heldCells(): Set<string> {
    return new Set(
      [...this.#undo, ...this.#redo].flatMap((step) =>
        step.inverse.flatMap((c) => (c.type === 'cell-inserted' ? [c.cell.id] : [])),
      ),
    )
  }

  /** Were steps forgotten since this was last asked? Only then can a deleted cell have become unreachable. */
  takeDropped(): boolean {
    const dropped = this.#dropped
    this.#dropped = false
    return dropped
  }

  push(step: Step): void {
    if (this.#redo.length > 0) this.#dropped = true
    this.#redo.length = 0
    const last = this.#undo.at(-1)
    const grown = last === undefined ? undefined : grow(last, step)
    if (grown === undefined) this.#undo.push(step)
    else this.#undo[this.#undo.length - 1] = grown
    if (this.#undo.length > MAX_STEPS) {
      this.#undo.splice(0, this.#undo.length - MAX_STEPS)
      this.#dropped = true
    }
  }

  take(direction: 'undo' | 'redo'): Step | undefined {
    return (direction === 'undo' ? this.#undo : this.#redo).pop()
  }

  /** A step was taken back; `step` says how to do it again. It never grows: typing after an undo is a new step. */
  turned(direction: 'undo' | 'redo', step: Step): void {
    ;(direction === 'undo' ? this.#redo : this.#undo).push({ title: step.title, inverse: step.inverse, atMs: step.atMs })
  }
}

function grow(last: Step, step: Step): Step | undefined {
  if (last.typing === undefined || last.typing !== step.typing || last.title !== step.title || step.atMs - last.atMs >= PAUSE_MS)
    return undefined
  const [newer] = step.inverse
  const [older] = last.inverse
  if (
    step.inverse.length !== 1 ||
    last.inverse.length !== 1 ||
    newer?.type !== 'source-edited' ||
    older?.type !== 'source-edited'
  )
    return undefined
  // `older` was made on the version that `newer` leads back to; an edit of another kind in between ends the step.
  if (older.version !== newer.version - 1) return undefined
  const leadsTo = older.leadsTo === undefined ? {} : { leadsTo: older.leadsTo }
  return { ...step, inverse: [{ ...newer, ...leadsTo, edit: composeEdits(newer.edit, older.edit) }] }
}
