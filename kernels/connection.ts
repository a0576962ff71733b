// One duplex stream to an outpost, shared by its calls, runs and events: hello, credit per stream, ping, deadlines, and dialing again when
// it breaks. What is asked while it is broken waits (each with its own deadline) and goes out when it is back.
// Leans on Dial for the stream and on Clock for time; what the bytes of a run mean is left to its reader.
import type { ByteStream, Clock, Dial } from './byte-stream.ts'
import { toBytes, toText } from './bytes.ts'
import { FRAME, FrameParser, packFrame } from './frames.ts'
import { OutpostError } from './outpost-error.ts'
import type { Hello, OutpostCalls, OutpostEvent, OutpostProblem } from './protocol.ts'
import { type OpenRun, RunStream } from './run-stream.ts'

export type ConnectionState =
  | { readonly state: 'connecting' }
  | { readonly state: 'up'; readonly hello: Hello }
  /** It can't be reached; it is tried again by itself. */
  | { readonly state: 'down'; readonly problem: OutpostProblem; readonly cause?: unknown }
  /** Another engine with a higher epoch took over: never dialed again. */
  | { readonly state: 'replaced' }
  | { readonly state: 'closed' }

export type ConnectionOptions = { readonly dial: Dial; readonly clock: Clock; readonly client: string; readonly epoch: number }
type Call = {
  readonly id: number
  readonly op: string
  readonly input: object
  readonly done: (output: never) => void
  readonly fail: (error: unknown) => void
  sent: number
}
export type CallOptions = { readonly timeoutMs?: number; readonly signal?: AbortSignal }

/** Asking these twice does harm or means something else, so a broken stream is told instead. */
const ASKED_ONCE = new Set(['signal'])
const RETRY_MS = [0, 30, 60, 120, 250, 500, 1000, 2000]
const PING_EVERY_MS = 5000
const SILENT_MS = 15_000
const DIAL_MS = 30_000

export class OutpostConnection {
  readonly #options: ConnectionOptions
  #state: ConnectionState = { state: 'connecting' }
  #bytes: ByteStream | undefined
  #life = 0
  #attempt = 0
  /** The outpost said that it ends: it is not brought up again before something is asked of it. */
  #asleep = false
  #lastCall = 0
  #lastStream = 0
  #receivedMs = 0
  readonly #calls = new Map<number, Call>()
  readonly #streams = new Map<number, RunStream>()
  readonly #eventListeners = new Set<(event: OutpostEvent) => void>()
  readonly #stateListeners = new Set<(state: ConnectionState) => void>()
  #stopTimer: () => void = () => undefined
  #stopDial: AbortController | undefined

  /** Dials at once. Whoever makes it must `close` it. */
  constructor(options: ConnectionOptions) {
    this.#options = options
    void this.#dial()
  }

  get state(): ConnectionState {
    return this.#state
  }
  onEvent(listener: (event: OutpostEvent) => void): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#stateListeners.add(listener)
    return () => this.#stateListeners.delete(listener)
  }

  /** Asks the outpost. Waits for the connection if need be. Throws OutpostError; `signal` stops the waiting, not the deed. */
  call<Op extends keyof OutpostCalls>(
    op: Op,
    input: OutpostCalls[Op]['input'],
    options: CallOptions = {},
  ): Promise<OutpostCalls[Op]['output']> {
    const { signal, timeoutMs = 10_000 } = options
    return new Promise((resolve, reject) => {
      const refusal = signal?.aborted ? signal.reason : this.#refusal()
      if (refusal !== undefined) return reject(refusal)
      const abort = (): void => call.fail(signal?.reason)
      const settled = (): void => signal?.removeEventListener('abort', abort)
      const done = (output: OutpostCalls[Op]['output']): void => {
        settled()
        resolve(output)
      }
      const fail = (error: unknown): void => {
        settled()
        reject(error)
      }
      const call = this.#ask(op, input, timeoutMs, done, fail)
      signal?.addEventListener('abort', abort)
      if (this.#state.state === 'up') this.#send(call)
      else this.wake()
    })
  }

  /** A call whose answer is taken in the very turn it arrives: bytes of a stream may follow its `open` in the same chunk. */
  #ask<Output>(
    op: string,
    input: object,
    timeoutMs: number,
    done: (output: Output) => void,
    fail: (error: unknown) => void,
  ): Call {
    const id = ++this.#lastCall
    const settle = (): void => {
      cancel()
      this.#calls.delete(id)
    }
    const cancel = this.#options.clock.after(timeoutMs, () => call.fail(this.#late(op, timeoutMs)))
    const call: Call = {
      id,
      op,
      input,
      sent: 0,
      done: (output: never) => {
        settle()
        done(output)
      },
      fail: (error) => {
        settle()
        fail(error)
      },
    }
    this.#calls.set(id, call)
    return call
  }

  /** Reads a run's log and writes to the run, through any number of broken connections. */
  open(open: OpenRun): RunStream {
    do this.#lastStream = (this.#lastStream % 65_535) + 1
    while (this.#streams.has(this.#lastStream))
    const number = this.#lastStream
    const stream = new RunStream(open, () => this.#streams.delete(number))
    this.#streams.set(number, stream)
    const refusal = this.#refusal()
    if (refusal !== undefined) stream.failed(refusal)
    else if (this.#state.state === 'up') this.#openStream(number, stream)
    else this.wake()
    return stream
  }

  close(): void {
    this.#break({ state: 'closed' })
  }

  /** After the outpost ended by itself: dials again. Every call does it; nothing happens in any other state. */
  wake(): void {
    if (!this.#asleep || this.#state.state !== 'down') return
    this.#asleep = false
    this.#setState({ state: 'connecting' })
    void this.#dial()
  }

  async #dial(): Promise<void> {
    const life = ++this.#life
    const { clock, dial } = this.#options
    const stop = new AbortController()
    this.#stopDial = stop
    const cancel = clock.after(DIAL_MS, () =>
      stop.abort(
        new OutpostError({ code: 'outpost.unreachable', message: `The outpost did not answer within ${DIAL_MS / 1000} s.` }),
      ),
    )
    const parser = new FrameParser({
      onData: (stream, seq, piece) => this.#streams.get(stream)?.data(seq, piece),
      onFrame: (kind, _flags, _stream, _seq, body) => this.#onFrame(kind, body),
    })
    const ended = (why: string): void => this.#lost(life, { code: 'outpost.unreachable', message: why })
    const onBytes = (bytes: Uint8Array): void => {
      if (life !== this.#life) return
      this.#receivedMs = clock.nowMs()
      try {
        parser.push(bytes)
      } catch (error) {
        ended(`What answers there is not an outpost: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    try {
      const bytes = await dial({ onBytes, onEnd: ended }, stop.signal)
      cancel()
      if (life !== this.#life) return bytes.close()
      this.#bytes = bytes
      this.#receivedMs = clock.nowMs()
      this.#hello(life)
    } catch (error) {
      cancel()
      this.#lost(life, { code: 'outpost.unreachable', message: error instanceof Error ? error.message : String(error) }, error)
    }
  }

  #hello(life: number): void {
    const { client, epoch } = this.#options
    const fail = (error: unknown): void => {
      if (!(error instanceof OutpostError)) return
      if (error.code === 'outpost.replaced') this.#break({ state: 'replaced' })
      else
        this.#lost(life, { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) })
    }
    this.#send(this.#ask('hello', { client, epoch, version: 1 }, 10_000, (hello: Hello) => this.#up(life, hello), fail))
  }

  #up(life: number, hello: Hello): void {
    this.#attempt = 0
    // First the streams, then what waited: a run's reader must be there before what it asks for is answered.
    for (const [number, stream] of this.#streams) this.#openStream(number, stream)
    this.#setState({ state: 'up', hello })
    for (const call of this.#calls.values()) if (call.sent !== life) this.#send(call)
    const tick = (): void => {
      if (life !== this.#life) return
      const silentMs = this.#options.clock.nowMs() - this.#receivedMs
      if (silentMs > SILENT_MS) this.#lost(life, { code: 'outpost.unreachable', message: 'The outpost fell silent.' })
      else {
        this.#write(packFrame(FRAME.ping, 0, 0, 0))
        this.#stopTimer = this.#options.clock.after(PING_EVERY_MS, tick)
      }
    }
    this.#stopTimer = this.#options.clock.after(PING_EVERY_MS, tick)
  }

  #openStream(number: number, stream: RunStream): void {
    const life = this.#life
    const log = stream.log === undefined ? {} : { log: stream.log }
    const input = { name: stream.name, stream: number, since: stream.since, window: stream.windowBytes, ...log }
    const done = ({ from, skipped }: OutpostCalls['open']['output']): void => {
      if (life !== this.#life || this.#streams.get(number) !== stream) return
      const port = {
        input: (channel: number, body: Uint8Array) => this.#write(packFrame(FRAME.input, channel, number, 0, body)),
        credit: (position: number) => this.#write(packFrame(FRAME.credit, 0, number, position)),
        closed: () => void this.call('close', { stream: number }).catch(() => undefined),
      }
      stream.opened(port, from, skipped)
    }
    // A broken connection is no failure of the stream: the next one opens it again. A refusal of the outpost is final.
    const fail = (error: unknown): void => {
      if (life === this.#life && error instanceof OutpostError) stream.failed(error)
    }
    this.#send(this.#ask('open', input, 30_000, done, fail))
  }

  #send(call: Call): void {
    call.sent = this.#life
    this.#write(packFrame(FRAME.call, 0, 0, 0, toBytes(JSON.stringify({ ...call.input, id: call.id, op: call.op }))))
  }

  #write(frame: Uint8Array): void {
    this.#bytes?.write(frame)
  }

  #onFrame(kind: number, body: Uint8Array): void {
    if (kind === FRAME.reply) {
      const { id, problem, ...output } = JSON.parse(toText(body)) as { id: number; problem?: OutpostProblem }
      const call = this.#calls.get(id)
      if (call === undefined) return
      if (problem === undefined) call.done(output as never)
      else call.fail(new OutpostError(problem))
    } else if (kind === FRAME.event) {
      const event = JSON.parse(toText(body)) as OutpostEvent
      if (event.event === 'replaced') this.#break({ state: 'replaced' })
      else if (event.event === 'closing') this.#asleep = true
      for (const listener of this.#eventListeners) listener(event)
    }
  }

  /** The stream broke, or could not be made: told, then dialed again. */
  #lost(life: number, why: OutpostProblem, cause?: unknown): void {
    if (life !== this.#life || this.#state.state === 'closed' || this.#state.state === 'replaced') return
    const wasUp = this.#state.state === 'up'
    this.#cut()
    // A stream that just broke is most often back in 100 ms (its keeper starts the next supervisor): told as connecting, not as a problem.
    const ended = { code: 'outpost.ended', message: 'The outpost has ended.', hint: 'It is started again with the next kernel.' }
    this.#setState(
      this.#asleep ? { state: 'down', problem: ended } : wasUp ? { state: 'connecting' } : { state: 'down', problem: why, cause },
    )
    if (this.#asleep) return
    const delayMs = RETRY_MS[Math.min(this.#attempt++, RETRY_MS.length - 1)] ?? 2000
    this.#stopTimer = this.#options.clock.after(delayMs, () => void this.#dial())
  }

  #break(state: ConnectionState): void {
    if (this.#state.state === 'closed') return
    this.#cut()
    this.#setState(state)
    const refusal = this.#refusal()
    for (const call of [...this.#calls.values()]) call.fail(refusal)
    for (const stream of this.#streams.values()) if (refusal !== undefined) stream.failed(refusal)
  }

  #cut(): void {
    this.#life++
    this.#stopTimer()
    this.#stopDial?.abort(new OutpostError({ code: 'outpost.closed', message: 'The connection was closed.' }))
    this.#bytes?.close()
    this.#bytes = undefined
    for (const stream of this.#streams.values()) stream.broken()
    for (const call of [...this.#calls.values()]) {
      // That is how the answer to this one may look.
      if (call.op === 'shutdown' && call.sent !== 0) call.done({} as never)
      // hello, open and close belong to one connection: the next one makes its own. What must not be asked twice is told.
      const own = call.op === 'hello' || call.op === 'open' || call.op === 'close'
      if (!own && !(call.sent !== 0 && ASKED_ONCE.has(call.op))) continue
      call.fail(
        new OutpostError({ code: 'outpost.broken', message: 'The connection broke before the answer came.', hint: 'Try again.' }),
      )
    }
  }

  #setState(state: ConnectionState): void {
    this.#state = state
    for (const listener of this.#stateListeners) listener(state)
  }

  #refusal(): OutpostError | undefined {
    if (this.#state.state === 'closed')
      return new OutpostError({ code: 'outpost.closed', message: 'The connection to the outpost is closed.' })
    if (this.#state.state !== 'replaced') return undefined
    return new OutpostError({
      code: 'outpost.replaced',
      message: 'Another Updraft has taken over this place.',
      hint: 'Close the other one, or go on there.',
    })
  }

  #late(op: string, timeoutMs: number): OutpostError {
    if (this.#state.state === 'down') {
      return new OutpostError({ ...this.#state.problem, code: 'outpost.unreachable' }, this.#state.cause)
    }
    return new OutpostError({
      code: 'outpost.timeout',
      message: `The outpost did not answer "${op}" within ${timeoutMs / 1000} s.`,
    })
  }
}
