// One end of a wire, the same in the engine, a window and the command line: greets, keeps the wire alive, asks (calls, watches, bytes) and,
// where a service is given, answers (publisher.ts). Lives as long as its wire; what must outlive a wire is link.ts.
import { type Frame, PROTOCOL_VERSION, type Since } from './frames.ts'
import type { Asker } from './index.ts'
import { type Problem, ProblemError, problem } from './problem.ts'
import { Publisher } from './publisher.ts'
import type { Service } from './service.ts'
import type { Timers } from './timers.ts'
import type { Wire } from './wire.ts'

export type PeerOptions = {
  readonly role: 'window' | 'cli' | 'engine' | 'test'
  readonly name: string
  readonly timers: Timers
  /** Answers what the other end asks; without it every question is refused. */
  readonly service?: Service
  /** Name of the other end for `service`; unique per wire. */
  readonly askerId?: string
  readonly onClose?: (reason: string, problem: Problem | undefined) => void
  readonly onHello?: (role: Asker['role'] | 'engine', name: string) => void
  readonly log?: (error: unknown) => void
}

/** What a watch delivers; `changes` end at `rev`. The viewer answers each with `seen`. */
export type WatchSink = {
  snapshot(epoch: string, rev: number, state: unknown): void
  changes(rev: number, changes: readonly unknown[]): void
  end(problem: Problem | undefined): void
}
export type WatchHandle = { seen(rev: number): void; close(): void }
export type BytesSink = (seq: number, payload: Uint8Array, meta: unknown) => void

const PING_MS = 5_000
const DEAD_MS = 15_000
const WINDOW_PACE_MS = 16
/** Bytes queued on a wire before a byte stream should pause. */
const BYTES_HIGH = 4 << 20
/** A far end that takes nothing while its sender goes on is let go: it comes back and asks again from where it was. */
const BYTES_LIMIT = 64 << 20

type Pending = { readonly name: string; resolve(output: unknown): void; reject(error: Error): void; readonly tidy: () => void }

export class Peer {
  readonly #wire: Wire
  readonly #options: PeerOptions
  readonly #calls = new Map<number, Pending>()
  readonly #sinks = new Map<number, WatchSink>()
  readonly #channels = new Map<string, BytesSink>()
  #publisher: Publisher | undefined
  #nextId = 1
  #greeted = false
  #closed: { reason: string; problem?: Problem } | undefined
  #sentMs: number
  #heardMs: number
  #stopTicking: () => void = () => {}

  constructor(wire: Wire, options: PeerOptions) {
    this.#wire = wire
    this.#options = options
    this.#sentMs = this.#heardMs = options.timers.nowMs()
    wire.onFrame = (frame) => this.#take(frame)
    wire.onBytes = (head, payload) => {
      this.#heardMs = options.timers.nowMs()
      this.#channels.get(head.channel)?.(head.seq, payload, head.meta)
    }
    wire.onClose = (reason) => this.#end(reason)
    this.#send({ t: 'hello', version: PROTOCOL_VERSION, role: options.role, name: options.name })
    this.#tick(options.timers.nowMs())
  }

  get closed(): boolean {
    return this.#closed !== undefined
  }
  /** Watches that the other end holds here. */
  get watchers(): number {
    return this.#publisher?.watches ?? 0
  }

  /** Rejects with ProblemError: what the other end says, `cancelled`, or `unreachable` when the wire closed before an answer. */
  call(name: string, input: unknown, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#lost(name))
      if (signal?.aborted) return reject(problem('cancelled', 'Cancelled.'))
      const id = this.#nextId++
      const cancel = () => {
        this.#calls.delete(id)
        this.#send({ t: 'cancel', id })
        reject(problem('cancelled', 'Cancelled.'))
      }
      signal?.addEventListener('abort', cancel, { once: true })
      this.#calls.set(id, { name, resolve, reject, tidy: () => signal?.removeEventListener('abort', cancel) })
      this.#send({ t: 'call', id, name, input })
    })
  }

  watch(feed: string, key: unknown, since: Since | undefined, sink: WatchSink): WatchHandle {
    const id = this.#nextId++
    this.#sinks.set(id, sink)
    this.#send(since === undefined ? { t: 'watch', id, feed, key } : { t: 'watch', id, feed, key, since })
    return {
      seen: (rev) => {
        if (this.#sinks.has(id)) this.#send({ t: 'seen', id, rev })
      },
      close: () => {
        if (this.#sinks.delete(id)) this.#send({ t: 'unwatch', id })
      },
    }
  }

  /** Queues bytes; false: the queue is full now, send no more until the far end gives credit (this payload is queued all the same). */
  sendBytes(channel: string, seq: number, payload: Uint8Array, meta?: unknown): boolean {
    if (this.#closed) return false
    if (this.#wire.queuedBytes > BYTES_LIMIT) {
      this.close('the other end takes no bytes')
      return false
    }
    this.#sentMs = this.#options.timers.nowMs()
    this.#wire.sendBytes(meta === undefined ? { t: 'bytes', channel, seq } : { t: 'bytes', channel, seq, meta }, payload)
    return this.#wire.queuedBytes < BYTES_HIGH
  }

  /** Bytes of one channel from now on; returns the way to stop. */
  onBytes(channel: string, sink: BytesSink): () => void {
    this.#channels.set(channel, sink)
    return () => {
      if (this.#channels.get(channel) === sink) this.#channels.delete(channel)
    }
  }

  close(reason: string, said?: Problem): void {
    if (this.#closed) return
    if (said !== undefined) this.#send({ t: 'bye', problem: said })
    this.#wire.close(reason)
    this.#end(reason)
  }

  #send(frame: Frame): void {
    if (this.#closed) return
    this.#sentMs = this.#options.timers.nowMs()
    this.#wire.send(frame)
  }

  #take(frame: Frame): void {
    if (this.#closed) return
    this.#heardMs = this.#options.timers.nowMs()
    if (frame.t === 'bye') this.#bye(frame.problem)
    else if (this.#greeted) this.#heard(frame)
    else this.#greet(frame)
  }

  #heard(frame: Frame): void {
    switch (frame.t) {
      case 'done':
        this.#settle(frame.id, (call) => call.resolve(frame.output))
        break
      case 'fail':
        this.#settle(frame.id, (call) => call.reject(new ProblemError(frame.problem)))
        break
      case 'snapshot':
        this.#sinks.get(frame.id)?.snapshot(frame.epoch, frame.rev, frame.state)
        break
      case 'changes':
        this.#sinks.get(frame.id)?.changes(frame.rev, frame.changes)
        break
      case 'end': {
        const sink = this.#sinks.get(frame.id)
        this.#sinks.delete(frame.id)
        sink?.end(frame.problem)
        break
      }
      case 'ping':
        this.#send({ t: 'pong' })
        break
      case 'pong':
        break
      case 'hello':
        this.close('greeted twice', { code: 'invalid', message: 'This wire was greeted twice.' })
        break
      default:
        if (this.#publisher?.take(frame) !== true) this.#refuse(frame)
    }
  }

  #greet(frame: Frame): void {
    if (frame.t !== 'hello') {
      this.close('not greeted', { code: 'invalid', message: 'A wire begins with hello.' })
      return
    }
    if (frame.version !== PROTOCOL_VERSION) {
      this.close('another protocol version', {
        code: 'conflict',
        message: `This end speaks version ${PROTOCOL_VERSION} of Updraft's protocol, the other version ${frame.version}.`,
        hint: 'Nothing is lost. Reload the page; if that does not help, stop Updraft and start it again.',
      })
      return
    }
    this.#greeted = true
    const { service, timers } = this.#options
    // A stranger's role is only a name: it decides pacing, never rights.
    const role: Asker['role'] = frame.role === 'cli' || frame.role === 'test' ? frame.role : 'window'
    if (service !== undefined) {
      this.#publisher = new Publisher(this.#wire, service, {
        asker: { id: this.#options.askerId ?? 'asker', role },
        timers,
        paceMs: role === 'window' ? WINDOW_PACE_MS : 0,
        log: this.#options.log ?? (() => {}),
      })
    }
    this.#options.onHello?.(frame.role, frame.name)
  }

  #refuse(frame: Frame): void {
    if (frame.t === 'call')
      this.#send({ t: 'fail', id: frame.id, problem: { code: 'missing', message: 'This end answers no calls.' } })
    if (frame.t === 'watch')
      this.#send({ t: 'end', id: frame.id, problem: { code: 'missing', message: 'This end has no feeds.' } })
  }

  #settle(id: number, how: (call: Pending) => void): void {
    const call = this.#calls.get(id)
    if (call === undefined) return // cancelled meanwhile
    this.#calls.delete(id)
    call.tidy()
    how(call)
  }

  #bye(said: Problem): void {
    this.#closed ??= { reason: said.message, problem: said }
    this.#wire.close(said.message)
    this.#finish()
  }

  #end(reason: string): void {
    if (this.#closed !== undefined) return
    this.#closed = { reason }
    this.#finish()
  }

  #finish(): void {
    this.#stopTicking()
    this.#publisher?.close()
    for (const call of this.#calls.values()) {
      call.tidy()
      call.reject(this.#lost(call.name))
    }
    this.#calls.clear()
    this.#sinks.clear()
    this.#channels.clear()
    this.#options.onClose?.(this.#closed?.reason ?? '', this.#closed?.problem)
  }

  #lost(name: string): Error {
    if (this.#closed?.problem !== undefined) return new ProblemError(this.#closed.problem)
    return problem('unreachable', 'The connection to the engine was lost.', {
      hint: 'Whether this was done is not known yet; what the page shows after it has reconnected is the truth.',
      where: name,
    })
  }

  #tick(expectedMs: number): void {
    const { timers } = this.#options
    this.#stopTicking = timers.after(PING_MS, () => {
      const now = timers.nowMs()
      // A timer that comes very late means that this machine slept (or the tab was frozen): the silence was ours, so give it another round.
      if (now - expectedMs > PING_MS * 2) this.#heardMs = now
      if (now - this.#heardMs > DEAD_MS) return this.close('the other end has been silent for 15 s')
      if (now - this.#sentMs >= PING_MS) this.#send({ t: 'ping' })
      this.#tick(now)
    })
  }
}
