// The viewer's half of a feed: the state as far as it was folded, and whether it is live. Survives its wire: link.ts watches again with
// `since` after a reconnect and only what was missed travels. Nothing here decides anything; it repeats what the engine said.
import type { Since } from './frames.ts'
import type { Problem } from './problem.ts'

/** waiting: nothing came yet · live · stale: the wire is down, `state` is the last known · ended: gone, or can't be watched (`problem`). */
export type ViewStatus = 'waiting' | 'live' | 'stale' | 'ended'

/** Hears what arrives, in order, before listeners are told: for a viewer that lays edits of its own over the confirmed state. */
export type FeedTap<State, Change> = {
  snapshot(state: State): void
  /** `state` has the changes folded in. */
  changes(changes: readonly Change[], state: State): void
}

export interface View<State> {
  readonly state: State | undefined
  readonly status: ViewStatus
  readonly problem: Problem | undefined
  /** Counts everything that changed here: cheap to compare. */
  readonly version: number
  /** Called after each change of state or status; returns the way to stop. */
  listen(listener: () => void): () => void
}

export class FoldedView<State, Change> implements View<State> {
  state: State | undefined
  status: ViewStatus = 'waiting'
  problem: Problem | undefined
  version = 0
  #epoch = ''
  #rev = 0
  readonly #reduce: (state: State, change: Change) => State
  readonly #listeners = new Set<() => void>()
  readonly #taps = new Set<FeedTap<State, Change>>()

  constructor(reduce: (state: State, change: Change) => State) {
    this.#reduce = reduce
  }

  /** Where to go on after a reconnect; undefined before the first snapshot. */
  get since(): Since | undefined {
    return this.state === undefined ? undefined : { epoch: this.#epoch, rev: this.#rev }
  }

  snapshot(epoch: string, rev: number, state: State): void {
    this.#epoch = epoch
    this.#rev = rev
    for (const tap of [...this.#taps]) tap.snapshot(state)
    this.#becomes(state)
  }

  /** False when the batch does not continue what is here: watch again without `since`. */
  changes(rev: number, changes: readonly Change[]): boolean {
    if (this.state === undefined || rev - changes.length !== this.#rev) return false
    let state: State = this.state
    for (const change of changes) state = this.#reduce(state, change)
    this.#rev = rev
    for (const tap of [...this.#taps]) tap.changes(changes, state)
    this.#becomes(state)
    return true
  }

  ended(problem: Problem | undefined): void {
    this.status = 'ended'
    this.problem = problem
    this.#tell()
  }

  disconnected(): void {
    if (this.status !== 'live') return
    this.status = 'stale'
    this.#tell()
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Adds a tap; it is told the state at once when there is one. Returns the way to stop. */
  tap(tap: FeedTap<State, Change>): () => void {
    if (this.state !== undefined) tap.snapshot(this.state)
    this.#taps.add(tap)
    return () => this.#taps.delete(tap)
  }

  #becomes(state: State): void {
    this.state = state
    this.status = 'live'
    this.problem = undefined
    this.#tell()
  }

  #tell(): void {
    this.version++
    for (const listener of [...this.#listeners]) listener()
  }
}
