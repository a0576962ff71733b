// The records of a run's log (outpost/PROTOCOL.md §3): 20 bytes and a payload. Text payloads are handed on in pieces as they arrive, never
// joined; only messages are. Positions are bytes of the log, so a reader can stop at any instant and go on exactly there.
import { join } from './bytes.ts'

export const RECORD = {
  stdout: 1,
  stderr: 2,
  iopub: 3,
  shell: 4,
  control: 5,
  input: 6,
  accepted: 7,
  ready: 8,
  exit: 9,
  lost: 10,
  mark: 11,
  note: 12,
} as const
export const RECORD_FLAG = { started: 1, finished: 2, error: 4, aborted: 8 } as const
export const RECORD_HEAD_BYTES = 20

export type RecordHead = {
  readonly kind: number
  readonly flags: number
  /** The request's number in this log, 0 = none. */
  readonly parent: number
  readonly timeUs: number
  /** Offset of the record's first byte in the log, and size of its payload. */
  readonly start: number
  readonly sizeBytes: number
}

export interface RecordSink {
  /** A piece of a text record's payload; `from` is its place in the payload. The pieces of one record come in order. */
  onText(head: RecordHead, piece: Uint8Array, from: number): void
  /** Any other whole record. */
  onRecord(head: RecordHead, payload: Uint8Array): void
}

export const endOf = (head: RecordHead): number => head.start + RECORD_HEAD_BYTES + head.sizeBytes

/** Cuts log bytes into records. `at`: offset of the first byte that will come, a record border. `skip`: bytes of that first record's text already seen. */
export class RecordParser {
  readonly #sink: RecordSink
  readonly #head = new Uint8Array(RECORD_HEAD_BYTES)
  readonly #view = new DataView(this.#head.buffer)
  #headSize = 0
  #record: RecordHead | undefined
  #left = 0
  #border: number
  #skip: number
  #parts: Uint8Array[] = []

  constructor(sink: RecordSink, at: number, skip = 0) {
    this.#sink = sink
    this.#border = at
    this.#skip = skip
  }

  /** Offset behind the last whole record. */
  get border(): number {
    return this.#border
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const record = this.#record ?? this.#takeHead(bytes, at)
      if (this.#record === undefined) {
        at += record === undefined ? bytes.length - at : RECORD_HEAD_BYTES - this.#headSize
        if (record === undefined) return
        this.#headSize = 0
        this.#record = record
        this.#left = record.sizeBytes
      } else {
        const piece = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at))
        at += piece.length
        this.#left -= piece.length
        this.#take(this.#record, piece)
      }
      if (this.#left === 0) this.#finish(record as RecordHead)
    }
  }

  /** Reads the head from what is kept and what came; undefined (and kept) while it is not whole. */
  #takeHead(bytes: Uint8Array, at: number): RecordHead | undefined {
    const size = Math.min(RECORD_HEAD_BYTES - this.#headSize, bytes.length - at)
    this.#head.set(bytes.subarray(at, at + size), this.#headSize)
    if (this.#headSize + size < RECORD_HEAD_BYTES) {
      this.#headSize += size
      return undefined
    }
    const view = this.#view
    return {
      sizeBytes: view.getUint32(0, true),
      kind: view.getUint8(4),
      flags: view.getUint8(5),
      parent: view.getUint32(8, true),
      timeUs: view.getUint32(12, true) + view.getUint32(16, true) * 0x1_0000_0000,
      start: this.#border,
    }
  }

  #take(head: RecordHead, piece: Uint8Array): void {
    if (head.kind > RECORD.stderr) {
      this.#parts.push(piece)
      return
    }
    const from = head.sizeBytes - this.#left - piece.length
    const seen = Math.min(Math.max(this.#skip - from, 0), piece.length)
    if (seen < piece.length) this.#sink.onText(head, seen === 0 ? piece : piece.subarray(seen), from + seen)
  }

  #finish(head: RecordHead): void {
    this.#record = undefined
    this.#border = endOf(head)
    this.#skip = 0
    if (head.kind <= RECORD.stderr) return
    const payload = join(this.#parts)
    this.#parts = []
    this.#sink.onRecord(head, payload)
  }
}
