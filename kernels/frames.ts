// The frames between a client and an outpost (outpost/PROTOCOL.md §1, §2): 16 bytes and a body, little endian.
// DATA bodies are handed on in the pieces they arrive in and never joined: at 1 GB/s a copy more is a copy too many.
import { join, toBytes } from './bytes.ts'

export const FRAME = { call: 1, input: 2, credit: 3, ping: 4, reply: 16, data: 17, event: 18, pong: 19 } as const
export const CHANNEL = { shell: 1, control: 2, stdin: 3, bytes: 4 } as const
export const GREETING = '\0updraft-outpost/1\n'
const HEAD_BYTES = 16
/** A small frame (reply, event) can't be larger: the outpost cuts a client off at 4 MiB waiting; twice that is a broken stream. */
const SMALL_LIMIT_BYTES = 64 << 20

/** One frame ready to be written. `seq` is an offset in bytes, up to 2^53. */
export function packFrame(
  kind: number,
  flags: number,
  stream: number,
  seq: number,
  body: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(HEAD_BYTES + body.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, body.length, true)
  view.setUint8(4, kind)
  view.setUint8(5, flags)
  view.setUint16(6, stream, true)
  view.setUint32(8, seq % 0x1_0000_0000, true)
  view.setUint32(12, Math.floor(seq / 0x1_0000_0000), true)
  out.set(body, HEAD_BYTES)
  return out
}

export interface FrameSink {
  /** A piece of a DATA frame's bytes (flags 0); `seq` is the position of its first byte. */
  onData(stream: number, seq: number, piece: Uint8Array): void
  /** Any other whole frame, marks (DATA with flags 1) included. */
  onFrame(kind: number, flags: number, stream: number, seq: number, body: Uint8Array): void
}

/** Cuts a byte stream into frames. Throws a RangeError on bytes that are not an outpost's: the stream must be closed then. */
export class FrameParser {
  readonly #sink: FrameSink
  readonly #greeting = toBytes(GREETING)
  #greeted = 0
  #skipped = 0
  readonly #head = new Uint8Array(HEAD_BYTES)
  readonly #view = new DataView(this.#head.buffer)
  #headSize = 0
  #left = 0
  #kind = 0
  #flags = 0
  #stream = 0
  #seq = 0
  #parts: Uint8Array[] = []

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  push(bytes: Uint8Array): void {
    let at = this.#greeted === this.#greeting.length ? 0 : this.#findGreeting(bytes)
    while (at < bytes.length) {
      if (this.#left === 0) {
        const size = Math.min(HEAD_BYTES - this.#headSize, bytes.length - at)
        this.#head.set(bytes.subarray(at, at + size), this.#headSize)
        this.#headSize += size
        at += size
        if (this.#headSize < HEAD_BYTES) return
        this.#begin()
        if (this.#left > 0) continue
        if (!this.#streams()) this.#sink.onFrame(this.#kind, this.#flags, this.#stream, this.#seq, new Uint8Array(0))
        continue
      }
      const piece = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at))
      at += piece.length
      this.#left -= piece.length
      if (this.#streams()) {
        this.#sink.onData(this.#stream, this.#seq, piece)
        this.#seq += piece.length
        continue
      }
      this.#parts.push(piece)
      if (this.#left > 0) continue
      const body = join(this.#parts)
      this.#parts = []
      this.#sink.onFrame(this.#kind, this.#flags, this.#stream, this.#seq, body)
    }
  }

  #streams(): boolean {
    return this.#kind === FRAME.data && this.#flags === 0
  }

  #begin(): void {
    this.#headSize = 0
    this.#left = this.#view.getUint32(0, true)
    this.#kind = this.#view.getUint8(4)
    this.#flags = this.#view.getUint8(5)
    this.#stream = this.#view.getUint16(6, true)
    this.#seq = this.#view.getUint32(8, true) + this.#view.getUint32(12, true) * 0x1_0000_0000
    const known = this.#kind >= FRAME.reply && this.#kind <= FRAME.pong
    if (!known || this.#left > SMALL_LIMIT_BYTES)
      throw new RangeError(`not a frame of an outpost: kind ${this.#kind}, ${this.#left} bytes`)
  }

  /** A login shell may greet first: everything before the outpost's own greeting is thrown away. Returns where frames begin. */
  #findGreeting(bytes: Uint8Array): number {
    for (let at = 0; at < bytes.length; at++) {
      // The greeting begins with its only NUL, so on a mismatch there is nothing to go back to but that NUL.
      if (bytes[at] === this.#greeting[this.#greeted]) this.#greeted++
      else this.#greeted = bytes[at] === 0 ? 1 : 0
      if (this.#greeted === this.#greeting.length) return at + 1
      if (++this.#skipped > 1 << 20) throw new RangeError('one megabyte came and no greeting of an outpost')
    }
    return bytes.length
  }
}
