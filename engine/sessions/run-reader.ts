// Reads one run's log from a position to its end, batch by batch, and waits for whoever takes the events: that wait is the back-pressure.
// What the events mean is left to the session.
import { type OutpostConnection, OutpostError, type RunStream } from '../../kernels/index.ts'
import { EventDecoder, type OutpostNote, type Parents } from './event-decoder.ts'
import type { KernelEvent, LogPosition } from './session.ts'

export type ReadRun = {
  readonly connection: OutpostConnection
  readonly name: string
  readonly log: string
  readonly parents: Parents
  /** Awaited before a batch is decoded: until the numbers of earlier requests are known. */
  readonly beforeDecoding: () => Promise<void>
  readonly onEvents: (events: readonly KernelEvent[]) => void | Promise<void>
  readonly onNote: (note: OutpostNote) => void
  /** The log can't be read any further: the run is gone, or another engine took over. Not called after `stop`. */
  readonly onFailed: (error: OutpostError) => void
}

export class RunReader {
  readonly stream: RunStream
  readonly #run: ReadRun
  #stopped = false
  /** Where the events given so far end. */
  position: LogPosition

  constructor(run: ReadRun, from: LogPosition) {
    this.#run = run
    this.position = from
    this.stream = run.connection.open({ name: run.name, since: from.offset, log: run.log })
    void this.#read(new EventDecoder(run.log, run.parents, from.offset, from.skip ?? 0, run.onNote))
  }

  /** No event comes after this. What was not accepted can be taken over by the next reader's stream. */
  stop(): void {
    this.#stopped = true
    this.stream.close()
  }

  async #read(decoder: EventDecoder): Promise<void> {
    try {
      for (;;) {
        const batch = await this.stream.next()
        if (batch === undefined || this.#stopped) return
        await this.#run.beforeDecoding()
        if (this.#stopped) return
        const events = decoder.decode(batch)
        this.stream.cutUpTo(decoder.border)
        const last = events.at(-1)
        if (last !== undefined) {
          await this.#run.onEvents(events)
          if (this.#stopped) return
          this.position = last.position
        }
        this.stream.consumed(batch.to)
      }
    } catch (error) {
      if (this.#stopped) return
      this.stop()
      const code = 'log.damaged'
      this.#run.onFailed(
        error instanceof OutpostError
          ? error
          : new OutpostError({ code, message: `The log of the kernel can't be read: ${String(error)}` }),
      )
    }
  }
}

/** Numbers that were given before, so that text of an earlier request finds its cell. Asked until it is answered: without it text would belong to nobody. */
export async function seedParents(connection: OutpostConnection, name: string, parents: Parents): Promise<void> {
  for (;;) {
    try {
      const { executions } = await connection.call('journal', { name, last: 10_000 })
      for (const { parent, id } of executions) if (!parents.has(parent)) parents.set(parent, id)
      return
    } catch (error) {
      if (!(error instanceof OutpostError) || !AGAIN.has(error.code)) return
    }
  }
}
const AGAIN = new Set(['outpost.timeout', 'outpost.unreachable', 'outpost.broken'])
