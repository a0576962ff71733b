// One run's log as it arrives, and what is sent to that run. Survives broken connections: it opens again where it stood and sends again
// what the run has not accepted yet (the host answers a repeat `again` and does not run it twice).
// Its connection moves the frames; whoever reads the stream cuts them into records.
import type { OutpostError } from './outpost-error.ts'

/**
 * What arrived: bytes of the log in order, `from` the position of the first. `restart`: `from` is a record border, and what was there of a record
 * before is void: the stream was opened (again), the torn record of a killed kernel was cut off, or `skippedBytes` before it are gone for good.
 */
export type LogBatch = {
  readonly from: number
  readonly to: number
  readonly pieces: readonly Uint8Array[]
  readonly restart: boolean
  readonly skippedBytes: number
}
export type OpenRun = {
  readonly name: string
  /** A record border, or `end`. */
  readonly since: number | 'end'
  /** The log that `since` belongs to: opening another one fails with `log.other`. */
  readonly log?: string
  readonly windowBytes?: number
}
type Part = { readonly from: number; readonly pieces: Uint8Array[]; readonly restart: boolean; readonly skippedBytes: number }
type Input = { readonly channel: number; readonly body: Uint8Array }
/** The connection's side of a stream: `input` and `credit` are only called while the stream is open there. */
export type StreamPort = { input(channel: number, body: Uint8Array): void; credit(position: number): void; closed(): void }

export const WINDOW_BYTES = 4 << 20
const CREDIT_EACH_BYTES = 1 << 20

export class RunStream {
  readonly name: string
  readonly windowBytes: number
  readonly log: string | undefined
  #port: StreamPort | undefined
  readonly #end: () => void
  /** Where the next byte of the log will be; `end` until the first answer. */
  #position: number | 'end'
  /** Where it is opened again after a broken connection: a record border, because what is behind one may be cut off meanwhile. */
  #border: number | 'end'
  #queued: Part[] = []
  #credited = 0
  #failure: OutpostError | undefined
  #closed = false
  #wake: (() => void) | undefined
  readonly #unaccepted = new Map<string, Input>()
  #unsent: Input[] = []

  /** Made by `OutpostConnection.open`. */
  constructor(open: OpenRun, end: () => void) {
    this.name = open.name
    this.log = open.log
    this.windowBytes = open.windowBytes ?? WINDOW_BYTES
    this.#position = open.since
    this.#border = open.since
    this.#end = end
  }

  /** What an `open` asks for. */
  get since(): number | 'end' {
    return this.#border
  }

  /** The bytes that came since the last call, at once or when some come; undefined when closed. Throws OutpostError (`log.beyond`, `run.unknown`, …). */
  async next(): Promise<LogBatch | undefined> {
    while (this.#queued.length === 0) {
      if (this.#failure !== undefined) throw this.#failure
      if (this.#closed) return undefined
      await new Promise<void>((wake) => {
        this.#wake = wake
      })
    }
    const part = this.#queued.shift() as Part
    return { ...part, to: part.pieces.reduce((end, piece) => end + piece.length, part.from) }
  }

  /** The reader has cut the batches so far into records up to here: said before it waits for anything. */
  cutUpTo(border: number): void {
    this.#border = border
  }

  /** Everything below `position` is done with: gives the outpost credit for more. */
  consumed(position: number): void {
    if (position - this.#credited < CREDIT_EACH_BYTES) return
    this.#credited = position
    this.#port?.credit(position)
  }

  /** A request: sent now or when the connection is there, and again after a broken one until `accepted(id)`. */
  request(id: string, channel: number, body: Uint8Array): void {
    if (this.#closed) return
    const input = { channel, body }
    this.#unaccepted.set(id, input)
    this.#port?.input(channel, body)
  }

  /** Input that has no answer of its own (input_reply, terminal bytes): sent once, now or when the connection is there. */
  send(channel: number, body: Uint8Array): void {
    if (this.#port !== undefined) this.#port.input(channel, body)
    else if (!this.#closed) this.#unsent.push({ channel, body })
  }

  /** Takes over what another stream of the same run has not got through: that one is to be closed. */
  takeInputs(other: RunStream): void {
    for (const [id, input] of other.#unaccepted) this.request(id, input.channel, input.body)
    for (const input of other.#unsent) this.send(input.channel, input.body)
    other.#unaccepted.clear()
    other.#unsent = []
  }

  /** The run has it: never sent again. */
  accepted(id: string): void {
    this.#unaccepted.delete(id)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#queued = []
    this.#wake?.()
    const port = this.#port
    this.#port = undefined
    this.#end()
    port?.closed()
  }

  // Below: the connection's side.

  opened(port: StreamPort, from: number, skippedBytes: number): void {
    this.#queued = [{ from, pieces: [], restart: true, skippedBytes: this.#border === 'end' ? 0 : skippedBytes }]
    this.#position = from
    this.#border = from
    this.#credited = from
    this.#port = port
    for (const input of this.#unaccepted.values()) port.input(input.channel, input.body)
    for (const input of this.#unsent) port.input(input.channel, input.body)
    this.#unsent = []
    if (skippedBytes > 0) this.#wakeUp()
  }

  data(position: number, piece: Uint8Array): void {
    if (this.#closed || this.#port === undefined) return
    // Below: the outpost cut off a torn record that it had sent a part of. Above: those bytes were acknowledged and deleted.
    if (position !== this.#position) {
      this.#queued.push({
        from: position,
        pieces: [],
        restart: true,
        skippedBytes: Math.max(0, position - (this.#position as number)),
      })
    } else if (this.#queued.length === 0) this.#queued.push({ from: position, pieces: [], restart: false, skippedBytes: 0 })
    this.#queued.at(-1)?.pieces.push(piece)
    this.#position = position + piece.length
    this.#wakeUp()
  }

  /** The connection broke: nothing to do but wait for the next `opened`. */
  broken(): void {
    this.#port = undefined
  }

  failed(failure: OutpostError): void {
    this.#failure = failure
    this.#port = undefined
    this.#wakeUp()
  }

  #wakeUp(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
