// One kernel over the outpost's stream: requests and their replies, interrupt, restart, and what state it is in. State comes from the
// outpost's events (ahead of the log), what a cell printed from the log alone (session-log.ts). Starting runs is left to sessions.ts.
import { randomUUID } from 'node:crypto'
import {
  CHANNEL,
  type OutpostConnection,
  OutpostError,
  type OutpostEvent,
  packMessage,
  type RunState,
} from '../../kernels/index.ts'
import { Feed } from '../contract/feed.ts'
import type { JsonObject } from '../contract/json.ts'
import { ProblemError, problem } from '../contract/problem.ts'
import type { KernelSummary } from '../contract/topics/notebook.ts'
import type { OutpostNote } from './event-decoder.ts'
import { kernelError, notRunning, replacedProblem } from './kernel-problems.ts'
import type { RunRegistry } from './run-registry.ts'
import type { AheadEvent, ExecuteRequest, KernelEvent, KernelMessage, KernelSession, LogPosition } from './session.ts'
import { SessionLog } from './session-log.ts'
import { type Leaving, sessionState } from './session-state.ts'

export type SessionOptions = {
  readonly id: string
  /** What the user calls the kernel. */
  readonly name: string
  readonly environment: string
  readonly place: KernelSummary['place']
  readonly connection: OutpostConnection
  readonly runs: RunRegistry
  /** The run that runs now. */
  readonly run: RunState
  /** Starts another run for this session (restart). */
  readonly launch: (signal: AbortSignal) => Promise<RunState>
  /** The run has ended and is not needed any more: its folder may go. */
  readonly discard: (run: string) => void
  readonly onNote: (note: OutpostNote) => void
}
type Reply = { readonly resolve: (reply: KernelMessage) => void; readonly reject: (error: unknown) => void }

/** A kernel that is asked to end says so in its log within this time, or the restart goes on without its last words. */
const LAST_WORDS_MS = 40
const STOP_GRACE_MS = 3000
/** A kernel that just starts begins with its first cell within this time; then it is interrupted anyway. */
const BEGIN_MS = 10_000

export class OutpostSession implements KernelSession {
  readonly id: string
  readonly summary: Feed<KernelSummary, Partial<KernelSummary>>
  readonly #options: SessionOptions
  readonly #log: SessionLog
  /** Last known; the registry knows it as long as the outpost does. */
  #run: RunState
  #leaving: Leaving
  readonly #replies = new Map<string, Reply>()
  /** Executions that were sent and have not begun. */
  readonly #sent = new Set<string>()
  #onBegun: () => void = () => undefined
  readonly #aheadListeners = new Set<(event: AheadEvent) => void>()
  readonly #stopListening: (() => void)[]

  constructor(options: SessionOptions) {
    this.#options = options
    this.id = options.id
    this.#run = options.run
    const { environment, name, place, connection, runs, onNote } = options
    const summary: KernelSummary = {
      session: this.id,
      environment,
      name,
      place,
      ...sessionState(connection.state, this.#run, undefined),
    }
    this.summary = new Feed<KernelSummary, Partial<KernelSummary>>(summary, merge, randomUUID())
    this.#log = new SessionLog(this.#run, { connection, runs, onNote, observe: (event) => this.#observe(event) })
    this.#stopListening = [
      connection.onEvent((event) => this.#onEvent(event)),
      connection.onState(() => this.#tell()),
      runs.onChange((changed) => changed === this.#run.name && this.#tell()),
    ]
  }

  get log(): string {
    return this.#run.log
  }
  /** The run in the outpost, as last heard. Its name is the one in samples and leases. */
  get run(): RunState {
    return this.#run
  }
  get alive(): boolean {
    return this.#run.state !== 'ended'
  }

  /** Begins to read, so that input can be sent: `begin` for a new kernel, `end` for one that was found running. */
  async attach(from: 'begin' | 'end'): Promise<void> {
    if (from === 'begin') this.#log.readFromBegin()
    else await this.#log.readFromEnd()
  }

  follow(
    since: LogPosition | 'now',
    onEvents: (events: readonly KernelEvent[]) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#log.follow(since, onEvents, signal)
  }

  execute(request: ExecuteRequest): void {
    const content = {
      code: request.code,
      silent: request.silent ?? false,
      store_history: request.storeHistory ?? true,
      user_expressions: {},
      allow_stdin: request.allowStdin ?? true,
      stop_on_error: request.stopOnError ?? true,
    }
    this.#send('execute_request', request.id, content, CHANNEL.shell)
    this.#sent.add(request.id)
  }

  request(type: string, content: JsonObject, channel: 'shell' | 'control', signal: AbortSignal): Promise<KernelMessage> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const id = randomUUID()
      const settle = (): void => {
        this.#replies.delete(id)
        signal.removeEventListener('abort', abort)
      }
      const abort = (): void => reply.reject(signal.reason)
      const reply: Reply = {
        resolve: (message) => {
          settle()
          resolve(message)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      this.#send(type, id, content, CHANNEL[channel])
      signal.addEventListener('abort', abort)
      this.#replies.set(id, reply)
    })
  }

  sendComm(
    content: JsonObject,
    buffers: readonly Uint8Array[],
    type: 'comm_msg' | 'comm_open' | 'comm_close' = 'comm_msg',
  ): void {
    this.#send(type, randomUUID(), content, CHANNEL.shell, buffers)
  }

  answerInput(request: string, text: string): void {
    const content = { value: text, status: 'ok' }
    const date = new Date().toISOString()
    const body = packMessage({ type: 'input_reply', id: randomUUID(), session: this.id, date, parent: request, content })
    this.#check()
    this.#log.send((stream) => stream.send(CHANNEL.stdin, body))
  }

  stored(position: LogPosition): void {
    const run = position.log === this.log ? this.#run : this.#options.runs.byLog(position.log)
    if (run !== undefined)
      this.#options.connection.call('ack', { name: run.name, offset: position.offset }).catch(() => undefined)
  }

  onAhead(listener: (event: AheadEvent) => void): () => void {
    this.#aheadListeners.add(listener)
    return () => this.#aheadListeners.delete(listener)
  }

  async interrupt(): Promise<void> {
    if (!this.alive) throw notRunning(this.summary.state.state)
    // A signal to a kernel that has not begun with the cell is lost on it, and the cell would run on.
    if (!this.#run.busy && this.#sent.size > 0) await this.#begun()
    await this.#options.connection
      .call('signal', { name: this.#run.name, signal: 'INT' }, { timeoutMs: 5000 })
      .catch((error: unknown) => {
        throw kernelError(error)
      })
  }

  async restart(signal: AbortSignal): Promise<void> {
    if (this.#leaving === 'restart')
      throw problem('busy', 'The kernel is being restarted already.', {
        hint: 'It takes a few seconds at most.',
        where: 'kernel',
      })
    const before = this.#leaving
    this.#leaving = 'restart'
    this.#tell()
    try {
      const old = this.#run
      const { name } = await this.#options.launch(signal)
      await this.#end(old)
      const lostBytes = await this.#log.unreadBytes().catch(() => 0)
      this.#rejectReplies(notRunning('restarted'))
      this.#leaving = undefined
      this.#run = this.#options.runs.get(name) ?? this.#run
      this.#log.moveTo(this.#run, lostBytes)
    } catch (error) {
      this.#leaving = before
      throw kernelError(error)
    } finally {
      this.#tell()
    }
  }

  async shutdown(): Promise<void> {
    if (!this.alive) return
    this.#leaving = 'shutdown'
    const stop = { name: this.#run.name, graceMs: STOP_GRACE_MS }
    try {
      const { exit } = await this.#options.connection.call('stop', stop, { timeoutMs: STOP_GRACE_MS + 10_000 })
      this.#options.runs.ended(stop.name, exit)
      await Promise.race([this.#log.exitRead(), new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))])
      this.#options.discard(stop.name)
    } catch (error) {
      if (error instanceof OutpostError && (error.code === 'run.ended' || error.code === 'run.unknown')) return
      this.#leaving = undefined
      throw kernelError(error)
    }
  }

  detach(): void {
    for (const stop of this.#stopListening.splice(0)) stop()
    this.#log.stop()
    this.#rejectReplies(problem('cancelled', 'The notebook let go of its kernel, which runs on.', { where: 'kernel' }))
  }

  /** Ends the old run in the background and waits only for its last words. */
  async #end(old: RunState): Promise<void> {
    const { connection, discard } = this.#options
    if (!this.alive) return discard(old.name)
    const stop = { name: old.name, graceMs: STOP_GRACE_MS }
    connection.call('stop', stop, { timeoutMs: STOP_GRACE_MS + 10_000 }).then(
      () => discard(old.name),
      () => undefined,
    )
    await Promise.race([this.#log.exitRead(), new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))])
  }

  async #begun(): Promise<void> {
    const begun = new Promise<void>((resolve) => {
      this.#onBegun = resolve
    })
    await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, BEGIN_MS))])
  }

  #hasBegun(request: string): void {
    if (this.#sent.delete(request)) this.#onBegun()
  }

  #check(): void {
    if (this.#options.connection.state.state === 'replaced') throw new ProblemError(replacedProblem)
    if (!this.alive) throw notRunning(this.summary.state.state)
  }

  #send(type: string, id: string, content: JsonObject, channel: number, buffers: readonly Uint8Array[] = []): void {
    this.#check()
    const body = packMessage({ type, id, session: this.id, date: new Date().toISOString(), content, buffers })
    this.#log.send((stream) => stream.request(id, channel, body))
  }

  #observe(event: KernelEvent): void {
    if (event.type === 'message' && event.request !== undefined) this.#hasBegun(event.request)
    if (event.type === 'message' && (event.channel === 'shell' || event.channel === 'control'))
      this.#replies.get(event.message.parent)?.resolve(event.message)
    else if (event.type === 'exit' && event.position.log === this.log) this.#rejectReplies(notRunning('dead'))
  }

  #rejectReplies(error: ProblemError): void {
    this.#sent.clear()
    this.#onBegun()
    for (const reply of [...this.#replies.values()]) reply.reject(error)
  }

  #onEvent(event: OutpostEvent): void {
    if (!('name' in event) || event.name !== this.#run.name) return
    if (event.event === 'busy' || event.event === 'idle') this.#hasBegun(event.id)
    if (event.event === 'busy' || event.event === 'idle') this.#ahead({ type: event.event, request: event.id })
    else if (event.event === 'error') this.#ahead({ type: 'error', request: event.id, name: event.ename, value: event.evalue })
    else if (event.event === 'exit') this.#ahead({ type: 'exit' })
    else if (event.event === 'refused' && event.id !== undefined) {
      this.#log.accepted(event.id)
      this.#replies.get(event.id)?.reject(problem('conflict', event.problem.message, { where: 'kernel' }))
    }
  }

  #ahead(event: AheadEvent): void {
    for (const listener of this.#aheadListeners) listener(event)
  }

  #tell(): void {
    this.#run = this.#options.runs.get(this.#run.name) ?? this.#run
    const next = sessionState(this.#options.connection.state, this.#run, this.#leaving)
    const { state, phase, problem: said } = this.summary.state
    if (state === next.state && phase === next.phase && JSON.stringify(said) === JSON.stringify(next.problem)) return
    this.summary.change({ phase: undefined, problem: undefined, ...next } as Partial<KernelSummary>)
  }
}

/** Undefined in a change takes the field away. */
const merge = (state: KernelSummary, change: Partial<KernelSummary>): KernelSummary =>
  Object.fromEntries(Object.entries({ ...state, ...change }).filter(([, value]) => value !== undefined)) as KernelSummary
