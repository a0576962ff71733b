// The kernel's log of one notebook, folded: what each event makes of outputs, badges and queue. Facts go to run-ledger.ts, bytes and messages to
// run-outputs.ts; when a run may start next is execution.ts's. Batches are folded one after the other, never two at once.
import { type Problem, ProblemError } from '../../contract/problem.ts'
import type { KernelEvent, LogPosition } from '../../sessions/session.ts'
import type { NotebookDocument } from '../document.ts'
import { readPage } from './page.ts'
import type { EndState, KnownRun } from './run-facts.ts'
import type { RunLedger } from './run-ledger.ts'
import type { RunOutputs } from './run-outputs.ts'
import { endedByItself, lostInDeath, mendable } from './run-problems.ts'
import { dropAll, endRun, takeBack } from './run-queue.ts'

export type LogFoldingOptions = {
  readonly document: NotebookDocument
  readonly ledger: RunLedger
  readonly outputs: RunOutputs
  readonly now: () => number
  /** A run that an earlier engine had delivered begins. */
  readonly onBegun: (run: KnownRun) => void
  /** The kernel ended without our doing, as its own code or somebody else asked it to. */
  readonly onEnded: () => void
  readonly closed: AbortSignal
  readonly log: (error: unknown) => void
}

type Ending = {
  reply?: { state: EndState; problem?: Problem }
  idle: boolean
  interrupted: boolean
}

export class LogFolding {
  readonly #options: LogFoldingOptions
  readonly #ledger: RunLedger
  readonly #outputs: RunOutputs
  readonly #endings = new Map<string, Ending>()
  /** How far the log has been folded; goes into the book only together with what was made of it. */
  folded: LogPosition | undefined
  /** A batch was folded in part and then given up: what it made is not told, the next engine folds it again. */
  half = false
  /** Why the kernel of this log ends, when it is our doing: told to the cell that ran. */
  leaving: { readonly log: string | undefined; readonly why: Problem } | undefined

  constructor(options: LogFoldingOptions) {
    this.#options = options
    this.#ledger = options.ledger
    this.#outputs = options.outputs
    this.folded = options.ledger.book.position
  }

  async fold(events: readonly KernelEvent[]): Promise<void> {
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
    if (last !== undefined) this.folded = last.type === 'exit' ? undefined : last.position
    await this.#outputs.settle()
  }

  /** Shows "interrupted" before the kernel's word has come through a flood, and lets go of a question that nobody answers any more. */
  showInterrupted(execution: string): void {
    const run = this.#ledger.book.runs.get(execution)
    if (run === undefined || this.#ledger.book.running !== execution) return
    if (this.#ending(execution).interrupted) return
    this.#ending(execution).interrupted = true
    // What is queued from here on was asked for after the interrupt: the end of this run, when it comes through the flood, leaves it alone.
    this.#ledger.record(takeBack(this.#ledger.book, this.#options.now()))
    this.#ledger.showInterrupted(run, this.#options.now())
    this.endInput(execution)
  }

  /** An output that could not be made leaves a mark in its place; the rest goes on. */
  async #notShown(event: KernelEvent, error: unknown): Promise<void> {
    if (this.#options.closed.aborted) {
      this.half = true
      throw error
    }
    this.#options.log(error)
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
    if (request !== undefined && this.#ledger.book.runs.has(request)) return request
    return this.#ledger.book.running ?? this.#ledger.book.last
  }

  #onAccepted(request: string): undefined {
    const run = this.#ledger.book.runs.get(request)
    if (run === undefined || run.accepted) return undefined
    // The log knows better than our journal: an engine that died had delivered it.
    if (run.phase === 'waiting') this.#options.onBegun(run)
    this.#ledger.record([{ fact: 'accepted', execution: request }])
    return undefined
  }

  #onMessage(event: KernelEvent & { type: 'message' }): Promise<void> | undefined {
    const { message, channel, request } = event
    const { content } = message
    const run = this.#ledger.book.runs.get(request ?? '')
    if (channel === 'shell' && message.type === 'execute_reply' && run !== undefined) return this.#onReply(run, content)
    if (channel === 'stdin' && message.type === 'input_request' && run !== undefined) {
      const input = {
        execution: run.id,
        cell: run.cell,
        prompt: String(content['prompt'] ?? ''),
        password: content['password'] === true,
      }
      this.#ledger.record([{ fact: 'input', input }])
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
          this.#ledger.counted(run, content['execution_count'])
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
    const text = readPage(content)
    if (text !== undefined)
      this.#options.document.change([{ type: 'notebook-changed', set: { page: { execution: run.id, text } } }])
    if (content['status'] === 'error') this.#ledger.failed(run, `${name}: ${String(content['evalue'] ?? '').split('\n', 1)[0]}`)
    if (content['status'] === 'ok') ending.reply = { state: 'done' }
    else if (content['status'] !== 'error') ending.reply = { state: 'aborted' }
    else if (name === 'KeyboardInterrupt' || ending.interrupted) ending.reply = { state: 'interrupted' }
    else {
      const mend = mendable(
        this.#options.document.id,
        this.#options.document.cell(run.cell),
        name,
        String(content['evalue'] ?? ''),
      )
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
    if (late && this.#options.document.cell(run.cell)?.run?.state !== 'lost') return undefined
    const facts = endRun(this.#ledger.book, run.id, reply.state, this.#options.now(), reply.problem)
    this.#ledger.record(late || interrupted ? facts.slice(0, 1) : facts)
    this.#endings.delete(run.id)
    this.endInput(run.id)
    return undefined
  }

  #onExit(exit: KernelEvent & { type: 'exit' }): Promise<void> | undefined {
    const asked = this.leaving?.log === exit.position.log ? this.leaving.why : undefined
    const why = asked ?? lostInDeath(exit) ?? endedByItself
    const end = asked === undefined && !exit.clean ? 'lost' : 'interrupted'
    this.endInput(this.#ledger.book.running)
    // What was queued for the kernel that comes next, while the old one ended, stays.
    const facts = dropAll(this.#ledger.book, end, this.#options.now(), why)
    this.#ledger.record(
      asked === undefined ? facts : facts.filter((f) => f.fact === 'ended' && f.execution === this.#ledger.book.running),
    )
    this.#endings.clear()
    // It was asked to end, by its own code or another client: the next run starts a new one.
    if (asked === undefined && exit.clean) this.#options.onEnded()
    return undefined
  }

  #ending(id: string): Ending {
    const known = this.#endings.get(id)
    if (known !== undefined) return known
    const ending: Ending = { idle: false, interrupted: false }
    this.#endings.set(id, ending)
    return ending
  }

  endInput(execution: string | undefined): void {
    if (execution === undefined || this.#ledger.book.input?.execution !== execution) return
    this.#ledger.record([{ fact: 'input', input: undefined }])
  }
}
