// What is known about the runs of one notebook, and what the window sees of it: facts go into the book, and the badges, the queue and the question
// that they change are gathered until the document is told, all in one record with the book's notes. Decides nothing.
import type { CellRun, NotebookChange } from '../../contract/topics/notebook.ts'
import type { NotebookDocument } from '../document.ts'
import { type KnownRun, type RunFact, RunsBook } from './run-facts.ts'

/** What is told about a run from outside this notebook: see `executions` in live/executions.ts. */
export type RunReport = {
  readonly id: string
  readonly cell: string
  readonly code?: string
  readonly run: CellRun
  readonly count?: number
  readonly error?: string
}

export type RunLedgerOptions = {
  readonly document: NotebookDocument
  /** Is a window looking at this notebook? Cells that end while none does go to the "while you were away" list. */
  readonly watched: () => boolean
  /** The list of all runs of all notebooks: told what becomes known. */
  readonly onRun?: (run: RunReport) => void
}

export class RunLedger {
  readonly book: RunsBook
  readonly #options: RunLedgerOptions
  #changes: NotebookChange[] = []
  #queueChanged: boolean
  /** What the kernel said of runs that go on: for the list of all runs. */
  readonly #said = new Map<string, { count?: number; error?: string }>()

  constructor(options: RunLedgerOptions) {
    this.#options = options
    this.book = RunsBook.from(options.document.notes)
    this.#queueChanged = this.book.waiting.length > 0
    // A file knows nothing of runs: what an earlier engine left running or waiting is shown so again.
    for (const id of [this.book.running ?? [], this.book.waiting].flat()) {
      const run = this.book.runs.get(id)
      if (run !== undefined) this.#changes.push({ type: 'cell-changed', cell: run.cell, run: badge(run) })
    }
    if (this.book.input !== undefined) this.#changes.push({ type: 'input-requested', input: this.book.input })
  }

  /** Changes that go to the document with the next telling. */
  add(changes: readonly NotebookChange[]): void {
    this.#changes.push(...changes)
  }

  counted(run: KnownRun, count: number): void {
    this.#said.set(run.id, { ...this.#said.get(run.id), count })
    this.#changes.push({ type: 'cell-changed', cell: run.cell, count })
  }
  failed(run: KnownRun, error: string): void {
    this.#said.set(run.id, { ...this.#said.get(run.id), error })
  }

  /** Before the log says so: shown only, the book waits for the log. */
  showInterrupted(run: KnownRun, atMs: number): void {
    this.#options.document.change([
      { type: 'cell-changed', cell: run.cell, run: { ...badge(run), state: 'interrupted', endedAtMs: atMs } },
    ])
  }

  /** Takes facts into the book and makes the badges of what they change. */
  record(facts: readonly RunFact[]): void {
    for (const fact of facts) {
      this.book.apply(fact)
      if (fact.fact === 'queued' || fact.fact === 'started' || fact.fact === 'ended') this.#queueChanged = true
      if (fact.fact === 'queued' && this.#options.document.cell(fact.run.cell)?.run?.state !== 'running') this.#badge(fact.run.id)
      if (fact.fact === 'started') this.#badge(fact.execution)
      if (fact.fact === 'ended') this.#onEnded(fact)
      if (fact.fact === 'input') this.#changes.push({ type: 'input-requested', input: fact.input ?? null })
    }
  }

  #onEnded(fact: RunFact & { fact: 'ended' }): void {
    const run = this.book.runs.get(fact.execution)
    if (run === undefined) return
    const { state, atMs, problem: why } = fact
    const shown: CellRun = { ...badge(run), state, endedAtMs: atMs, ...(why === undefined ? {} : { problem: why }) }
    this.#changes.push({ type: 'cell-changed', cell: run.cell, run: shown })
    const { count, error = why?.message } = this.#said.get(run.id) ?? {}
    this.#said.delete(run.id)
    this.#options.onRun?.({
      id: run.id,
      cell: run.cell,
      run: shown,
      ...(count === undefined ? {} : { count }),
      ...(error === undefined ? {} : { error }),
    })
    if (this.#options.watched() || state === 'aborted') return
    const away = this.#options.document.state.away.filter((id) => id !== run.cell)
    this.#options.document.change([{ type: 'notebook-changed', set: { away: [...away, run.cell] } }])
  }

  #badge(execution: string): void {
    const run = this.book.runs.get(execution)
    if (run === undefined) return
    this.#changes.push({ type: 'cell-changed', cell: run.cell, run: badge(run) })
    this.#options.onRun?.({ id: run.id, cell: run.cell, code: run.code, run: badge(run) })
  }

  /** Everything since the last time, in one record. */
  tell(): void {
    if (this.#queueChanged) {
      this.#queueChanged = false
      const queue = this.book.waiting.map((id) => this.book.runs.get(id)?.cell ?? '')
      this.#changes.push({ type: 'notebook-changed', set: { queue } })
    }
    const changes = this.#changes
    this.#changes = []
    const notes = this.book.takeNotes()
    if (changes.length > 0 || Object.keys(notes).length > 0) this.#options.document.change(changes, notes)
  }
}

const badge = (run: KnownRun): CellRun => ({
  execution: run.id,
  state: run.phase === 'running' ? 'running' : 'queued',
  queuedAtMs: run.queuedAtMs,
  ...(run.startedAtMs === undefined ? {} : { startedAtMs: run.startedAtMs }),
})
