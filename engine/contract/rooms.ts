// How a room of the engine offers itself to the wire: answers for calls, sources for feeds, bytes for channels.
import type { Feed } from './feed.ts'
import type { Answers, Asker, FeedChange, FeedKey, FeedName, FeedState } from './index.ts'

/** A feed while somebody watches it; `release` is called when that viewer leaves. */
export type Watched<State, Change> = { readonly feed: Feed<State, Change>; readonly release: () => void }
export type Sources = {
  readonly [N in FeedName]: (key: FeedKey<N>, asker: Asker) => Promise<Watched<FeedState<N>, FeedChange<N>>>
}

export type Room = {
  readonly answers: Partial<Answers>
  readonly sources: Partial<Sources>
  /** Ends what the room opened; what must survive the engine (kernels, Ray, terminals) is left running. */
  close(): Promise<void>
}

/** Sends bytes to one asker's channel (`terminal:<id>`); returns false when that wire's queue is full: stop until credit comes. */
export type SendBytes = (asker: Asker, channel: string, seq: number, payload: Uint8Array) => boolean
