// One stream output of a cell while it grows. The document shows the text whole while it is small, folded as a terminal would; later head and tail.
// As soon as what is shown is not what was printed, byte for byte, the raw bytes go to a spool named like the output, from the first one on.
// A flood costs one write and one pass over the bytes per batch: nothing of it is decoded but its ends.
import { type FileHandle, open } from 'node:fs/promises'
import { TextFold } from '../../../kernels/index.ts'
import { INLINE_LIMIT_BYTES, type LogText, type Output } from '../../contract/topics/outputs.ts'

/** A file of raw bytes (live/spool.ts). `append` answers a promise when the writer should wait. */
export interface SpoolFile {
  readonly file: string
  readonly bytes: number
  /** Beyond its quota, not kept. */
  readonly lostBytes: number
  append(bytes: Uint8Array): Promise<void> | undefined
  flush(): Promise<void>
  truncate(toBytes: number): Promise<void>
}
export interface Spools {
  open(name: string, title: string): Promise<SpoolFile>
  close(name: string): Promise<void>
}
type StreamName = 'stdout' | 'stderr'

/** What a window shows of a long stream without asking: enough for both ends of a screen. */
const END_BYTES = 4_096
const END_LINES = 50
const READ_BYTES = 1 << 20
const NOTHING = new Uint8Array(0)

/** The id under which `logs.read` finds the raw lines of a stream output. */
export const logIdOf = (output: string): string => `run:${output}`

export class StreamOutput {
  readonly id: string
  readonly name: StreamName
  readonly #spools: Spools
  #spool: SpoolFile | undefined
  /** Raw bytes that no spool has yet. */
  #raw: Uint8Array[] = []
  #bytes = 0
  #newlines = 0
  #lostBytes = 0
  #endsLine = true
  /** While inline: the folded text so far. */
  #fold: TextFold | undefined = new TextFold()
  #head = ''
  #tail: Uint8Array = NOTHING
  #wait: Promise<void> | undefined
  /** What the document shows, to tell an append from a change. */
  #shown: LogText | undefined

  constructor(id: string, name: StreamName, spools: Spools) {
    this.id = id
    this.name = name
    this.#spools = spools
  }

  /** The stream that an earlier engine left, folded again from what was kept. What the spool has beyond that comes again from the kernel's log. */
  static async restore(output: Output & { type: 'stream' }, spools: Spools): Promise<StreamOutput> {
    const { content } = output
    const stream = new StreamOutput(output.id, output.name, spools)
    const inline = Buffer.from(content.text)
    if (content.log === undefined && inline.length === content.bytes) stream.append(inline)
    else await stream.#restoreFrom(await spools.open(output.id, `${output.name} of a cell`), content.bytes)
    stream.#shown = content
    stream.#lostBytes = (content.lostBytes ?? 0) + Math.max(0, content.bytes - stream.#bytes)
    return stream
  }

  append(bytes: Uint8Array): void {
    this.#take(bytes)
    if (this.#spool !== undefined) this.#wait = this.#spool.append(bytes) ?? this.#wait
    // A small piece is a view of a large batch: keeping it would keep the batch.
    else this.#raw.push(bytes.length < 4096 ? bytes.slice() : bytes)
  }

  lost(bytes: number): void {
    this.#lostBytes += bytes
  }

  /** Resolves when the spool, if there must be one, took what came: that wait is the back-pressure of a flood. */
  async settle(): Promise<void> {
    if (this.#spool === undefined && this.#needsSpool()) await this.#openSpool()
    await this.#wait
    this.#wait = undefined
  }

  /** Resolves when every byte of the shown text is in the document or in the spool's file: then the position in the kernel's log may be stored. */
  async flushed(): Promise<void> {
    await this.settle()
    await this.#spool?.flush()
  }

  async close(): Promise<void> {
    if (this.#spool === undefined) return
    this.#spool = undefined
    await this.#spools.close(this.id)
  }

  get output(): Output {
    return { type: 'stream', id: this.id, name: this.name, content: this.content }
  }

  /** What to tell the document: the content, and what was appended if that is all that changed. Remembers it as shown. */
  takeUpdate(): { readonly content: LogText; readonly appended?: string } {
    const before = this.#shown
    const content = this.content
    this.#shown = content
    const plain =
      before !== undefined && before.log === undefined && content.log === undefined && before.lostBytes === content.lostBytes
    return plain && content.text.startsWith(before.text)
      ? { content, appended: content.text.slice(before.text.length) }
      : { content }
  }

  #take(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#bytes += bytes.length
    let newlines = 0
    for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) newlines++
    this.#newlines += newlines
    this.#endsLine = bytes[bytes.length - 1] === 10
    if (this.#fold !== undefined) this.#takeInline(this.#fold, bytes)
    this.#tail = lastBytes(this.#tail, bytes)
  }

  #takeInline(inline: TextFold, bytes: Uint8Array): void {
    // In pieces: what is far beyond the limit is not worth decoding.
    for (let from = 0; from < bytes.length; from += INLINE_LIMIT_BYTES) {
      inline.push(bytes.subarray(from, from + INLINE_LIMIT_BYTES))
      const { text } = inline
      if (text.length <= INLINE_LIMIT_BYTES / 4 || Buffer.byteLength(text) <= INLINE_LIMIT_BYTES) continue
      this.#head = firstLines(text)
      this.#fold = undefined
      return
    }
  }

  /** Is the inline text not exactly what was printed? */
  #needsSpool(): boolean {
    if (this.#fold === undefined) return true
    const text = Buffer.from(this.#fold.text)
    if (text.length !== this.#bytes) return true
    let at = 0
    for (const piece of this.#raw) {
      if (text.compare(piece, 0, piece.length, at, at + piece.length) !== 0) return true
      at += piece.length
    }
    return false
  }

  async #openSpool(): Promise<void> {
    const spool = await this.#spools.open(this.id, `${this.name} of a cell`)
    // A file that is there was begun by an engine that died before it told the document: its bytes have come again.
    await spool.truncate(0)
    this.#spool = spool
    for (const piece of this.#raw.splice(0)) await spool.append(piece)
  }

  async #restoreFrom(spool: SpoolFile, bytes: number): Promise<void> {
    await spool.truncate(bytes)
    await spool.flush()
    this.#spool = spool
    let file: FileHandle | undefined
    try {
      file = await open(spool.file, 'r')
      for (let from = 0; from < spool.bytes; ) {
        const { bytesRead, buffer } = await file.read(new Uint8Array(Math.min(READ_BYTES, spool.bytes - from)), 0, null, from)
        if (bytesRead === 0) break
        this.#take(buffer.subarray(0, bytesRead))
        from += bytesRead
      }
    } finally {
      await file?.close()
    }
  }

  get content(): LogText {
    const lines = this.#newlines + (this.#endsLine ? 0 : 1)
    const lostBytes = this.#lostBytes + (this.#spool?.lostBytes ?? 0)
    const base = { bytes: this.#bytes, lines, ...(lostBytes > 0 ? { lostBytes } : {}) }
    if (this.#fold !== undefined) return { text: this.#fold.text, ...base }
    return { text: '', ...base, log: { id: logIdOf(this.id), head: this.#head, tail: lastLines(this.#tail, this.#bytes) } }
  }
}

function lastBytes(tail: Uint8Array, more: Uint8Array): Uint8Array {
  if (more.length >= END_BYTES) return more.slice(more.length - END_BYTES)
  const keep = tail.subarray(Math.max(0, tail.length + more.length - END_BYTES))
  const joined = new Uint8Array(keep.length + more.length)
  joined.set(keep)
  joined.set(more, keep.length)
  return joined
}

function firstLines(text: string): string {
  const lines = text.slice(0, END_BYTES).split('\n')
  if (lines.length > END_LINES) return `${lines.slice(0, END_LINES).join('\n')}\n`
  return lines.length > 1 ? `${lines.slice(0, -1).join('\n')}\n` : (lines[0] ?? '')
}

function lastLines(tail: Uint8Array, total: number): string {
  // The tail begins somewhere in a line, maybe in a character: begin at the next line, if there is one.
  const cut = total > tail.length ? tail.indexOf(10) + 1 : 0
  const folded = new TextFold()
  folded.push(tail.subarray(cut === tail.length ? 0 : cut))
  const lines = folded.text.split('\n')
  const ends = lines.at(-1) === '' ? 1 : 0
  return lines.slice(Math.max(0, lines.length - END_LINES - ends)).join('\n')
}
