// The window's half of a notebook: what the engine confirmed, what is typed and not yet confirmed, and both laid over each other.
// Typing changes the local text at once; one batch is under way to the engine, later keystrokes wait in the difference between what was
// sent and what is shown. Changes of others are rebased under ours. Leans on contract/text-edit.ts and the shared reducer; no DOM, no clock.
import { type Problem, ProblemError, toProblem } from '../../engine/contract/problem.ts'
import { applyEdit, diffEdit, rebaseEdit, type TextEdit } from '../../engine/contract/text-edit.ts'
import {
  type NotebookChange,
  type NotebookOp,
  type NotebookState,
  reduceNotebook,
} from '../../engine/contract/topics/notebook.ts'
import { guessOf, isTrue } from './guess.ts'

export type EditCall = (input: {
  ops: NotebookOp[]
  title?: string
  by: string
  serial: number
}) => Promise<{ versions: Record<string, number> }>

/** What an open editor must do to its text because somebody else edited the cell. */
export type TextListener = (cell: string, edit: TextEdit) => void

/** Text of a cell that differs from the confirmed one. `sent` is an edit of the confirmed text that is under way. */
type Pending = { text: string; sent?: { edit: TextEdit; serial: number } }
/** A structural change shown before the engine confirmed it. */
type Guess = { change: NotebookChange; wish: Wish; confirmsAfterAnswer: number }
type Batch = { serial: number; cells: string[]; versions?: Record<string, number> }
type Wish = { ops: readonly NotebookOp[]; title: string; answered: boolean; done: () => void; failed: (problem: Problem) => void }

const FINAL = new Set(['invalid', 'denied', 'missing'])

export class NotebookModel {
  #confirmed: NotebookState
  #view: NotebookState
  readonly #pending = new Map<string, Pending>()
  #guesses: Guess[] = []
  readonly #wishes: Wish[] = []
  #batch: Batch | undefined
  #serial = 0
  /** Set when the engine refused our text for good: nothing more is sent until `retry`. */
  #refused: Problem | undefined
  #waiting = false
  readonly #listeners = new Set<() => void>()
  readonly #textListeners = new Set<TextListener>()
  readonly #flushers: (() => void)[] = []
  readonly #call: EditCall
  /** Names this window in edits, so that it knows its own when they come back. */
  readonly by: string

  constructor(state: NotebookState, call: EditCall, by: string) {
    this.#confirmed = state
    this.#view = state
    this.#call = call
    this.by = by
  }

  /** The document as it is shown: confirmed, plus structural changes under way. Sources of cells being typed in: ask `text`. */
  get view(): NotebookState {
    return this.#view
  }
  get refused(): Problem | undefined {
    return this.#refused
  }
  /** A batch was lost on the way; `retry` sends it again (the store does, when the wire is back or after a second). */
  get stalled(): boolean {
    return this.#waiting
  }
  get idle(): boolean {
    return this.#batch === undefined && this.#wishes.length === 0 && this.#pending.size === 0
  }
  text(cell: string): string {
    return this.#pending.get(cell)?.text ?? this.#view.cells[cell]?.source ?? ''
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  onText(listener: TextListener): () => void {
    this.#textListeners.add(listener)
    return () => this.#textListeners.delete(listener)
  }

  /** The user's text of a cell, whole. Never waits. */
  type(cell: string, text: string): void {
    const pending = this.#pending.get(cell)
    if (pending !== undefined) pending.text = text
    else if (text !== this.#base(cell)) this.#pending.set(cell, { text })
    this.#pump()
  }

  /** Resolves when everything typed so far is confirmed (or refused). */
  async flush(): Promise<void> {
    this.#pump()
    if (this.idle || this.#refused !== undefined) return
    await new Promise<void>((resolve) => this.#flushers.push(resolve))
  }

  /**
   * One undo step of structural operations. Shown at once, sent after what was typed before. `edits` are whole new texts of cells
   * that belong to the same step (split, merge). Rejects with a Problem when the engine refuses; the guess is then taken back.
   */
  async apply(title: string, ops: readonly NotebookOp[], edits: Readonly<Record<string, string>> = {}): Promise<void> {
    // Whole new texts are differences from the confirmed text, so nothing may be under way when they are made.
    if (Object.keys(edits).length > 0) while (!this.idle && this.#refused === undefined) await this.flush()
    const texts: NotebookOp[] = Object.entries(edits).flatMap(([cell, text]) => {
      const now = this.#confirmed.cells[cell]
      const edit = now === undefined ? [] : diffEdit(now.source, text)
      return now === undefined || edit.length === 0 ? [] : [{ op: 'edit-source' as const, cell, version: now.version, edit }]
    })
    const all = [...texts, ...ops]
    if (all.length === 0) return
    await new Promise<void>((resolve, reject) => {
      const wish: Wish = {
        ops: all,
        title,
        answered: false,
        done: resolve,
        failed: (problem) => reject(new ProblemError(problem)),
      }
      this.#wishes.push(wish)
      for (const op of ops) this.#guess(op, wish)
      this.#changed()
      this.#pump()
    })
  }

  /** Changes of the feed, in order; `folded` is the state they lead to, if the caller has it (saves folding a flood twice). */
  confirm(changes: readonly NotebookChange[], folded?: NotebookState): void {
    if (folded === undefined) for (const change of changes) this.#confirmOne(change)
    else this.#follow(changes, folded)
    // A guess that never comes true as foreseen (the engine normalised it) goes with the second batch after its answer.
    for (const guess of this.#guesses) if (guess.wish.answered) guess.confirmsAfterAnswer++
    this.#settle()
  }

  /** The whole state again: after a reconnect, or because this window was too slow. */
  snapshot(state: NotebookState): void {
    const before = this.#confirmed
    this.#confirmed = state
    for (const [cell, pending] of this.#pending) {
      const old = before.cells[cell]?.source
      const now = state.cells[cell]?.source
      if (now === undefined || old === undefined) continue
      const sent = pending.sent === undefined ? old : applyEdit(old, pending.sent.edit)
      // Our edit under way is in the snapshot when the text is what we sent; otherwise it is rebased and sent again.
      const arrived = pending.sent !== undefined && now === sent
      this.#rebase(
        cell,
        pending,
        arrived ? sent : old,
        arrived ? [] : diffEdit(old, now),
        arrived ? [] : (pending.sent?.edit ?? []),
      )
      delete pending.sent
      if (pending.text === now) this.#pending.delete(cell)
    }
    for (const [cell, was] of Object.entries(before.cells)) {
      const now = state.cells[cell]
      if (now !== undefined && now.source !== was.source && !this.#pending.has(cell))
        this.#say(cell, diffEdit(was.source, now.source))
    }
    this.#waiting = false
    this.#settle()
  }

  /** The wire is back, or the user asked: what was refused or lost on the way is sent again. */
  retry(): void {
    this.#refused = undefined
    this.#waiting = false
    if (this.#batch === undefined) for (const cell of this.#pending.keys()) this.#forgetSent(cell)
    this.#pump()
    this.#changed()
  }

  #forgetSent(cell: string): void {
    const pending = this.#pending.get(cell)
    if (pending !== undefined) delete pending.sent
  }

  #base(cell: string): string | undefined {
    return this.#confirmed.cells[cell]?.source ?? this.#view.cells[cell]?.source
  }

  #confirmOne(change: NotebookChange): void {
    this.#follow([change], reduceNotebook(this.#confirmed, change))
  }

  /** Takes the state as it was folded (folding again costs 2 ms a change at 5,000 cells) and follows the texts through the changes. */
  #follow(changes: readonly NotebookChange[], folded: NotebookState): void {
    const before = this.#confirmed
    const texts = new Map<string, string | undefined>()
    for (const change of changes.flatMap((c) => (c.type === 'batch' ? c.changes : [c]))) {
      if (change.type === 'cell-inserted') texts.set(change.cell.id, change.cell.source)
      else if (change.type === 'cell-deleted') {
        texts.set(change.cell, undefined)
        this.#pending.delete(change.cell)
      } else if (change.type === 'source-edited') {
        const old = texts.has(change.cell) ? texts.get(change.cell) : before.cells[change.cell]?.source
        if (old === undefined) continue
        const now = applyEdit(old, change.edit)
        texts.set(change.cell, now)
        this.#confirmEdit(change, old, now)
      }
    }
    this.#confirmed = folded
  }

  #confirmEdit(change: NotebookChange & { type: 'source-edited' }, old: string, now: string): void {
    const pending = this.#pending.get(change.cell)
    if (pending === undefined) {
      if (old !== now) this.#say(change.cell, change.edit)
      return
    }
    if (change.by === this.by && pending.sent !== undefined && change.serial === pending.sent.serial) {
      const sent = applyEdit(old, pending.sent.edit)
      delete pending.sent
      // Where the engine placed our edit differently than we foresaw, its order counts: the rest is treated as somebody's edit.
      this.#rebase(change.cell, pending, sent, diffEdit(sent, now), [])
    } else {
      this.#rebase(change.cell, pending, old, change.edit, pending.sent?.edit ?? [])
    }
    if (pending.sent === undefined && pending.text === now) this.#pending.delete(change.cell)
  }

  /** Lays `remote` (an edit of `base`) under our edit under way and under what is typed on top of it. */
  #rebase(cell: string, pending: Pending, base: string, remote: TextEdit, sent: TextEdit): void {
    if (remote.length === 0) return
    const middle = applyEdit(base, sent)
    const typed = diffEdit(middle, pending.text)
    const overSent = rebaseEdit(remote, sent, false)
    const overTyped = rebaseEdit(overSent, typed, false)
    if (pending.sent !== undefined) pending.sent = { ...pending.sent, edit: rebaseEdit(sent, remote, true) }
    pending.text = applyEdit(pending.text, overTyped)
    this.#say(cell, overTyped)
  }

  #say(cell: string, edit: TextEdit): void {
    for (const listener of this.#textListeners) listener(cell, edit)
  }

  #guess(op: NotebookOp, wish: Wish): void {
    const change = guessOf(this.#view, op)
    if (change === undefined) return
    this.#guesses.push({ change, wish, confirmsAfterAnswer: 0 })
    this.#view = reduceNotebook(this.#view, change)
  }

  #settle(): void {
    const batch = this.#batch
    if (batch?.versions !== undefined) {
      const open = batch.cells.filter((cell) => {
        const pending = this.#pending.get(cell)
        const version = batch.versions?.[cell]
        if (pending?.sent?.serial !== batch.serial) return false
        const now = this.#confirmed.cells[cell]
        if (now === undefined || version === undefined || now.version >= version) {
          delete pending.sent
          if (now === undefined || now.source === pending.text) this.#pending.delete(cell)
          return false
        }
        return true
      })
      if (open.length === 0) this.#batch = undefined
    }
    this.#guesses = this.#guesses.filter((g) => g.confirmsAfterAnswer < 2 && !isTrue(this.#confirmed, g.change))
    this.#changed()
    this.#pump()
  }

  #changed(): void {
    this.#view = this.#guesses.reduce((state, g) => reduceNotebook(state, g.change), this.#confirmed)
    for (const listener of this.#listeners) listener()
    if (this.idle || this.#refused !== undefined) for (const resolve of this.#flushers.splice(0)) resolve()
  }

  #pump(): void {
    if (this.#batch !== undefined || this.#waiting || this.#refused !== undefined) return
    const typed = this.#typed()
    if (typed.length > 0) void this.#send(typed)
    else {
      const wish = this.#wishes.shift()
      if (wish !== undefined) void this.#send(wish.ops, wish)
    }
  }

  /** Everything typed and not sent, as edits of the confirmed texts. A cell the engine does not know yet waits for its insertion. */
  #typed(): NotebookOp[] {
    const ops: NotebookOp[] = []
    for (const [cell, pending] of this.#pending) {
      const now = this.#confirmed.cells[cell]
      if (now === undefined) continue
      const edit = diffEdit(now.source, pending.text)
      if (edit.length === 0) this.#pending.delete(cell)
      else ops.push({ op: 'edit-source', cell, version: now.version, edit })
    }
    return ops
  }

  async #send(ops: readonly NotebookOp[], wish?: Wish): Promise<void> {
    const serial = ++this.#serial
    const batch: Batch = { serial, cells: [] }
    for (const op of ops) {
      if (op.op !== 'edit-source') continue
      batch.cells.push(op.cell)
      const source = this.#confirmed.cells[op.cell]?.source ?? ''
      const pending = this.#pending.get(op.cell) ?? { text: applyEdit(source, op.edit) }
      if (!this.#pending.has(op.cell)) this.#say(op.cell, op.edit)
      pending.sent = { edit: op.edit, serial }
      this.#pending.set(op.cell, pending)
    }
    this.#batch = batch
    if (wish !== undefined) this.#changed()
    try {
      const { versions } = await this.#call({
        ops: [...ops],
        by: this.by,
        serial,
        ...(wish === undefined ? {} : { title: wish.title }),
      })
      batch.versions = versions
      if (wish !== undefined) wish.answered = true
      wish?.done()
    } catch (error) {
      this.#fail(batch, ops, wish, problemOf(error))
    }
    this.#settle()
  }

  #fail(batch: Batch, ops: readonly NotebookOp[], wish: Wish | undefined, problem: Problem): void {
    if (this.#batch === batch) this.#batch = undefined
    if (wish !== undefined) {
      // A structural wish is not repeated: the user sees it undone and why.
      this.#guesses = this.#guesses.filter((g) => g.wish !== wish)
      for (const cell of batch.cells) {
        const shown = this.#pending.get(cell)?.text
        this.#pending.delete(cell)
        if (shown !== undefined) this.#say(cell, diffEdit(shown, this.#confirmed.cells[cell]?.source ?? ''))
      }
      wish.failed(problem)
    } else if (FINAL.has(problem.code)) {
      this.#refused = problem
      for (const cell of batch.cells) this.#forgetSent(cell)
    } else {
      // Not known whether it arrived: `sent` stays, so that its confirmation or the next snapshot can still tell.
      this.#waiting = true
    }
  }
}

const problemOf = (error: unknown): Problem =>
  typeof error === 'object' && error !== null && 'problem' in error ? (error.problem as Problem) : toProblem(error)
