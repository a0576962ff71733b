// The window's half of an open text file: typing never waits. What the engine confirmed, one edit under way, and what is typed since; edits
// of others are laid under ours. Pure but for the call it is given: no DOM, no clock.
import { type Problem, toProblem } from '../../engine/contract/problem.ts'
import { applyEdit, diffEdit, rebaseEdit, type TextEdit } from '../../engine/contract/text-edit.ts'
import type { FileChange, FileState } from '../../engine/contract/topics/workspace.ts'

export type SendEdit = (input: {
  readonly version: number
  readonly edit: TextEdit
  readonly by: string
  readonly serial: number
}) => Promise<unknown>

export type TextModelOptions = {
  readonly by: string
  readonly send: SendEdit
  /** Somebody else changed the text: the editor must follow. */
  readonly onForeign: (edit: TextEdit) => void
  readonly onProblem: (problem: Problem | undefined) => void
}

type Sent = { edit: TextEdit; readonly serial: number; lost: boolean }

export class TextModel {
  readonly #options: TextModelOptions
  #base: string
  #version: number
  #local: string
  #sent: Sent | undefined
  #serial = 0
  #refused = false

  constructor(state: FileState, options: TextModelOptions) {
    this.#options = options
    this.#base = this.#local = state.text
    this.#version = state.version
  }

  get text(): string {
    return this.#local
  }
  /** Text that the engine does not have yet. */
  get pending(): boolean {
    return this.#local !== this.#base
  }

  /** The user typed: `text` is what the editor shows now. */
  type(text: string): void {
    this.#local = text
    this.#flush()
  }

  /** Changes from the feed, in order. */
  take(changes: readonly FileChange[]): void {
    for (const change of changes) {
      if (change.type === 'edited') {
        if (change.by === this.#options.by && change.serial === this.#sent?.serial) this.#confirm(change.edit)
        else this.#foreign(change.edit)
        this.#version = change.version
      } else if (change.type === 'replaced') {
        this.#foreign(diffEdit(this.#base, change.text))
        this.#base = change.text
        this.#version = change.version
      }
    }
    this.#flush()
  }

  /** A fresh snapshot (first, or after a long absence of the engine). */
  snapshot(state: FileState): void {
    const sent = this.#sent
    this.#sent = undefined
    // The edit under way may have arrived although its answer did not: then the engine's text already has it.
    if (sent !== undefined && applyEdit(this.#base, sent.edit) === state.text) this.#base = state.text
    else this.#foreign(diffEdit(this.#base, state.text))
    this.#base = state.text
    this.#version = state.version
    this.#flush()
  }

  /** The link is back and what was missed has been folded: what was not confirmed is sent again. */
  resend(): void {
    if (this.#sent?.lost) this.#sent = undefined
    this.#refused = false
    this.#flush()
  }

  #confirm(edit: TextEdit): void {
    this.#base = applyEdit(this.#base, edit)
    this.#sent = undefined
    this.#options.onProblem(undefined)
  }

  #foreign(theirs: TextEdit): void {
    if (theirs.length === 0) return
    const ours = diffEdit(this.#base, this.#local)
    // The engine lays our edits over theirs with `second: true`; so does this side, and the texts stay the same.
    const shown = rebaseEdit(theirs, ours, false)
    if (this.#sent !== undefined) this.#sent.edit = rebaseEdit(this.#sent.edit, theirs, true)
    this.#base = applyEdit(this.#base, theirs)
    this.#local = applyEdit(this.#local, shown)
    this.#options.onForeign(shown)
  }

  #flush(): void {
    if (this.#sent !== undefined || this.#refused || this.#local === this.#base) return
    const sent: Sent = { edit: diffEdit(this.#base, this.#local), serial: ++this.#serial, lost: false }
    this.#sent = sent
    this.#options
      .send({ version: this.#version, edit: sent.edit, by: this.#options.by, serial: sent.serial })
      .catch((error: unknown) => {
        const problem = toProblem(error, console.error)
        sent.lost = true
        if (problem.code === 'unreachable' || problem.code === 'busy') return
        // Refused: nothing more is sent until the user has seen why. The text stays in the editor.
        if (this.#sent === sent) this.#sent = undefined
        this.#refused = true
        this.#options.onProblem(problem)
      })
  }
}
