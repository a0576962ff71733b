// The answering half of one end of a wire: runs calls, and sends each watched feed at the pace its viewer can take.
// Per watch there is one number (the revision sent last) and at most one batch under way; what comes meanwhile is fetched from the feed's
// own memory when the viewer has credit again, or skipped over by a snapshot. So a slow viewer costs the engine nothing but patience.
import type { Frame, Since } from './frames.ts'
import type { Asker } from './index.ts'
import { problem, toProblem } from './problem.ts'
import type { AnyWatched, Service } from './service.ts'
import type { Timers } from './timers.ts'
import type { Wire } from './wire.ts'

export type PublisherOptions = {
  readonly asker: { readonly id: string; readonly role: Asker['role'] }
  readonly timers: Timers
  /** Changes wait this long after a batch for company: 16 ms for windows (no frame shows more), 0 for programs. */
  readonly paceMs: number
  readonly log: (error: unknown) => void
}

const CALLS_AT_ONCE = 1024
const WATCHES_AT_ONCE = 8192
/** Above this the transport is behind: batches wait (credit alone would not bound 8,192 first snapshots). */
const QUEUE_HIGH_BYTES = 8 << 20

type Watch = {
  readonly id: number
  readonly controller: AbortController
  watched: AnyWatched | undefined
  stop: () => void
  sentRev: number
  underWay: boolean
  /** Sent last at, for pacing. */
  sentMs: number
}

export class Publisher {
  readonly #calls = new Map<number, AbortController>()
  readonly #watches = new Map<number, Watch>()
  readonly #due = new Set<Watch>()
  readonly #closed = new AbortController()
  readonly #wire: Wire
  readonly #service: Service
  readonly #options: PublisherOptions
  #unschedule: (() => void) | undefined

  constructor(wire: Wire, service: Service, options: PublisherOptions) {
    this.#wire = wire
    this.#service = service
    this.#options = options
  }

  get watches(): number {
    return this.#watches.size
  }

  /** Frames that ask; answers false for the other kinds. */
  take(frame: Frame): boolean {
    switch (frame.t) {
      case 'call':
        void this.#call(frame.id, frame.name, frame.input)
        return true
      case 'cancel':
        this.#calls.get(frame.id)?.abort(problem('cancelled', 'Cancelled.'))
        return true
      case 'watch':
        void this.#watch(frame.id, frame.feed, frame.key, frame.since)
        return true
      case 'unwatch':
        this.#drop(frame.id)
        return true
      case 'seen':
        this.#seen(frame.id, frame.rev)
        return true
      default:
        return false
    }
  }

  close(): void {
    this.#unschedule?.()
    this.#closed.abort(problem('cancelled', 'The window has gone.'))
    for (const controller of this.#calls.values()) controller.abort(problem('cancelled', 'The window has gone.'))
    this.#calls.clear()
    for (const id of [...this.#watches.keys()]) this.#drop(id)
  }

  #asker(controller: AbortController): Asker {
    // A call's signal also outlives the call: `terminals.attach` learns from it that its window has gone.
    return { ...this.#options.asker, signal: AbortSignal.any([this.#closed.signal, controller.signal]) }
  }

  async #call(id: number, name: string, input: unknown): Promise<void> {
    if (this.#calls.has(id))
      return this.#wire.send({ t: 'bye', problem: { code: 'invalid', message: `Call ${id} was made twice on one wire.` } })
    if (this.#calls.size >= CALLS_AT_ONCE) {
      return this.#wire.send({
        t: 'fail',
        id,
        problem: {
          code: 'busy',
          message: `${CALLS_AT_ONCE} calls are under way.`,
          hint: 'Wait for some to end, then try again.',
        },
      })
    }
    const controller = new AbortController()
    this.#calls.set(id, controller)
    try {
      const output = await this.#service.call(name, input, this.#asker(controller))
      if (this.#calls.delete(id)) this.#wire.send({ t: 'done', id, output: output ?? null })
    } catch (error) {
      const said = toProblem(error, this.#options.log)
      if (this.#calls.delete(id)) this.#wire.send({ t: 'fail', id, problem: said })
    }
  }

  async #watch(id: number, feed: string, key: unknown, since: Since | undefined): Promise<void> {
    if (this.#watches.has(id))
      return this.#wire.send({ t: 'bye', problem: { code: 'invalid', message: `Watch ${id} was made twice on one wire.` } })
    if (this.#watches.size >= WATCHES_AT_ONCE)
      return this.#wire.send({
        t: 'end',
        id,
        problem: { code: 'busy', message: `${WATCHES_AT_ONCE} feeds are watched by one window.` },
      })
    const watch: Watch = {
      id,
      controller: new AbortController(),
      watched: undefined,
      stop: () => {},
      sentRev: -1,
      underWay: false,
      sentMs: 0,
    }
    this.#watches.set(id, watch)
    try {
      const watched = await this.#service.watch(feed, key, this.#asker(watch.controller))
      if (this.#watches.get(id) !== watch) return watched.release()
      watch.watched = watched
      watch.stop = watched.feed.listen(() => this.#dirty(watch))
      // Known ground: even with nothing missed the (empty) batch goes out, so that the viewer knows it is live again.
      if (since !== undefined && since.epoch === watched.feed.epoch && watched.feed.since(since.rev) !== undefined)
        this.#sendChanges(watch, since.rev)
      else this.#sendSnapshot(watch)
      if (watched.feed.ended) this.#dirty(watch)
    } catch (error) {
      const said = toProblem(error, this.#options.log)
      if (this.#watches.delete(id)) this.#wire.send({ t: 'end', id, problem: said })
    }
  }

  #seen(id: number, rev: number): void {
    const watch = this.#watches.get(id)
    if (watch === undefined || watch.watched === undefined || rev < watch.sentRev) return
    watch.underWay = false
    if (watch.watched.feed.rev > watch.sentRev || watch.watched.feed.ended) this.#dirty(watch)
  }

  #drop(id: number): void {
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    this.#watches.delete(id)
    this.#due.delete(watch)
    watch.stop()
    watch.controller.abort(problem('cancelled', 'No longer watched.'))
    watch.watched?.release()
  }

  #dirty(watch: Watch): void {
    if (watch.underWay) return // its `seen` comes back here
    this.#due.add(watch)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#unschedule !== undefined || this.#due.size === 0) return
    const now = this.#options.timers.nowMs()
    // One timer for all: the soonest that may go. A watch that rested longer than the pace goes at once (first key stroke: no delay).
    let waitMs = this.#options.paceMs
    for (const watch of this.#due) waitMs = Math.min(waitMs, Math.max(0, watch.sentMs + this.#options.paceMs - now))
    this.#unschedule = this.#options.timers.after(waitMs, () => this.#flush())
  }

  #flush(): void {
    this.#unschedule = undefined
    const now = this.#options.timers.nowMs()
    for (const watch of [...this.#due]) {
      if (this.#wire.queuedBytes > QUEUE_HIGH_BYTES) {
        this.#unschedule = this.#options.timers.after(Math.max(16, this.#options.paceMs), () => this.#flush())
        return
      }
      // Clocks may step back; then `now` is before `sentMs` and the watch goes at once.
      if (now >= watch.sentMs && now < watch.sentMs + this.#options.paceMs) continue
      this.#due.delete(watch)
      this.#sendNext(watch)
    }
    this.#schedule()
  }

  #sendNext(watch: Watch): void {
    const feed = watch.watched?.feed
    if (feed === undefined || watch.underWay) return
    if (feed.rev > watch.sentRev) {
      if (feed.since(watch.sentRev) === undefined) this.#sendSnapshot(watch)
      else this.#sendChanges(watch, watch.sentRev)
    } else if (feed.ended) {
      this.#wire.send({ t: 'end', id: watch.id })
      this.#drop(watch.id)
    }
  }

  #sendChanges(watch: Watch, fromRev: number): void {
    const feed = watch.watched?.feed
    const changes = feed?.since(fromRev)
    if (feed === undefined || changes === undefined) return
    this.#sent(watch, feed.rev)
    this.#wire.send({ t: 'changes', id: watch.id, rev: feed.rev, changes })
  }

  #sendSnapshot(watch: Watch): void {
    const feed = watch.watched?.feed
    if (feed === undefined) return
    this.#sent(watch, feed.rev)
    this.#wire.send({ t: 'snapshot', id: watch.id, epoch: feed.epoch, rev: feed.rev, state: feed.state })
  }

  #sent(watch: Watch, rev: number): void {
    watch.sentRev = rev
    watch.underWay = true
    watch.sentMs = this.#options.timers.nowMs()
  }
}
