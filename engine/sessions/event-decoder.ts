// Log bytes as kernel events with exact positions: whoever stores the last event's position with what it made of the events goes on there.
// Leans on RecordParser for the cutting. Numbers of requests become msg_ids by the `accepted` records (and the journal, for earlier ones).
import {
  endOf,
  type LogBatch,
  RECORD,
  RECORD_HEAD_BYTES,
  type RecordHead,
  RecordParser,
  toText,
  unpackMessage,
} from '../../kernels/index.ts'
import type { JsonObject } from '../contract/json.ts'
import type { KernelEvent, KernelMessage, LogPosition } from './session.ts'

/** Which request a number in this log belongs to. Shared by all readers of one log. */
export type Parents = Map<number, string>
/** The outpost tells the user something: the kernel waits for disk space, it fell back to the bridge. */
export type OutpostNote = { readonly code: string; readonly message: string; readonly hint?: string }

const CHANNELS = {
  [RECORD.iopub]: 'iopub',
  [RECORD.shell]: 'shell',
  [RECORD.control]: 'control',
  [RECORD.input]: 'stdin',
} as const
/** A kernel that answers a million completions must not fill our memory with their ids; text never belongs to one that old. */
const PARENTS_KEPT = 50_000

export class EventDecoder {
  readonly #log: string
  readonly #parents: Parents
  #parser: RecordParser
  /** Bytes of the unfinished text record at the border that were given already. */
  #given: number
  readonly #onNote: (note: OutpostNote) => void
  #events: KernelEvent[] = []

  /** `at`: a record border; `skip`: bytes of that record's text that were already given. */
  constructor(log: string, parents: Parents, at: number, skip: number, onNote: (note: OutpostNote) => void) {
    this.#log = log
    this.#parents = parents
    this.#onNote = onNote
    this.#given = skip
    this.#parser = this.#parserAt(at, skip)
  }

  /** Where the records end that were whole so far. */
  get border(): number {
    return this.#parser.border
  }

  /** The next batch's events, in order. Their bytes are views of the batch. */
  decode(batch: LogBatch): readonly KernelEvent[] {
    this.#events = []
    if (batch.skippedBytes > 0)
      this.#events.push({ type: 'lost', bytes: batch.skippedBytes, position: { log: this.#log, offset: batch.from } })
    if (batch.restart) {
      this.#given = batch.from === this.border ? this.#given : 0
      this.#parser = this.#parserAt(batch.from, this.#given)
    }
    for (const piece of batch.pieces) this.#parser.push(piece)
    return this.#events
  }

  #parserAt(at: number, skip: number): RecordParser {
    const onText = (head: RecordHead, piece: Uint8Array, from: number): void => this.#text(head, piece, from)
    return new RecordParser({ onText, onRecord: (head, payload) => this.#record(head, payload) }, at, skip)
  }

  #text(head: RecordHead, bytes: Uint8Array, from: number): void {
    const until = from + bytes.length
    this.#given = until === head.sizeBytes ? 0 : until
    const position = until === head.sizeBytes ? this.#end(head) : { log: this.#log, offset: head.start, skip: until }
    const stream = head.kind === RECORD.stdout ? 'stdout' : 'stderr'
    this.#events.push({ type: 'text', stream, request: this.#parents.get(head.parent), bytes, position })
  }

  #record(head: RecordHead, payload: Uint8Array): void {
    const position = this.#end(head)
    const given = this.#given
    this.#given = 0
    switch (head.kind) {
      case RECORD.iopub:
      case RECORD.shell:
      case RECORD.control:
      case RECORD.input: {
        const message = unpackMessage(payload) as KernelMessage
        const request = message.parent === '' ? this.#parents.get(head.parent) : message.parent
        const channel = CHANNELS[head.kind as keyof typeof CHANNELS]
        this.#events.push({ type: 'message', channel, request, message, position })
        return
      }
      case RECORD.accepted: {
        const { id, again } = json<{ id: string; again?: true }>(payload)
        this.#parents.set(head.parent, id)
        if (this.#parents.size > PARENTS_KEPT) this.#parents.delete(this.#parents.keys().next().value as number)
        this.#events.push({ type: 'accepted', request: id, again: again === true, position })
        return
      }
      case RECORD.ready: {
        const { pid, ...info } = json<{ pid: number } & JsonObject>(payload)
        this.#events.push({ type: 'ready', pid, info: info as JsonObject, position })
        return
      }
      case RECORD.exit: {
        const exit = json<{ how: string; code: number | null; signalName: string | null; oom: boolean; stderrTail: string }>(
          payload,
        )
        const { code, signalName, oom, stderrTail } = exit
        this.#events.push({ type: 'exit', code, signal: signalName, oom, clean: exit.how === 'clean', stderrTail, position })
        return
      }
      case RECORD.lost: {
        // What was given of a torn record before it was cut off is not lost to whoever has it; nor is its head, which was never output.
        const bytes = json<{ bytes: number }>(payload).bytes - (given > 0 ? RECORD_HEAD_BYTES + given : 0)
        if (bytes > 0) this.#events.push({ type: 'lost', bytes, position })
        return
      }
      case RECORD.note:
        this.#onNote(json<OutpostNote>(payload))
        return
      // Marks of segments, and kinds that a newer outpost may write.
      default:
        return
    }
  }

  #end(head: RecordHead): LogPosition {
    return { log: this.#log, offset: endOf(head) }
  }
}

const json = <T>(payload: Uint8Array): T => JSON.parse(toText(payload)) as T
