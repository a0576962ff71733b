// Node's clock and timers in the contract's shape. Not unref'd by itself: whoever owns a wire owns the wish to stay alive for it.
import type { Timers } from '../contract/timers.ts'

export const nodeTimers: Timers = {
  nowMs: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
