// The window's link to the engine: contract/link.ts over the browser's own WebSocket to the page's origin. What is shown while the
// engine is away is link-banner.tsx; hooks.tsx is how components ask and watch.
import type { CallInput, CallName, CallOutput, FeedChange, FeedKey, FeedName, FeedState } from '../../engine/contract/index.ts'
import { Link } from '../../engine/contract/link.ts'
import { type Problem, problem } from '../../engine/contract/problem.ts'
import { socketWire } from '../../engine/contract/socket-wire.ts'
import type { Timers } from '../../engine/contract/timers.ts'
import type { ViewStatus } from '../../engine/contract/view.ts'
import type { Wire } from '../../engine/contract/wire.ts'

/** `away`: it comes back by itself. `refused`: not signed in, or another version; only the user can change that. */
export type LinkStatus = {
  readonly state: 'connecting' | 'open' | 'away' | 'refused' | 'closed'
  readonly attempts: number
  readonly problem?: Problem
}

/** `state` is undefined until the first snapshot; `stale`: the engine is away, this is the last that is known. */
export type FeedNow<T> = { readonly state: T | undefined; readonly status: ViewStatus; readonly problem: Problem | undefined }

export type WatchListener<N extends FeedName> = {
  /** After every snapshot, batch of changes, loss of the wire, and end. */
  readonly onView?: () => void
  /** A fresh snapshot replaced the state (told at once when there is one already). */
  readonly onSnapshot?: (state: FeedState<N>) => void
  /** Changes in order; `state` has them folded in. For whoever keeps pending edits of its own. */
  readonly onChanges?: (changes: readonly FeedChange<N>[], state: FeedState<N>) => void
}

const STATES = { connecting: 'connecting', connected: 'open', waiting: 'away', refused: 'refused', closed: 'closed' } as const
/** A watch nobody looks at is kept this long: a tab that is moved or switched finds its state. */
const LINGER_MS = 2000

export class EngineLink {
  readonly #link: Link
  #status: LinkStatus = { state: 'connecting', attempts: 0 }

  constructor(link: Link) {
    this.#link = link
    link.listen(() => this.#look())
    this.#look()
  }

  get status(): LinkStatus {
    return this.#status
  }
  #look(): void {
    const { status, attempts, problem } = this.#link.state
    // While it tries again the window goes on saying "away": a word that flickers every second helps nobody.
    const state = status === 'connecting' && attempts > 0 ? 'away' : STATES[status]
    this.#status = { state, attempts, ...(problem === undefined ? {} : { problem }) }
  }
  onStatus(listener: () => void): () => void {
    return this.#link.listen(listener)
  }
  /** Tries to connect at once instead of at the next planned time. */
  retryNow(): void {
    this.#link.retry()
  }

  /** Asks the engine. Rejects with a ProblemError; an aborted signal cancels there too. Waits up to 10 s for a lost engine; nothing is sent twice. */
  call<N extends CallName>(name: N, input: CallInput<N>, signal?: AbortSignal): Promise<CallOutput<N>> {
    return this.#link.call(name, input, signal)
  }

  /** Watches a feed; viewers of one key share it. It goes on over reconnects (`since`). */
  watch<N extends FeedName>(
    name: N,
    key: FeedKey<N>,
    listener: WatchListener<N>,
  ): { readonly view: () => FeedNow<FeedState<N>>; readonly stop: () => void } {
    const watching = this.#link.watch(name, key)
    const { onView, onSnapshot, onChanges } = listener
    const stops = [
      ...(onView === undefined ? [] : [watching.view.listen(onView)]),
      ...(onSnapshot === undefined && onChanges === undefined
        ? []
        : [watching.tap({ snapshot: (state) => onSnapshot?.(state), changes: (changes, state) => onChanges?.(changes, state) })]),
    ]
    return {
      view: () => watching.view,
      stop: () => {
        for (const stop of stops.splice(0)) stop()
        setTimeout(() => watching.close(), LINGER_MS)
      },
    }
  }

  /** Bytes of a channel (`terminal:<id>`) from now on; one taker per channel. `seq` is the offset of the first byte. */
  onBytes(channel: string, taker: (seq: number, payload: Uint8Array) => void): () => void {
    return this.#link.onBytes(channel, taker)
  }
  sendBytes(channel: string, seq: number, payload: Uint8Array, meta?: unknown): boolean {
    return this.#link.sendBytes(channel, seq, payload, meta)
  }
}

const OPEN_MS = 8000

const timers: Timers = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const id = setTimeout(run, ms)
    return () => clearTimeout(id)
  },
}

/** After the next paint, so that a flood never runs ahead of what is shown. A hidden page paints nothing: then a timer does. */
function whenShown(seen: () => void): void {
  if (document.hidden) setTimeout(seen, 50)
  else requestAnimationFrame(() => setTimeout(seen, 0))
}

/** One link per window. It connects at once and stays connected until the page goes. */
export function openEngineLink(): EngineLink {
  const address = new URL('/wire', location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const link = new Link({
    connect: (signal) => connect(address.href, signal),
    role: 'window',
    name: 'Updraft window',
    timers,
    whenShown,
  })
  // The laptop woke up, or the tab came to the front: do not wait for the next planned attempt.
  document.addEventListener('visibilitychange', () => !document.hidden && link.retry())
  window.addEventListener('online', () => link.retry())
  return new EngineLink(link)
}

async function connect(address: string, signal: AbortSignal): Promise<Wire> {
  try {
    return await open(address, signal)
  } catch (error) {
    // A refused WebSocket says nothing about why, so the page is asked: it answers 401 to a window that is not (or no longer) signed in.
    const answer = await fetch('/', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(OPEN_MS) }).catch(
      () => undefined,
    )
    if (answer?.status === 401 || answer?.status === 403) {
      throw problem('denied', 'This window is not signed in any more.', {
        hint: 'Your notebooks and kernels are safe in the engine. Run `npm start` (or `./updraft.mjs serve`) again: it prints a new sign-in address.',
      })
    }
    throw error
  }
}

function open(address: string, signal: AbortSignal): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address)
    socket.binaryType = 'arraybuffer'
    const ours = socketWire({
      send: (data) => socket.readyState === WebSocket.OPEN && socket.send(data),
      close: (code, reason) => socket.close(code === 1002 ? 4002 : 1000, reason),
      bufferedBytes: () => socket.bufferedAmount,
    })
    const stop = (why: string) => {
      clearTimeout(timer)
      socket.close()
      reject(problem('unreachable', why))
    }
    const timer = setTimeout(() => stop('The engine did not answer.'), OPEN_MS)
    signal.addEventListener('abort', () => stop('Stopped.'), { once: true })
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) =>
      ours.receive(typeof event.data === 'string' ? event.data : new Uint8Array(event.data))
    socket.onclose = (event) => {
      clearTimeout(timer)
      ours.closed(event.reason || 'it closed the connection')
      reject(problem('unreachable', 'The engine does not answer.'))
    }
    socket.onopen = () => {
      clearTimeout(timer)
      resolve(ours.wire)
    }
  })
}
