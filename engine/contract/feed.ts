// Feed: a watchable value on the engine's side. State, revision and the recent changes; viewers fold the same changes with the same reducer.
// Memory is bounded: a viewer that is further behind than `remembered` changes gets a snapshot (see peer.ts).

export type FeedListener = () => void

export class Feed<State, Change> {
  /** Names this feed's life: a viewer's `since` of another epoch is answered with a snapshot. */
  readonly epoch: string
  #state: State
  #rev = 0
  readonly #reduce: (state: State, change: Change) => State
  readonly #recent: Change[] = []
  readonly #remembered: number
  readonly #listeners = new Set<FeedListener>()
  #ended = false

  /** `epoch`: unique per life of the feed (random, or file identity and start time). `remembered`: changes kept for `since`. */
  constructor(state: State, reduce: (state: State, change: Change) => State, epoch: string, remembered = 512) {
    this.#state = state
    this.#reduce = reduce
    this.epoch = epoch
    this.#remembered = remembered
  }

  get state(): State {
    return this.#state
  }
  get rev(): number {
    return this.#rev
  }
  get ended(): boolean {
    return this.#ended
  }

  /** Folds a change and tells the viewers (once per tick, by their own pacing). */
  change(change: Change): void {
    this.#state = this.#reduce(this.#state, change)
    this.#rev++
    this.#recent.push(change)
    // Trimmed in bulk: shifting an array on every change of a flood is quadratic.
    if (this.#recent.length > this.#remembered * 2) this.#recent.splice(0, this.#recent.length - this.#remembered)
    for (const listener of this.#listeners) listener()
  }

  /** The changes after `rev`, or undefined when they are no longer remembered. */
  since(rev: number): readonly Change[] | undefined {
    const behind = this.#rev - rev
    if (behind < 0 || behind > this.#recent.length) return undefined
    return this.#recent.slice(this.#recent.length - behind)
  }

  /** Called after each change; returns the way to stop. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The watched thing is gone: viewers get `end`. */
  end(): void {
    this.#ended = true
    for (const listener of this.#listeners) listener()
  }
}
