// Time as an argument: the contract runs in Node, in the browser and in seeded tests, so it never reaches for a clock or a timer itself.

export type Timers = {
  readonly nowMs: () => number
  /** Runs once after `ms`; returns the way to call it off. */
  readonly after: (ms: number, run: () => void) => () => void
}
