// The logs of one session, in order, for one consumer: the kernel's own, and when it was restarted, the last words of the old and then the
// new from its begin. Also reads when nobody follows, because replies to requests are in the log too.
import type { OutpostConnection, RunState, RunStream } from '../../kernels/index.ts'
import type { OutpostNote, Parents } from './event-decoder.ts'
import { kernelError } from './kernel-problems.ts'
import { RunReader, seedParents } from './run-reader.ts'
import type { RunRegistry } from './run-registry.ts'
import type { KernelEvent, LogPosition } from './session.ts'

type OnEvents = (events: readonly KernelEvent[]) => void | Promise<void>
type Follower = { readonly onEvents: OnEvents; readonly done: () => void; readonly fail: (error: unknown) => void }
export type SessionLogOptions = {
  readonly connection: OutpostConnection
  readonly runs: RunRegistry
  /** Sees each event before the consumer does. */
  readonly observe: (event: KernelEvent) => void
  readonly onNote: (note: OutpostNote) => void
}

/** What a kernel says while it is being ended is no output of a cell; more than this is. */
const LAST_WORDS_BYTES = 64 << 10

export class SessionLog {
  readonly #options: SessionLogOptions
  /** The run that runs now; its log is where reading ends up. */
  #run: RunState
  #reader: RunReader | undefined
  #parents: Parents = new Map()
  #follower: Follower | undefined
  #held: ((stream: RunStream) => void)[] = []
  /** Events are given one batch at a time, also when a new reader follows an old one whose last batch is still being taken. */
  #turn: Promise<void> = Promise.resolve()
  #given: LogPosition | undefined
  /** The log whose `exit` was given. */
  #ended = ''
  #onEnded: () => void = () => undefined

  constructor(run: RunState, options: SessionLogOptions) {
    this.#run = run
    this.#options = options
  }

  /** Input for the present kernel: at once, or as soon as its log is read (an older one may be read to its end first). */
  send(input: (stream: RunStream) => void): void {
    if (this.#reader?.position.log === this.#run.log) input(this.#reader.stream)
    else this.#held.push(input)
  }
  accepted(request: string): void {
    this.#reader?.stream.accepted(request)
  }

  follow(since: LogPosition | 'now', onEvents: OnEvents, signal: AbortSignal): Promise<void> {
    this.#follower?.done()
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve()
      const leave = (): void => {
        signal.removeEventListener('abort', follower.done)
        if (this.#follower === follower) this.#follower = undefined
      }
      const follower: Follower = {
        onEvents,
        done: () => {
          leave()
          resolve()
        },
        fail: (error) => {
          leave()
          reject(error)
        },
      }
      signal.addEventListener('abort', follower.done)
      this.#follower = follower
      if (since !== 'now') this.#readSince(since)
      else if (this.#reader === undefined) this.readFromEnd().catch(follower.fail)
    })
  }

  /** Reads the present log from its begin. */
  readFromBegin(): void {
    this.#read(this.#run, { log: this.#run.log, offset: 0 })
  }

  /** From the last record border on: the journal has read the heads of the log and knows it. */
  async readFromEnd(): Promise<void> {
    const run = this.#run
    if (this.#reader !== undefined) return
    const { size } = await this.#options.connection.call('journal', { name: run.name, last: 1 }).catch((error: unknown) => {
      throw kernelError(error)
    })
    if (this.#run === run && this.#reader === undefined) this.#read(run, { log: run.log, offset: size })
  }

  /** Resolves when the `exit` of the present log was read, at once if it was. */
  exitRead(): Promise<void> {
    return this.#ended === this.#run.log ? Promise.resolve() : new Promise((resolve) => (this.#onEnded = resolve))
  }

  /** How much of the present log the consumer has not been given, when that is more than the last words of a kernel that ends. */
  async unreadBytes(): Promise<number> {
    const reader = this.#reader
    if (reader === undefined || reader.position.log !== this.#run.log || this.#ended === this.#run.log) return 0
    const { size } = await this.#options.connection.call('journal', { name: this.#run.name, last: 0 }, { timeoutMs: 1000 })
    const unread = size - reader.position.offset
    return unread > LAST_WORDS_BYTES ? unread : 0
  }

  /** Another kernel runs now. The consumer gets an `exit` of the old log in any case, and is told of what it will not get of it. */
  moveTo(run: RunState, lostBytes: number): void {
    const old = this.#run
    this.#run = run
    // What was meant for the old kernel dies with it.
    this.#held = []
    // A consumer that still reads an older log comes here by itself, when it has read that to its end.
    if (this.#reader !== undefined && this.#reader.position.log !== old.log) return
    const lastOf = (): readonly KernelEvent[] => {
      if (this.#ended === old.log) return []
      const position = this.#given?.log === old.log ? this.#given : { log: old.log, offset: old.size }
      return [...(lostBytes > 0 ? [{ type: 'lost', bytes: lostBytes, position } as const] : []), endOf(position, true)]
    }
    this.#read(run, { log: run.log, offset: 0 }, lastOf)
  }

  stop(): void {
    this.#reader?.stop()
    this.#reader = undefined
    this.#follower?.done()
  }

  #readSince(since: LogPosition): void {
    // Always opened anew, also where the reader stands there already: a batch may just be on its way to whoever followed before.
    const run = since.log === this.#run.log ? this.#run : this.#options.runs.byLog(since.log)
    if (run !== undefined) this.#read(run, since)
    // That kernel and its log are gone: what ran there is said to be over, and never run again.
    else this.#read(this.#run, { log: this.#run.log, offset: 0 }, () => [endOf(since, false)])
  }

  /** Reads `run` in place of what was read so far. `opening` is given before anything else, and asked for when it is its turn. */
  #read(run: RunState, from: LogPosition, opening: () => readonly KernelEvent[] = () => []): void {
    const { connection, onNote } = this.#options
    const before = this.#reader
    if (before?.position.log !== run.log) this.#parents = new Map()
    const parents = this.#parents
    let seeding = from.offset > 0 ? seedParents(connection, run.name, parents) : undefined
    let opened = false
    const onEvents = async (events: readonly KernelEvent[]): Promise<void> => {
      if (!opened) await this.#give(reader, opening)
      opened = true
      await this.#give(reader, () => events)
      if (events.at(-1)?.type === 'exit' && run.log !== this.#run.log && this.#reader === reader) this.readFromBegin()
    }
    const beforeDecoding = async (): Promise<void> => {
      await seeding
      seeding = undefined
    }
    const onFailed = (error: Error): void => {
      if (this.#reader !== reader) return
      const code = 'code' in error ? error.code : ''
      if (code === 'run.unknown') {
        // A run that is gone ended: said, and on with the present one.
        void this.#give(reader, () => [endOf(reader.position, false)]).then(() => {
          if (this.#reader === reader) this.#reader = undefined
          if (run.log !== this.#run.log) this.readFromBegin()
        })
        return
      }
      this.#reader = undefined
      // Anything else is a failure of the reading, and the consumer must know.
      if (code === 'outpost.closed') this.#follower?.done()
      else this.#follower?.fail(kernelError(error))
    }
    const reader = new RunReader(
      { connection, name: run.name, log: run.log, parents, beforeDecoding, onEvents, onNote, onFailed },
      from,
    )
    this.#reader = reader
    if (before?.position.log === run.log) reader.stream.takeInputs(before.stream)
    before?.stop()
    if (run.log === this.#run.log) for (const input of this.#held.splice(0)) input(reader.stream)
  }

  /** To the session first, then to the consumer; its error ends the following, never the reading. One batch at a time, whoever reads. */
  async #give(reader: RunReader, of: () => readonly KernelEvent[]): Promise<void> {
    const turn = this.#turn
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#turn = promise
    await turn
    try {
      // Meanwhile another reader took over: it gives these events itself, or they are no longer wanted.
      if (this.#reader === reader) await this.#giveNow(reader, of())
    } finally {
      resolve()
    }
  }

  async #giveNow(reader: RunReader, events: readonly KernelEvent[]): Promise<void> {
    const last = events.at(-1)
    if (last === undefined) return
    for (const event of events) {
      if (event.type === 'accepted') reader.stream.accepted(event.request)
      this.#options.observe(event)
    }
    const follower = this.#follower
    try {
      await follower?.onEvents(events)
    } catch (error) {
      follower?.fail(error)
    }
    this.#given = last.position
    if (last.type !== 'exit') return
    this.#ended = last.position.log
    this.#onEnded()
  }
}

const endOf = (position: LogPosition, clean: boolean): KernelEvent => ({
  type: 'exit',
  code: null,
  signal: null,
  oom: false,
  clean,
  stderrTail: '',
  position,
})
