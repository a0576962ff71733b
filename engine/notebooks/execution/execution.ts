// Runs one notebook's cells: the queue in front of its kernel, the kernel's log folded into its document. Everything that must survive the engine
// is in the document's journal: ids before they are delivered, and (place in the log, what was made of it) in one record, so an engine that
// comes back goes on exactly there. Decisions are run-queue.ts's, the log's meaning log-folding.ts's, starting and stopping kernels kernel-link.ts's.
import { type Problem, ProblemError, problem } from '../../contract/problem.ts'
import type { InputRequest } from '../../contract/topics/notebook.ts'
import type { KernelEvent, KernelSession } from '../../sessions/session.ts'
import { type NotebookDocument, own } from '../document.ts'
import { LogFolding } from './log-folding.ts'
import { type BlobSink, patientBlobs } from './mime-values.ts'
import type { KnownRun, RunsBook } from './run-facts.ts'
import { RunLedger, type RunLedgerOptions } from './run-ledger.ts'
import { RunOutputs } from './run-outputs.ts'
import { cellDeleted, goneMeanwhile } from './run-problems.ts'
import { askRuns, dropAll, endRun, nextRun, type RunWish, takeBack } from './run-queue.ts'
import type { Spools } from './stream-output.ts'

export type ExecutionOptions = RunLedgerOptions & {
  readonly blobs: BlobSink
  readonly spools: Spools
  /** The kernel to deliver to: the running one, or one that is started now. Rejects with a Problem. */
  readonly kernel: () => Promise<KernelSession>
  /** Unexpected errors; never shown as they are. */
  readonly log?: (error: unknown) => void
  readonly now?: () => number
}

/** The document is told at most this often; what is first after a pause goes at once. */
const TICK_MS = 16
/** A long stream changes head and tail, some kilobytes, at every tick: ten times a second is what an eye can use. */
const FLOOD_TICK_MS = 100
/** How much of the kernel's log may be folded before the outpost is told that it may delete it. */
const STORED_EVERY_BYTES = 16 << 20

export class Execution {
  readonly document: NotebookDocument
  readonly #options: ExecutionOptions
  readonly #ledger: RunLedger
  readonly #outputs: RunOutputs
  readonly #folding: LogFolding
  readonly #now: () => number
  /** Runs up to this number are on disk and may be delivered. */
  #journaled = 0
  #session: KernelSession | undefined
  #starting = false
  /** Nothing is delivered: the kernel is being replaced. */
  #held = false
  readonly #closed = new AbortController()
  #turn: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #toldAtMs = 0
  #flood = false
  #storedAt = 0
  #order: readonly string[]
  readonly #unlisten: () => void

  constructor(options: ExecutionOptions) {
    this.#options = options
    this.document = options.document
    this.#now = options.now ?? Date.now
    const { document, spools } = options
    this.#ledger = new RunLedger(options)
    const { book } = this.#ledger
    this.#journaled = Math.max(0, ...[...book.runs.values()].map((r) => r.order))
    const blobs = patientBlobs(options.blobs, this.#closed.signal)
    this.#outputs = new RunOutputs({ runs: book, shown: (cell) => document.cell(cell)?.outputs, blobs, spools })
    this.#folding = new LogFolding({
      document,
      ledger: this.#ledger,
      outputs: this.#outputs,
      now: this.#now,
      onBegun: (run) => this.#start(run),
      onEnded: () => {
        this.#session = undefined
      },
      closed: this.#closed.signal,
      log: options.log ?? (() => undefined),
    })
    this.#order = document.state.order
    this.#unlisten = document.feed.listen(() => this.#onDocument())
  }

  /** Executions that have not ended: there is a kernel to look for. */
  get unfinished(): boolean {
    return this.#ledger.book.running !== undefined || this.#ledger.book.waiting.length > 0
  }
  /** A kernel ran for this notebook, and nobody has said that it is gone. */
  get hadKernel(): boolean {
    return this.#ledger.book.position !== undefined
  }
  get running(): string | undefined {
    return this.#ledger.book.running
  }

  /** Queues cells; answers the execution of each. On disk before it resolves. An id that was seen before runs nothing. */
  async run(wishes: readonly RunWish[]): Promise<string[]> {
    const { facts, executions } = askRuns(this.#ledger.book, wishes, this.#now())
    this.#ledger.record(facts)
    const orders = facts.map((f) => (f.fact === 'queued' ? (this.#ledger.book.runs.get(f.run.id)?.order ?? 0) : 0))
    await this.#inTurn(() => this.#tell())
    await this.document.journaled()
    this.#journaled = Math.max(this.#journaled, ...orders)
    this.#pump()
    return executions
  }

  /** Takes back what waits. */
  abortWaiting(why?: Problem): void {
    this.#ledger.record(takeBack(this.#ledger.book, this.#now(), why))
    this.#tellSoon()
  }

  /** The kernel ended while no engine was there: what ran is lost, what waited never ran. What its log still holds is read when one comes. */
  lostKernel(): void {
    this.#ledger.record(dropAll(this.#ledger.book, 'lost', this.#now(), goneMeanwhile))
    this.#folding.endInput(this.#ledger.book.input?.execution)
    this.#tellSoon()
  }

  /** The kernel is about to be ended by us: nothing more is delivered until `resume`. */
  hold(why: Problem): void {
    this.#folding.leaving = { log: this.#session?.log, why }
    this.#held = true
  }

  resume(): void {
    this.#held = false
    this.#pump()
  }

  #onInterrupted(execution: string): void {
    this.#folding.showInterrupted(execution)
    this.#tellSoon()
  }

  get input(): InputRequest | undefined {
    return this.#ledger.book.input
  }

  /** The question was answered: what a terminal would show of it stays in the cell. */
  answered({ execution, prompt }: InputRequest, shown: string): void {
    this.#folding.endInput(execution)
    void this.#inTurn(async () => (await this.#outputs.of(execution))?.text('stdout', Buffer.from(`${prompt}${shown}\n`)))
    this.#tellSoon()
  }

  /**
   * Folds this kernel's log from where the last engine stopped until `signal` aborts. What an earlier engine had taken from the queue and of
   * which the log says nothing is sent again under its own id: the kernel's host runs an id once. `begun`: the kernel can be given cells now.
   */
  async follow(session: KernelSession, signal: AbortSignal, begun: () => void): Promise<void> {
    const since = this.#ledger.book.position ?? { log: session.log, offset: 0 }
    this.#folding.folded = since
    this.#storedAt = since.offset
    await this.#inTurn(async () => {
      await this.#outputs.resume()
      await this.#tell()
    })
    await this.document.journaled()
    const stop = session.onAhead((event) => {
      if (event.type === 'error' && event.name === 'KeyboardInterrupt') this.#onInterrupted(event.request)
    })
    const following = session.follow(since, (events) => this.#inTurn(() => this.#fold(events)), signal)
    this.#session = session
    const running = this.#ledger.book.runs.get(this.#ledger.book.running ?? '')
    if (running !== undefined && !running.accepted && since.log === session.log) this.#deliver(session, running)
    begun()
    this.#pump()
    try {
      await following
    } finally {
      stop()
      if (this.#session === session) this.#session = undefined
    }
  }

  /** Lets go of files; the kernel runs on. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#closed.abort()
    this.#unlisten()
    await this.#inTurn(() => this.#tell())
    await this.#outputs.close()
  }

  // One thing at a time: folding, telling the document, closing. Each waits for files, and must not see the other half done.
  #inTurn(work: () => Promise<void> | void): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async #fold(events: readonly KernelEvent[]): Promise<void> {
    await this.#folding.fold(events)
    this.#pump()
    // Inside a flood the timer's turn would come only after it: tell from here.
    if (this.#now() - this.#toldAtMs >= this.#tickMs()) await this.#tell()
    else this.#tellSoon()
  }

  /** Delivers the next run, if the kernel is free and the run's id is on disk; starts a kernel if there is none. */
  #pump(): void {
    const run = nextRun(this.#ledger.book)
    if (run === undefined || run.order > this.#journaled) return
    if (own(this.document.state.cells, run.cell) === undefined) {
      this.#ledger.record(takeBack(this.#ledger.book, this.#now(), cellDeleted, run.cell))
      this.#tellSoon()
      this.#pump()
      return
    }
    if (this.#held || this.#starting) return
    if (this.#session === undefined) {
      this.#startKernel()
      return
    }
    // The last words of an older kernel come first: this one hears nothing before its own log is read.
    if (this.#folding.folded?.log !== this.#session.log) return
    this.#start(run)
    this.#deliver(this.#session, run)
  }

  #startKernel(): void {
    this.#starting = true
    this.#options.kernel().then(
      () => {
        this.#starting = false
        if (this.#session !== undefined) this.#pump()
      },
      (error: unknown) => {
        this.#starting = false
        if (!(error instanceof ProblemError)) this.#options.log?.(error)
        const why = error instanceof ProblemError ? error.problem : undefined
        this.abortWaiting({
          code: why?.code ?? 'unreachable',
          message: `Not run: the kernel did not start.${why === undefined ? '' : ` ${why.message}`}`,
          where: 'kernel',
          ...(why?.hint === undefined ? {} : { hint: why.hint }),
        })
      },
    )
  }

  #start(run: KnownRun): void {
    const before = this.#ledger.book.latest.get(run.cell)
    this.#ledger.record([{ fact: 'started', execution: run.id, atMs: this.#now() }])
    // The old outputs make room when the cell begins, not while it waits: an aborted cell keeps what it had.
    this.#ledger.add(this.#outputs.begin(run.id, run.cell, before))
    this.#tellSoon()
  }

  #deliver(session: KernelSession, run: KnownRun): void {
    try {
      session.execute({ id: run.id, code: run.code, stopOnError: run.stopOnError, allowStdin: true })
    } catch (error) {
      const why =
        error instanceof ProblemError ? error.problem : problem('internal', 'The cell could not be handed to the kernel.').problem
      this.#ledger.record(endRun(this.#ledger.book, run.id, 'aborted', this.#now(), why))
      this.#tellSoon()
    }
  }

  /** Deleted cells leave the queue at once. */
  #onDocument(): void {
    const { order, cells } = this.document.state
    if (order === this.#order) return
    this.#order = order
    const gone = this.#ledger.book.waiting
      .map((id) => this.#ledger.book.runs.get(id)?.cell ?? '')
      .filter((cell) => own(cells, cell) === undefined)
    for (const cell of gone) this.#ledger.record(takeBack(this.#ledger.book, this.#now(), cellDeleted, cell))
    if (gone.length > 0) this.#tellSoon()
  }

  #tickMs(): number {
    return this.#flood ? FLOOD_TICK_MS : TICK_MS
  }

  #tellSoon(): void {
    const wait = Math.max(0, this.#toldAtMs + this.#tickMs() - this.#now())
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      void this.#inTurn(() => this.#tell())
    }, wait)
  }

  /** Everything that happened since the last time, in one record: outputs, badges, and the place in the log they come from. */
  async #tell(): Promise<void> {
    if (this.#folding.half) return
    await this.#outputs.flushed()
    const { changes, facts } = this.#outputs.take()
    this.#flood = changes.some((c) => c.type === 'stream-grew')
    this.#ledger.add(changes)
    for (const fact of facts) this.#ledger.book.apply(fact)
    const position = this.#folding.folded
    if (position !== this.#ledger.book.position) this.#ledger.book.apply({ fact: 'at', position })
    this.#ledger.tell()
    this.#outputs.told()
    this.#toldAtMs = this.#now()
    if (position !== undefined && this.#session !== undefined && Math.abs(position.offset - this.#storedAt) >= STORED_EVERY_BYTES)
      this.#stored(this.#session, position)
  }

  #stored(session: KernelSession, position: NonNullable<RunsBook['position']>): void {
    this.#storedAt = position.offset
    this.document.journaled().then(
      () => session.stored(position),
      () => undefined, // the disk refuses the journal: the kernel's log keeps everything meanwhile
    )
  }
}
