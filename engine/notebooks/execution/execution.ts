// Runs one notebook's cells: the queue in front of its kernel, the kernel's log folded into its document. Everything that must survive the engine
// is in the document's journal: ids before they are delivered, and (place in the log, what was made of it) in one record, so an engine that
// comes back goes on exactly there. Decisions are run-queue.ts's, outputs run-outputs.ts's, starting and stopping kernels kernel-link.ts's.
import { type Problem, ProblemError, problem } from '../../contract/problem.ts'
import type { CellRun, InputRequest, NotebookChange } from '../../contract/topics/notebook.ts'
import type { KernelEvent, KernelSession } from '../../sessions/session.ts'
import { type NotebookDocument, own } from '../document.ts'
import { type BlobSink, patientBlobs } from './mime-values.ts'
import { type EndState, type KnownRun, type RunFact, RunsBook } from './run-facts.ts'
import { RunOutputs } from './run-outputs.ts'
import { cellDeleted, endedByItself, goneMeanwhile, lostInDeath, mendable } from './run-problems.ts'
import { askRuns, dropAll, endRun, nextRun, type RunWish, takeBack } from './run-queue.ts'
import type { Spools } from './stream-output.ts'

export type ExecutionOptions = {
  readonly document: NotebookDocument
  readonly blobs: BlobSink
  readonly spools: Spools
  /** Is a window looking at this notebook? Cells that end while none does go to the "while you were away" list. */
  readonly watched: () => boolean
  /** The kernel to deliver to: the running one, or one that is started now. Rejects with a Problem. */
  readonly kernel: () => Promise<KernelSession>
  /** Unexpected errors; never shown as they are. */
  readonly log?: (error: unknown) => void
  readonly now?: () => number
  /** The list of all runs of all notebooks: told what becomes known. */
  readonly onRun?: (run: RunReport) => void
}

/** What is told about a run from outside this notebook: see `executions` in live/executions.ts. */
export type RunReport = {
  readonly id: string
  readonly cell: string
  readonly code?: string
  readonly run: CellRun
  readonly count?: number
  readonly error?: string
}

/** The document is told at most this often; what is first after a pause goes at once. */
const TICK_MS = 16
/** A long stream changes head and tail, some kilobytes, at every tick: ten times a second is what an eye can use. */
const FLOOD_TICK_MS = 100
/** How much of the kernel's log may be folded before the outpost is told that it may delete it. */
const STORED_EVERY_BYTES = 16 << 20

type Ending = {
  count?: number
  error?: string
  reply?: { state: EndState; problem?: Problem }
  idle: boolean
  interrupted: boolean
}

export class Execution {
  readonly document: NotebookDocument
  readonly #options: ExecutionOptions
  readonly #book: RunsBook
  readonly #outputs: RunOutputs
  readonly #now: () => number
  /** Changes of badges and queue since the document was last told. */
  #changes: NotebookChange[] = []
  #queueChanged = false
  /** Runs up to this number are on disk and may be delivered. */
  #journaled = 0
  readonly #endings = new Map<string, Ending>()
  #session: KernelSession | undefined
  #starting = false
  /** Why the kernel of this log ends, when it is our doing: told to the cell that ran. */
  #leaving: { readonly log: string | undefined; readonly why: Problem } | undefined
  /** Nothing is delivered: the kernel is being replaced. */
  #held = false
  /** How far the log has been folded. In the book, and so on disk, only together with what was made of it. */
  #folded: RunsBook['position']
  readonly #closed = new AbortController()
  /** A batch was folded in part and then given up: what it made is not told, the next engine folds it again. */
  #half = false
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
    this.#book = RunsBook.from(options.document.notes)
    this.#journaled = Math.max(0, ...[...this.#book.runs.values()].map((r) => r.order))
    const { document, spools } = options
    const blobs = patientBlobs(options.blobs, this.#closed.signal)
    this.#outputs = new RunOutputs({ runs: this.#book, shown: (cell) => document.cell(cell)?.outputs, blobs, spools })
    this.#folded = this.#book.position
    this.#queueChanged = this.#book.waiting.length > 0
    if (this.#book.input !== undefined) this.#changes.push({ type: 'input-requested', input: this.#book.input })
    this.#order = document.state.order
    this.#unlisten = document.feed.listen(() => this.#onDocument())
  }

  /** Executions that have not ended: there is a kernel to look for. */
  get unfinished(): boolean {
    return this.#book.running !== undefined || this.#book.waiting.length > 0
  }
  /** A kernel ran for this notebook, and nobody has said that it is gone. */
  get hadKernel(): boolean {
    return this.#book.position !== undefined
  }
  get running(): string | undefined {
    return this.#book.running
  }

  /** Queues cells; answers the execution of each. On disk before it resolves. An id that was seen before runs nothing. */
  async run(wishes: readonly RunWish[]): Promise<string[]> {
    const { facts, executions } = askRuns(this.#book, wishes, this.#now())
    this.#record(facts)
    const orders = facts.map((f) => (f.fact === 'queued' ? (this.#book.runs.get(f.run.id)?.order ?? 0) : 0))
    await this.#inTurn(() => this.#tell())
    await this.document.journaled()
    this.#journaled = Math.max(this.#journaled, ...orders)
    this.#pump()
    return executions
  }

  /** Takes back what waits. */
  abortWaiting(why?: Problem): void {
    this.#record(takeBack(this.#book, this.#now(), why))
    this.#tellSoon()
  }

  /** The kernel ended while no engine was there: what ran is lost, what waited never ran. What its log still holds is read when one comes. */
  lostKernel(): void {
    this.#record(dropAll(this.#book, 'lost', this.#now(), goneMeanwhile))
    this.#endInput(this.#book.input?.execution)
    this.#tellSoon()
  }

  /** The kernel is about to be ended by us: nothing more is delivered until `resume`. */
  hold(why: Problem): void {
    this.#leaving = { log: this.#session?.log, why }
    this.#held = true
  }

  resume(): void {
    this.#held = false
    this.#pump()
  }

  /** Shows "interrupted" before the kernel's word has come through a flood, and lets go of a question that nobody answers any more. */
  showInterrupted(execution: string): void {
    const run = this.#book.runs.get(execution)
    if (run === undefined || this.#book.running !== execution) return
    if (this.#ending(execution).interrupted) return
    this.#ending(execution).interrupted = true
    // What is queued from here on was asked for after the interrupt: the end of this run, when it comes through the flood, leaves it alone.
    this.#record(takeBack(this.#book, this.#now()))
    this.document.change([
      { type: 'cell-changed', cell: run.cell, run: { ...badge(run), state: 'interrupted', endedAtMs: this.#now() } },
    ])
    this.#endInput(execution)
  }

  get input(): InputRequest | undefined {
    return this.#book.input
  }

  /** The question was answered: what a terminal would show of it stays in the cell. */
  answered({ execution, prompt }: InputRequest, shown: string): void {
    this.#endInput(execution)
    void this.#inTurn(async () => (await this.#outputs.of(execution))?.text('stdout', Buffer.from(`${prompt}${shown}\n`)))
    this.#tellSoon()
  }

  /**
   * Folds this kernel's log from where the last engine stopped until `signal` aborts. What an earlier engine had taken from the queue and of
   * which the log says nothing is sent again under its own id: the kernel's host runs an id once. `begun`: the kernel can be given cells now.
   */
  async follow(session: KernelSession, signal: AbortSignal, begun: () => void): Promise<void> {
    const since = this.#book.position ?? { log: session.log, offset: 0 }
    this.#folded = since
    this.#storedAt = since.offset
    await this.#inTurn(async () => {
      await this.#outputs.resume()
      await this.#tell()
    })
    await this.document.journaled()
    const stop = session.onAhead((event) => {
      if (event.type === 'error' && event.name === 'KeyboardInterrupt') this.showInterrupted(event.request)
    })
    const following = session.follow(since, (events) => this.#inTurn(() => this.#fold(events)), signal)
    this.#session = session
    const running = this.#book.runs.get(this.#book.running ?? '')
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
    for (const event of events) {
      try {
        const wait = this.#take(event)
        if (wait !== undefined) await wait
      } catch (error) {
        await this.#notShown(event, error)
      }
    }
    const last = events.at(-1)
    // A log that has ended has nothing more to say: the next kernel's is read from its begin.
    if (last !== undefined) this.#folded = last.type === 'exit' ? undefined : last.position
    await this.#outputs.settle()
    this.#pump() // a new kernel's log has begun
    // Inside a flood the timer's turn would come only after it: tell from here.
    if (this.#now() - this.#toldAtMs >= this.#tickMs()) await this.#tell()
    else this.#tellSoon()
  }

  /** An output that could not be made leaves a mark in its place; the rest goes on. */
  async #notShown(event: KernelEvent, error: unknown): Promise<void> {
    if (this.#closed.signal.aborted) {
      this.#half = true
      throw error
    }
    this.#options.log?.(error)
    const why = error instanceof ProblemError ? error.problem.message : 'an error in Updraft; its log says more.'
    const outputs = await this.#outputs.of(this.#owner('request' in event ? event.request : undefined))
    outputs?.text('stderr', Buffer.from(`[Updraft could not show an output here: ${why}]\n`))
  }

  #take(event: KernelEvent): Promise<void> | undefined {
    switch (event.type) {
      case 'text': {
        const outputs = this.#outputs.of(this.#owner(event.request))
        if (outputs instanceof Promise) return outputs.then((o) => o.text(event.stream, event.bytes))
        outputs?.text(event.stream, event.bytes)
        return undefined
      }
      case 'accepted':
        return this.#onAccepted(event.request)
      case 'message':
        return this.#onMessage(event)
      case 'lost': {
        const outputs = this.#outputs.of(this.#owner(undefined))
        return Promise.resolve(outputs).then((o) => o?.lost(event.bytes))
      }
      case 'exit':
        return this.#onExit(event)
      case 'ready':
        return undefined
      default:
        event satisfies never
        return undefined
    }
  }

  /** Text that belongs to no cell we know goes, as in Jupyter, to the cell that ran last. */
  #owner(request: string | undefined): string | undefined {
    if (request !== undefined && this.#book.runs.has(request)) return request
    return this.#book.running ?? this.#book.last
  }

  #onAccepted(request: string): undefined {
    const run = this.#book.runs.get(request)
    if (run === undefined || run.accepted) return undefined
    // The log knows better than our journal: an engine that died had delivered it.
    if (run.phase === 'waiting') this.#start(run)
    this.#record([{ fact: 'accepted', execution: request }])
    return undefined
  }

  #onMessage(event: KernelEvent & { type: 'message' }): Promise<void> | undefined {
    const { message, channel, request } = event
    const { content } = message
    const run = this.#book.runs.get(request ?? '')
    if (channel === 'shell' && message.type === 'execute_reply' && run !== undefined) return this.#onReply(run, content)
    if (channel === 'stdin' && message.type === 'input_request' && run !== undefined) {
      const input = {
        execution: run.id,
        cell: run.cell,
        prompt: String(content['prompt'] ?? ''),
        password: content['password'] === true,
      }
      this.#record([{ fact: 'input', input }])
      return undefined
    }
    if (channel !== 'iopub') return undefined
    switch (message.type) {
      case 'status':
        if (run !== undefined && content['execution_state'] === 'idle') {
          this.#ending(run.id).idle = true
          return this.#endIfOver(run)
        }
        return undefined
      case 'execute_input':
        if (run !== undefined && typeof content['execution_count'] === 'number') {
          this.#ending(run.id).count = content['execution_count']
          this.#changes.push({ type: 'cell-changed', cell: run.cell, count: content['execution_count'] })
        }
        return undefined
      case 'update_display_data':
        return this.#outputs.update(content)
      case 'display_data':
      case 'execute_result':
      case 'error':
      case 'clear_output':
      case 'stream':
        return this.#outputs.message(this.#owner(request), message.type, content)
      default:
        return undefined
    }
  }

  #onReply(run: KnownRun, content: { readonly [name: string]: unknown }): undefined {
    const ending = this.#ending(run.id)
    const name = String(content['ename'] ?? '')
    if (content['status'] === 'error') ending.error = `${name}: ${String(content['evalue'] ?? '').split('\n', 1)[0]}`
    if (content['status'] === 'ok') ending.reply = { state: 'done' }
    else if (content['status'] !== 'error') ending.reply = { state: 'aborted' }
    else if (name === 'KeyboardInterrupt' || ending.interrupted) ending.reply = { state: 'interrupted' }
    else {
      const mend = mendable(this.document.id, this.document.cell(run.cell), name, String(content['evalue'] ?? ''))
      ending.reply = { state: 'failed', ...(mend === undefined ? {} : { problem: mend }) }
    }
    return this.#endIfOver(run)
  }

  /** Over the bridge reply and idle come on two sockets in either order: a run is over when both are here. */
  #endIfOver(run: KnownRun): undefined {
    const { idle, reply, interrupted } = this.#ending(run.id)
    if (!idle || reply === undefined) return undefined
    // Ended already: said to be lost, and now the log of the dead kernel tells how it ended after all.
    const late = run.phase === 'ended'
    if (late && this.document.cell(run.cell)?.run?.state !== 'lost') return undefined
    const facts = endRun(this.#book, run.id, reply.state, this.#now(), reply.problem)
    this.#record(late || interrupted ? facts.slice(0, 1) : facts)
    this.#endings.delete(run.id)
    this.#endInput(run.id)
    this.#pump()
    return undefined
  }

  #onExit(exit: KernelEvent & { type: 'exit' }): Promise<void> | undefined {
    const asked = this.#leaving?.log === exit.position.log ? this.#leaving.why : undefined
    const why = asked ?? lostInDeath(exit) ?? endedByItself
    const end = asked === undefined && !exit.clean ? 'lost' : 'interrupted'
    this.#endInput(this.#book.running)
    // What was queued for the kernel that comes next, while the old one ended, stays.
    const facts = dropAll(this.#book, end, this.#now(), why)
    this.#record(asked === undefined ? facts : facts.filter((f) => f.fact === 'ended' && f.execution === this.#book.running))
    this.#endings.clear()
    // It was asked to end, by its own code or another client: the next run starts a new one.
    if (asked === undefined && exit.clean) this.#session = undefined
    return undefined
  }

  #ending(id: string): Ending {
    const known = this.#endings.get(id)
    if (known !== undefined) return known
    const ending: Ending = { idle: false, interrupted: false }
    this.#endings.set(id, ending)
    return ending
  }

  #endInput(execution: string | undefined): void {
    if (execution === undefined || this.#book.input?.execution !== execution) return
    this.#record([{ fact: 'input', input: undefined }])
    this.#tellSoon()
  }

  /** Takes facts into the book and makes the badges of what they change. */
  #record(facts: readonly RunFact[]): void {
    for (const fact of facts) {
      this.#book.apply(fact)
      if (fact.fact === 'queued' || fact.fact === 'started' || fact.fact === 'ended') this.#queueChanged = true
      if (fact.fact === 'queued' && this.document.cell(fact.run.cell)?.run?.state !== 'running') this.#badge(fact.run.id)
      if (fact.fact === 'started') this.#badge(fact.execution)
      if (fact.fact === 'ended') this.#onEnded(fact)
      if (fact.fact === 'input') this.#changes.push({ type: 'input-requested', input: fact.input ?? null })
    }
  }

  #onEnded(fact: RunFact & { fact: 'ended' }): void {
    const run = this.#book.runs.get(fact.execution)
    if (run === undefined) return
    const { state, atMs, problem: why } = fact
    const shown: CellRun = { ...badge(run), state, endedAtMs: atMs, ...(why === undefined ? {} : { problem: why }) }
    this.#changes.push({ type: 'cell-changed', cell: run.cell, run: shown })
    const { count, error = why?.message } = this.#endings.get(run.id) ?? {}
    this.#options.onRun?.({
      id: run.id,
      cell: run.cell,
      run: shown,
      ...(count === undefined ? {} : { count }),
      ...(error === undefined ? {} : { error }),
    })
    if (this.#options.watched() || state === 'aborted') return
    const away = this.document.state.away.filter((id) => id !== run.cell)
    this.document.change([{ type: 'notebook-changed', set: { away: [...away, run.cell] } }])
  }

  #badge(execution: string): void {
    const run = this.#book.runs.get(execution)
    if (run === undefined) return
    this.#changes.push({ type: 'cell-changed', cell: run.cell, run: badge(run) })
    this.#options.onRun?.({ id: run.id, cell: run.cell, code: run.code, run: badge(run) })
  }

  /** Delivers the next run, if the kernel is free and the run's id is on disk; starts a kernel if there is none. */
  #pump(): void {
    const run = nextRun(this.#book)
    if (run === undefined || run.order > this.#journaled) return
    if (own(this.document.state.cells, run.cell) === undefined) {
      this.#record(takeBack(this.#book, this.#now(), cellDeleted, run.cell))
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
    if (this.#folded?.log !== this.#session.log) return
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
    const before = this.#book.latest.get(run.cell)
    this.#record([{ fact: 'started', execution: run.id, atMs: this.#now() }])
    // The old outputs make room when the cell begins, not while it waits: an aborted cell keeps what it had.
    this.#changes.push(...this.#outputs.begin(run.id, run.cell, before))
    this.#tellSoon()
  }

  #deliver(session: KernelSession, run: KnownRun): void {
    try {
      session.execute({ id: run.id, code: run.code, stopOnError: run.stopOnError, allowStdin: true })
    } catch (error) {
      const why =
        error instanceof ProblemError ? error.problem : problem('internal', 'The cell could not be handed to the kernel.').problem
      this.#record(endRun(this.#book, run.id, 'aborted', this.#now(), why))
      this.#tellSoon()
    }
  }

  /** Deleted cells leave the queue at once. */
  #onDocument(): void {
    const { order, cells } = this.document.state
    if (order === this.#order) return
    this.#order = order
    const gone = this.#book.waiting
      .map((id) => this.#book.runs.get(id)?.cell ?? '')
      .filter((cell) => own(cells, cell) === undefined)
    for (const cell of gone) this.#record(takeBack(this.#book, this.#now(), cellDeleted, cell))
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
    if (this.#half) return
    await this.#outputs.flushed()
    const { changes, facts } = this.#outputs.take()
    this.#flood = changes.some((c) => c.type === 'stream-grew')
    this.#changes.push(...changes)
    for (const fact of facts) this.#book.apply(fact)
    const position = this.#folded
    if (position !== this.#book.position) this.#book.apply({ fact: 'at', position })
    this.#flushChanges()
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

  #flushChanges(): void {
    if (this.#queueChanged) {
      this.#queueChanged = false
      const queue = this.#book.waiting.map((id) => this.#book.runs.get(id)?.cell ?? '')
      this.#changes.push({ type: 'notebook-changed', set: { queue } })
    }
    const changes = this.#changes
    this.#changes = []
    const notes = this.#book.takeNotes()
    if (changes.length > 0 || Object.keys(notes).length > 0) this.document.change(changes, notes)
  }
}

const badge = (run: KnownRun): CellRun => ({
  execution: run.id,
  state: run.phase === 'running' ? 'running' : 'queued',
  queuedAtMs: run.queuedAtMs,
  ...(run.startedAtMs === undefined ? {} : { startedAtMs: run.startedAtMs }),
})
