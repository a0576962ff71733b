// What is known about the runs of one notebook, as a fold over facts. What must survive the engine goes into the document's journal as notes, in
// the same write as the outputs that belong to it, so the state after a crash is a state that was. Pure: no clock, no file. Which facts happen
// is decided in run-queue.ts; execution.ts carries them out. Outputs and run badges live in the document, not here.
import type { JsonObject } from '../../contract/json.ts'
import type { Problem } from '../../contract/problem.ts'
import type { InputRequest } from '../../contract/topics/notebook.ts'
import type { LogText } from '../../contract/topics/outputs.ts'
import type { LogPosition } from '../../sessions/session.ts'

/** A wish to run a cell. `id` is the msg_id of its one and only execution; `code` is the source as it was when queued. */
export type QueuedRun = {
  readonly id: string
  readonly cell: string
  readonly code: string
  readonly queuedAtMs: number
  /** False for cells tagged `raises-exception`: their error aborts nothing. */
  readonly stopOnError: boolean
}

/**
 * What an execution has made, as far as a file can't say it: a notebook that is saved and read again has other output ids, no display ids, and of a
 * long stream only its ends. `content` only of streams, and only while the cell runs.
 */
export type KeptOutput = {
  readonly id: string
  readonly stream?: 'stdout' | 'stderr'
  readonly content?: LogText
  readonly displayId?: string
}

export type RunPhase = 'waiting' | 'running' | 'ended'

/** One execution. Kept after its end: its threads may still print, and its id must never run again. */
export type KnownRun = QueuedRun & {
  /** Counts up: the order in which runs were queued. */
  readonly order: number
  readonly phase: RunPhase
  /** The kernel's host has it: what becomes of it is in the log. */
  readonly accepted: boolean
  readonly startedAtMs: number | undefined
  /** Number of the next output: ids are `<execution>-<n>`, so a replay names its outputs alike. */
  readonly nextOutput: number
  /** `clear_output(wait=True)` was said: the next output begins a new list. */
  readonly clearNext: boolean
}

/** What is known, read-only: queue decisions and printing lean on this. */
export type RunsState = {
  /** How far the kernel's log has been folded into the document. */
  readonly position: LogPosition | undefined
  /** Ids in the order in which they will run. */
  readonly waiting: readonly string[]
  readonly running: string | undefined
  readonly runs: ReadonlyMap<string, KnownRun>
  /** The execution that each id stands for, where it is another's. */
  readonly joined: ReadonlyMap<string, string>
  /** The latest started execution of each cell: late output of earlier ones goes there. */
  readonly latest: ReadonlyMap<string, string>
  /** Of running executions, and of those whose displays can still be updated. */
  readonly outputs: ReadonlyMap<string, readonly KeptOutput[]>
  /** The execution that began last: text that nobody owns goes there. */
  readonly last: string | undefined
  /** The question that the running code asks. */
  readonly input: InputRequest | undefined
}

export type EndState = 'done' | 'failed' | 'interrupted' | 'aborted' | 'lost'

export type RunFact =
  | { readonly fact: 'queued'; readonly run: QueuedRun }
  /** A second wish for a cell that still waits: same execution, newest source. */
  | { readonly fact: 'joined'; readonly id: string; readonly execution: string; readonly code: string }
  | { readonly fact: 'started'; readonly execution: string; readonly atMs: number }
  | { readonly fact: 'accepted'; readonly execution: string }
  | {
      readonly fact: 'made'
      readonly execution: string
      readonly nextOutput: number
      readonly clearNext: boolean
      readonly outputs: readonly KeptOutput[]
    }
  | {
      readonly fact: 'ended'
      readonly execution: string
      readonly state: EndState
      readonly atMs: number
      readonly problem?: Problem
    }
  | { readonly fact: 'input'; readonly input: InputRequest | undefined }
  | { readonly fact: 'at'; readonly position: LogPosition | undefined }

/** A repeated `notebook.run` comes seconds or minutes later (a reconnect); so many ids cover any such span. */
const RUNS_KEPT = 5_000
const RUN = 'run:'
const JOINED = 'joined:'
const POSITION = 'log-position'
const INPUT = 'input'
const OUTPUTS = 'outputs:'

export type Notes = { [name: string]: JsonObject | null }

/** The fold. It changes in place: with copies, a run-all of 5,000 cells would copy 5,000 entries several times per cell. */
export class RunsBook implements RunsState {
  position: LogPosition | undefined
  waiting: string[] = []
  running: string | undefined
  readonly runs = new Map<string, KnownRun>()
  readonly joined = new Map<string, string>()
  readonly latest = new Map<string, string>()
  readonly outputs = new Map<string, readonly KeptOutput[]>()
  last: string | undefined
  input: InputRequest | undefined
  readonly #touched = new Set<string>()
  readonly #gone = new Set<string>()
  #moved = false
  #inputChanged = false
  #order = 0

  /** The book that an earlier engine kept: `notes` as taken by `takeNotes`, in any order. */
  static from(notes: { readonly [name: string]: JsonObject }): RunsBook {
    const book = new RunsBook()
    const runs: KnownRun[] = []
    for (const [name, note] of Object.entries(notes)) {
      if (name.startsWith(RUN)) runs.push(note as unknown as KnownRun)
      else if (name.startsWith(JOINED)) book.joined.set(name.slice(JOINED.length), String(note['execution']))
      else if (name.startsWith(OUTPUTS)) book.outputs.set(name.slice(OUTPUTS.length), note['list'] as unknown as KeptOutput[])
      else if (name === INPUT) book.input = note as unknown as InputRequest
      else if (name === POSITION) book.position = note as unknown as LogPosition
    }
    for (const run of runs.sort((a, b) => a.order - b.order)) {
      book.#order = run.order
      book.runs.set(run.id, { ...run, startedAtMs: run.startedAtMs ?? undefined })
      if (run.phase === 'waiting') book.waiting.push(run.id)
      else if (typeof run.startedAtMs === 'number') {
        book.latest.set(run.cell, run.id)
        book.last = run.id
      }
      if (run.phase === 'running') book.running = run.id
    }
    return book
  }

  /** What changed since the last call, as notes for the journal; null forgets one. */
  takeNotes(): Notes {
    const notes: Notes = {}
    for (const id of this.#touched) {
      const run = this.runs.get(id)
      if (run !== undefined) notes[RUN + id] = { ...run, startedAtMs: run.startedAtMs ?? null }
    }
    for (const [id, execution] of this.joined) if (this.#touched.has(JOINED + id)) notes[JOINED + id] = { execution }
    for (const [id, list] of this.outputs)
      if (this.#touched.has(OUTPUTS + id)) notes[OUTPUTS + id] = { list: list as unknown as JsonObject[] }
    for (const name of this.#gone) notes[name] = null
    if (this.#inputChanged) notes[INPUT] = this.input === undefined ? null : { ...this.input }
    if (this.#moved) notes[POSITION] = this.position === undefined ? null : { ...this.position }
    this.#touched.clear()
    this.#gone.clear()
    this.#inputChanged = false
    this.#moved = false
    return notes
  }

  apply(fact: RunFact): void {
    switch (fact.fact) {
      case 'queued':
        this.#prune()
        this.waiting.push(fact.run.id)
        this.runs.set(fact.run.id, {
          ...fact.run,
          order: ++this.#order,
          phase: 'waiting',
          accepted: false,
          startedAtMs: undefined,
          nextOutput: 0,
          clearNext: false,
        })
        this.#touched.add(fact.run.id)
        return
      case 'joined':
        this.joined.set(fact.id, fact.execution)
        this.#touched.add(JOINED + fact.id)
        this.#change(fact.execution, { code: fact.code })
        return
      case 'started': {
        const cell = this.runs.get(fact.execution)?.cell
        if (cell === undefined || !this.waiting.includes(fact.execution)) return
        this.waiting = this.waiting.filter((id) => id !== fact.execution)
        this.running = fact.execution
        this.#keepOutputs(this.latest.get(cell) ?? '', [])
        this.latest.set(cell, fact.execution)
        this.last = fact.execution
        this.#change(fact.execution, { phase: 'running', startedAtMs: fact.atMs })
        return
      }
      case 'accepted':
        this.#change(fact.execution, { accepted: true })
        return
      case 'made':
        this.#change(fact.execution, { nextOutput: fact.nextOutput, clearNext: fact.clearNext })
        this.#keepOutputs(fact.execution, fact.outputs)
        return
      case 'ended':
        if (this.running === fact.execution) this.running = undefined
        else this.waiting = this.waiting.filter((id) => id !== fact.execution)
        this.#keepOutputs(fact.execution, this.outputs.get(fact.execution) ?? [])
        this.#change(fact.execution, { phase: 'ended', code: '' })
        return
      case 'input':
        this.input = fact.input
        this.#inputChanged = true
        return
      case 'at':
        this.position = fact.position
        this.#moved = true
        return
      default:
        fact satisfies never
    }
  }

  #change(id: string, change: Partial<KnownRun>): void {
    const run = this.runs.get(id)
    if (run === undefined) return
    this.runs.set(id, { ...run, ...change })
    this.#touched.add(id)
  }

  #keepOutputs(id: string, list: readonly KeptOutput[]): void {
    const live = this.running === id
    if (live || list.some((o) => o.displayId !== undefined)) {
      this.outputs.set(id, live ? list : list.map(({ content: _, ...o }) => o))
      this.#touched.add(OUTPUTS + id)
      this.#gone.delete(OUTPUTS + id)
    } else if (this.outputs.delete(id)) this.#gone.add(OUTPUTS + id)
  }

  /** Forgets the oldest run that has ended and that no cell shows any more. */
  #prune(): void {
    if (this.runs.size < RUNS_KEPT) return
    for (const [id, run] of this.runs) {
      if (run.phase !== 'ended' || this.latest.get(run.cell) === id) continue
      this.runs.delete(id)
      this.#touched.delete(id)
      this.#gone.add(RUN + id)
      for (const [alias, execution] of this.joined)
        if (execution === id && this.joined.delete(alias)) this.#gone.add(JOINED + alias)
      return
    }
  }
}
