// A client's standing connection to the engine: connects, reconnects with growing pauses, watches again what is watched, and hands calls
// to the wire that is up. The same for a window, the command line and tests; `connect` brings the wire.
import {
  type CallInput,
  type CallName,
  type CallOutput,
  type FeedChange,
  type FeedKey,
  type FeedName,
  type FeedState,
  feeds,
} from './index.ts'
import { Peer, type PeerOptions, type WatchHandle } from './peer.ts'
import { type Problem, ProblemError, problem } from './problem.ts'
import type { Timers } from './timers.ts'
import { type FeedTap, FoldedView, type View } from './view.ts'
import type { Wire } from './wire.ts'

export type LinkOptions = {
  /** Opens a wire; rejects when the engine does not answer (tried again), or with ProblemError `denied` (not tried again until `retry`). */
  readonly connect: (signal: AbortSignal) => Promise<Wire>
  readonly role: 'window' | 'cli' | 'test'
  readonly name: string
  readonly timers: Timers
  /** Runs `seen` when the viewer has shown a batch (a window: after the next paint). Default: at once. */
  readonly whenShown?: (seen: () => void) => void
  /** Pauses between attempts, the last one repeating. */
  readonly pausesMs?: readonly number[]
}

export type LinkState = {
  readonly status: 'connecting' | 'connected' | 'waiting' | 'refused' | 'closed'
  readonly engine?: string
  readonly problem?: Problem
  readonly attempts: number
}

export interface Watching<State, Change = never> {
  readonly view: View<State>
  /** Hears snapshots and changes themselves (see FeedTap); ends with `close`. */
  tap(tap: FeedTap<State, Change>): () => void
  close(): void
}

type Entry = {
  readonly name: FeedName
  readonly key: unknown
  readonly view: FoldedView<unknown, unknown>
  users: number
  handle: WatchHandle | undefined
}

const CALL_WAITS_MS = 10_000
const PAUSES_MS = [50, 100, 250, 500, 1000, 2000]

export class Link {
  readonly #options: LinkOptions
  readonly #entries = new Map<string, Entry>()
  readonly #channels = new Map<string, (seq: number, payload: Uint8Array, meta: unknown) => void>()
  readonly #listeners = new Set<() => void>()
  #state: LinkState = { status: 'connecting', attempts: 0 }
  #peer: Peer | undefined
  #callOff: () => void = () => {}
  #attempt: AbortController | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.#connect()
  }

  get state(): LinkState {
    return this.#state
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Asks the engine. While the wire is down it waits for up to 10 s; once sent, a wire that closes rejects with `unreachable` and nothing is
   * sent again: only the caller knows whether repeating is safe (`notebook.run` with ids is).
   */
  async call<N extends CallName>(name: N, input: CallInput<N>, signal?: AbortSignal): Promise<CallOutput<N>> {
    const peer = await this.#connected(signal)
    return (await peer.call(name, input, signal)) as CallOutput<N>
  }

  /** Watches a feed; windows that watch the same feed and key share one view. */
  watch<N extends FeedName>(name: N, key: FeedKey<N>): Watching<FeedState<N>, FeedChange<N>> {
    const at = `${name} ${JSON.stringify(key)}`
    let entry = this.#entries.get(at)
    if (entry === undefined) {
      const reduce = feeds[name].reduce as unknown as (state: unknown, change: unknown) => unknown
      entry = { name, key, view: new FoldedView<unknown, unknown>(reduce), users: 0, handle: undefined }
      this.#entries.set(at, entry)
      if (this.#state.status === 'connected') this.#rewatch(entry)
    }
    const shared = entry
    shared.users++
    let open = true
    const view = shared.view as unknown as FoldedView<FeedState<N>, FeedChange<N>>
    return {
      view,
      tap: (tap) => view.tap(tap),
      close: () => {
        if (!open) return
        open = false
        if (--shared.users > 0) return
        shared.handle?.close()
        this.#entries.delete(at)
      },
    }
  }

  /** Bytes of one channel, over reconnects too (the opener asks again from its own offset). One taker per channel. */
  onBytes(channel: string, taker: (seq: number, payload: Uint8Array, meta: unknown) => void): () => void {
    this.#channels.set(channel, taker)
    this.#peer?.onBytes(channel, taker)
    return () => {
      if (this.#channels.get(channel) !== taker) return
      this.#channels.delete(channel)
      this.#peer?.onBytes(channel, () => {})
    }
  }

  /** False: not connected, or stop for a while. */
  sendBytes(channel: string, seq: number, payload: Uint8Array, meta?: unknown): boolean {
    return this.#peer?.sendBytes(channel, seq, payload, meta) ?? false
  }

  /** Tries again now: the user pressed the button, or the page became visible. */
  retry(): void {
    if (this.#state.status !== 'waiting' && this.#state.status !== 'refused') return
    this.#callOff()
    this.#connect()
  }

  close(): void {
    if (this.#state.status === 'closed') return
    this.#set({ status: 'closed', attempts: this.#state.attempts })
    this.#callOff()
    this.#attempt?.abort()
    this.#peer?.close('closed by its owner')
  }

  #set(state: LinkState): void {
    this.#state = state
    for (const listener of [...this.#listeners]) listener()
  }

  #connect(): void {
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#set({ ...this.#state, status: 'connecting' })
    this.#options.connect(attempt.signal).then(
      (wire) => (attempt.signal.aborted ? wire.close('closed by its owner') : this.#speak(wire)),
      (error) => this.#failed(error instanceof ProblemError ? error.problem : undefined),
    )
  }

  #speak(wire: Wire): void {
    const { role, name, timers } = this.#options
    const options: PeerOptions = {
      role,
      name,
      timers,
      onHello: (_role, engine) => {
        this.#set({ status: 'connected', engine, attempts: 0 })
        for (const entry of this.#entries.values()) this.#rewatch(entry)
      },
      onClose: (reason, said) => {
        if (this.#peer !== peer && this.#peer !== undefined) return
        this.#peer = undefined
        for (const entry of this.#entries.values()) entry.view.disconnected()
        this.#failed(said ?? { code: 'unreachable', message: `The connection to the engine was lost: ${reason}.` })
      },
    }
    const peer = new Peer(wire, options)
    this.#peer = peer
    for (const [channel, taker] of this.#channels) peer.onBytes(channel, taker)
  }

  #failed(said: Problem | undefined): void {
    if (this.#state.status === 'closed') return
    const attempts = this.#state.attempts + 1
    // Refused for good: not signed in, or another protocol version. Asking again every second would not change that.
    if (said?.code === 'denied' || said?.code === 'conflict') {
      this.#set({ status: 'refused', problem: said, attempts })
      return
    }
    this.#set({ status: 'waiting', attempts, ...(said === undefined ? {} : { problem: said }) })
    const pauses = this.#options.pausesMs ?? PAUSES_MS
    this.#callOff = this.#options.timers.after(pauses[Math.min(attempts, pauses.length) - 1] ?? 1000, () => this.#connect())
  }

  /** `afresh`: what is here can't be continued, so a snapshot is asked for. */
  #rewatch(entry: Entry, afresh = false): void {
    const peer = this.#peer
    if (peer === undefined) return
    const shown = this.#options.whenShown ?? ((seen: () => void) => seen())
    const handle: WatchHandle = peer.watch(entry.name, entry.key, afresh ? undefined : entry.view.since, {
      snapshot: (epoch, rev, state) => {
        entry.view.snapshot(epoch, rev, state)
        shown(() => handle.seen(rev))
      },
      changes: (rev, changes) => {
        if (entry.view.changes(rev, changes)) return shown(() => handle.seen(rev))
        handle.close()
        this.#rewatch(entry, true)
      },
      end: (said) => entry.view.ended(said),
    })
    entry.handle = handle
  }

  #connected(signal: AbortSignal | undefined): Promise<Peer> {
    if (this.#state.status === 'connected' && this.#peer !== undefined) return Promise.resolve(this.#peer)
    return new Promise((resolve, reject) => {
      const stops: (() => void)[] = []
      const end = (run: () => void) => {
        for (const stop of stops) stop()
        run()
      }
      const look = () => {
        if (this.#state.status === 'connected' && this.#peer !== undefined) end(() => resolve(this.#peer as Peer))
        else if (this.#state.status === 'refused' || this.#state.status === 'closed') end(() => reject(this.#unreachable()))
      }
      const abort = () => end(() => reject(problem('cancelled', 'Cancelled.')))
      if (signal?.aborted) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      stops.push(
        this.listen(look),
        this.#options.timers.after(CALL_WAITS_MS, () => end(() => reject(this.#unreachable()))),
        () => signal?.removeEventListener('abort', abort),
      )
      look()
    })
  }

  #unreachable(): Error {
    const said = this.#state.problem
    if (said !== undefined && (said.code === 'denied' || said.code === 'conflict')) return new ProblemError(said)
    return problem('unreachable', 'The engine does not answer.', {
      hint: 'Nothing was sent. Start Updraft again if it was stopped; the page reconnects by itself.',
    })
  }
}
