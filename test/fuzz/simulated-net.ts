// A network and a clock that are only numbers: wires whose messages take a seeded time, stall and are cut; timers that fire when the test
// says so. One seed is one history, so a failure can be named and played again.
import { type Socket, type SocketWire, socketWire } from '../../engine/contract/socket-wire.ts'
import type { Timers } from '../../engine/contract/timers.ts'
import type { Wire } from '../../engine/contract/wire.ts'

export type Random = () => number

export function seeded(seed: number): Random {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export class Clock {
  nowMs = 0
  #next = 0
  readonly #queue: { atMs: number; order: number; run: () => void }[] = []

  readonly timers: Timers = {
    nowMs: () => this.nowMs,
    after: (ms, run) => {
      const entry = { atMs: this.nowMs + Math.max(0, ms), order: this.#next++, run }
      this.#queue.push(entry)
      return () => {
        const at = this.#queue.indexOf(entry)
        if (at >= 0) this.#queue.splice(at, 1)
      }
    },
  }

  /** Lets `ms` pass: everything due runs in order, with promises settled in between. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms
    await settle()
    for (;;) {
      const due = this.#queue.filter((e) => e.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0]
      if (due === undefined) break
      this.#queue.splice(this.#queue.indexOf(due), 1)
      this.nowMs = Math.max(this.nowMs, due.atMs)
      due.run()
      await settle()
    }
    this.nowMs = untilMs
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

export type Pair = {
  readonly near: Wire
  readonly far: Wire
  cut(): void
  /** Messages under way from far to near stay in the net until `flow`. */
  stall(): void
  flow(): void
  readonly open: boolean
  /** Bytes that far has sent and near has not received. */
  readonly underWayBytes: number
}

/** Two joined wires; each message takes up to `delayMs`, order is kept. */
export function simulatedPair(clock: Clock, random: Random, delayMs: number): Pair {
  let open = true
  let stalled = false
  let underWayBytes = 0
  const held: (() => void)[] = []
  const ends: SocketWire[] = []
  const side = (from: number): Socket => {
    let lastMs = 0
    const down = from === 1
    return {
      send(data) {
        if (!open) return
        const size = data.length
        if (down) underWayBytes += size
        const deliver = () => {
          if (down) underWayBytes -= size
          if (open) ends[1 - from]?.receive(typeof data === 'string' ? data : new Uint8Array(data))
        }
        lastMs = Math.max(lastMs, clock.nowMs + random() * delayMs)
        clock.timers.after(lastMs - clock.nowMs, () => (down && stalled ? held.push(deliver) : deliver()))
      },
      close: (_code, reason) => void clock.timers.after(1, () => cut(reason)),
      bufferedBytes: () => (down ? underWayBytes : 0),
    }
  }
  const cut = (reason = 'cut') => {
    if (!open) return
    open = false
    for (const end of ends) end.closed(reason)
  }
  ends.push(socketWire(side(0)), socketWire(side(1)))
  return {
    near: (ends[0] as SocketWire).wire,
    far: (ends[1] as SocketWire).wire,
    cut: () => cut(),
    stall: () => {
      stalled = true
    },
    flow: () => {
      stalled = false
      for (const deliver of held.splice(0)) deliver()
    },
    get open() {
      return open
    },
    get underWayBytes() {
      return underWayBytes
    },
  }
}
