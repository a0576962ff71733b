// Keeps one warm kernel per interpreter: a restart is then a hand-over of 2 ms instead of a start of 0.3 to 1 s. A spare costs a start and
// 40 MB, so it is made only after a kernel of that interpreter is up and has been idle for a moment, and not kept when none is left.
import type { OutpostConnection, OutpostEvent } from '../../kernels/index.ts'
import { nodeTimers } from '../support/timers.ts'

type Wanted = { readonly python: string; readonly cwd: string; readonly env: Readonly<Record<string, string>> }

/** The user's first cells come first: the machine may have two cores. */
const IDLE_MS = 1500

export class SpareKeeper {
  readonly #connection: OutpostConnection
  readonly #allowed: () => boolean
  readonly #wanted = new Map<string, Wanted>()
  readonly #kept = new Map<string, string>()
  readonly #timers = new Map<string, () => void>()
  readonly #stop: (() => void)[]

  constructor(connection: OutpostConnection, allowed: () => boolean) {
    this.#connection = connection
    this.#allowed = allowed
    this.#stop = [
      connection.onEvent((event) => this.#onEvent(event)),
      // Another supervisor has no spare: it is asked again.
      connection.onState((state) => {
        if (state.state !== 'up') return
        this.#kept.clear()
        for (const run of this.#wanted.keys()) if (state.hello.runs[run]?.state === 'ready') this.#later(run)
      }),
    ]
  }

  /** `run` has been started: its like is kept warm once it is idle. */
  want(run: string, wanted: Wanted): void {
    this.#wanted.set(run, wanted)
    this.#later(run)
  }

  wants(run: string): boolean {
    return this.#wanted.has(run)
  }

  leave(run: string): void {
    const left = this.#wanted.get(run)
    this.#wanted.delete(run)
    this.#timers.get(run)?.()
    this.#timers.delete(run)
    if (left === undefined || [...this.#wanted.values()].some((other) => other.python === left.python)) return
    this.#kept.delete(left.python)
    this.#connection.call('spare', { python: left.python, keep: false }).catch(() => undefined)
  }

  close(): void {
    for (const stop of this.#stop) stop()
    for (const cancel of this.#timers.values()) cancel()
  }

  #onEvent(event: OutpostEvent): void {
    if (!('name' in event) || !this.#wanted.has(event.name)) return
    if (event.event === 'ready' || event.event === 'idle') this.#later(event.name)
    else if (event.event === 'busy') this.#timers.get(event.name)?.()
    else if (event.event === 'exit' || event.event === 'forgotten') this.leave(event.name)
  }

  #later(run: string): void {
    this.#timers.get(run)?.()
    this.#timers.set(
      run,
      nodeTimers.after(IDLE_MS, () => this.#keep(run)),
    )
  }

  #keep(run: string): void {
    const wanted = this.#wanted.get(run)
    if (wanted === undefined || !this.#allowed()) return
    const key = JSON.stringify(wanted)
    // The outpost makes the next one by itself when one was taken; it is asked only for something new.
    if (this.#kept.get(wanted.python) === key) return
    this.#kept.set(wanted.python, key)
    this.#connection.call('spare', { ...wanted, keep: true }).catch(() => this.#kept.delete(wanted.python))
  }
}
