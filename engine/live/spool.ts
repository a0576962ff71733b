// The engine's own log files: what a run printed, appended at disk speed and read by line. Writes are gathered and written in the
// background in order; a full disk holds the writer back (the run's host keeps everything meanwhile), so nothing is dropped in silence.
import { readSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open, readFile, writeFile } from 'node:fs/promises'
import { countOn, type LinesRead, type LogSource, readLines } from './line-file.ts'
import { LineIndex } from './line-index.ts'
import { type SearchQuery, type SearchResult, searchLog } from './log-search.ts'

export type SpoolOptions = {
  readonly file: string
  readonly title: string
  /** Bytes after which nothing more is kept (`lostBytes` says how much). Default 8 GiB. */
  readonly quotaBytes?: number
}

const BUFFER_BYTES = 8 << 20
const WRITE_BYTES = 4 << 20
const RETRY_MS = 1_000
/** Listeners hear of growth at this pace: it is what a window can use. */
const TELL_MS = 16

export class Spool implements LogSource {
  title: string
  readonly file: string
  readonly #handle: FileHandle
  readonly #index: LineIndex
  readonly #quotaBytes: number
  readonly #listeners = new Set<() => void>()
  #ended = false
  #closed = false
  #lostBytes = 0
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Taken from `#pending` and being written. */
  #inFlight: readonly Uint8Array[] = []
  #written: number
  #writing: Promise<void> | undefined
  #waiters: (() => void)[] = []
  #full: string | undefined
  #telling: NodeJS.Timeout | undefined
  #retry: (() => void) | undefined

  private constructor(options: SpoolOptions, handle: FileHandle, index: LineIndex) {
    this.file = options.file
    this.title = options.title
    this.#quotaBytes = options.quotaBytes ?? 8 * 1024 ** 3
    this.#handle = handle
    this.#index = index
    this.#written = index.bytes
  }

  /** Opens or makes the file. What is there is counted (from the marks kept beside it, so that a large one opens at once). */
  static async open(options: SpoolOptions): Promise<Spool> {
    // 'a' would ignore positions on Linux; 'r+' does not make the file.
    const handle = await open(options.file, 'r+').catch(() => open(options.file, 'wx+', 0o600))
    const { size } = await handle.stat()
    const index = new LineIndex()
    const marks = await readFile(`${options.file}.marks`).catch(() => undefined)
    if (marks !== undefined)
      index.unpack(new Float64Array(marks.buffer.slice(marks.byteOffset, marks.byteOffset + (marks.length & ~15))), size)
    await countOn(handle, index, size)
    return new Spool(options, handle, index)
  }

  /** Bytes appended, written or on their way. */
  get bytes(): number {
    return this.#index.bytes
  }
  get lines(): number {
    return this.#index.lines
  }
  get ended(): boolean {
    return this.#ended
  }
  /** Bytes beyond the quota, not kept. */
  get lostBytes(): number {
    return this.#lostBytes
  }
  /** Why nothing can be written right now (ENOSPC, EIO …); it is tried again every second. */
  get stuck(): string | undefined {
    return this.#full
  }

  /** Appends; a promise when the caller should wait before the next (the buffer is full). The bytes must not be changed afterwards. */
  append(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#closed || this.#ended) throw new Error(`append to a spool that has ended: ${this.title}`)
    const room = Math.max(0, this.#quotaBytes - this.#index.bytes)
    const kept = bytes.length > room ? bytes.subarray(0, room) : bytes
    this.#lostBytes += bytes.length - kept.length
    if (kept.length > 0) {
      this.#index.add(kept)
      this.#pending.push(kept)
      this.#pendingBytes += kept.length
      this.#writing ??= this.#write()
    }
    this.#tell()
    if (this.#pendingBytes < BUFFER_BYTES) return undefined
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Resolves when everything appended so far is in the file (not yet fsynced). */
  async flush(): Promise<void> {
    while (this.#writing !== undefined && !this.#closed) await this.#writing
  }

  /** On disk for good: call before storing a position that relies on these bytes. */
  async sync(): Promise<void> {
    await this.flush()
    await this.#handle.datasync()
  }

  /** Cuts the file to `toBytes`: after a crash, what was appended beyond the stored position comes again. */
  async truncate(toBytes: number): Promise<void> {
    await this.flush()
    if (toBytes >= this.#index.bytes) return
    await this.#handle.truncate(toBytes)
    this.#index.rewind(this.#index.beforeByte(toBytes))
    await countOn(this.#handle, this.#index, toBytes)
    this.#written = toBytes
    this.#tell()
  }

  /** Its writer is back (or was never away): it may grow again. */
  resume(): void {
    this.#ended = false
  }

  /** The run is over: nothing more is appended. */
  end(): void {
    this.#ended = true
    this.#tell()
  }

  async read(from: number, count: number, signal?: AbortSignal): Promise<LinesRead> {
    await this.#flushUnlessStuck()
    return readLines(this.#handle, this.#index, from, count, signal)
  }

  async search(query: SearchQuery, signal?: AbortSignal): Promise<SearchResult> {
    await this.#flushUnlessStuck()
    return searchLog(this.file, this.#written, this.#index.before(query.from ?? 0), query, signal)
  }

  /** Bytes `from … to - 1`, whether they are on disk yet or not. Blocks: for short pieces (an end to fold again). */
  bytesAt(from: number, to: number): Uint8Array {
    const end = Math.min(to, this.#index.bytes)
    const out = Buffer.alloc(Math.max(0, end - from))
    const onDisk = Math.max(0, Math.min(end, this.#written) - from)
    if (onDisk > 0) readSync(this.#handle.fd, out, 0, onDisk, from)
    let at = this.#written
    for (const piece of [...this.#inFlight, ...this.#pending]) {
      const [first, last] = [Math.max(from, at), Math.min(end, at + piece.length)]
      if (first < last) out.set(piece.subarray(first - at, last - at), first - from)
      at += piece.length
    }
    return out
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Writes what is pending (unless the disk refuses) and the marks, and closes. */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#flushUnlessStuck()
    this.#closed = true
    this.#retry?.()
    clearTimeout(this.#telling)
    await this.#writing?.catch(() => undefined)
    const marks = this.#index.pack()
    if (marks.length > 2)
      await writeFile(`${this.file}.marks`, new Uint8Array(marks.buffer), { mode: 0o600 }).catch(() => undefined)
    await this.#handle.close()
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  async #flushUnlessStuck(): Promise<void> {
    while (this.#writing !== undefined && this.#full === undefined && !this.#closed) {
      await Promise.race([this.#writing, new Promise((resolve) => setTimeout(resolve, 50))])
    }
  }

  async #write(): Promise<void> {
    await Promise.resolve() // gathers what is appended in the same turn
    while (this.#pending.length > 0 && !this.#closed) {
      const batch = takeUpTo(this.#pending, WRITE_BYTES)
      const size = batch.reduce((sum, b) => sum + b.length, 0)
      this.#inFlight = batch
      try {
        await writeAll(this.#handle, batch, this.#written)
        this.#written += size
        this.#inFlight = []
        this.#pendingBytes -= size
        this.#full = undefined
        if (this.#pendingBytes < BUFFER_BYTES / 2) for (const resolve of this.#waiters.splice(0)) resolve()
      } catch (error) {
        // Position writes may be repeated: the batch goes back to the front and is written again at the same place.
        this.#inFlight = []
        this.#pending.unshift(...batch)
        this.#full = error instanceof Error && 'code' in error ? String(error.code) : String(error)
        this.#tell()
        await new Promise<void>((resolve) => {
          this.#retry = resolve
          setTimeout(resolve, RETRY_MS).unref()
        })
      }
    }
    this.#writing = undefined
  }

  #tell(): void {
    if (this.#listeners.size === 0) return
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      for (const listener of [...this.#listeners]) listener()
    }, TELL_MS)
  }
}

function takeUpTo(list: Uint8Array[], limitBytes: number): Uint8Array[] {
  let bytes = 0
  let n = 0
  while (n < list.length && n < 1000 && (n === 0 || bytes + (list[n]?.length ?? 0) <= limitBytes)) bytes += list[n++]?.length ?? 0
  return list.splice(0, n)
}

/** A write may be short (a nearly full disk); the rest is written until it is all there or an error says why not. */
async function writeAll(handle: FileHandle, batch: readonly Uint8Array[], position: number): Promise<void> {
  let rest = batch
  let at = position
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at)
    at += bytesWritten
    rest = after(rest, bytesWritten)
  }
}

/** What is left of a list of pieces when its first bytes are gone. */
function after(pieces: readonly Uint8Array[], bytes: number): readonly Uint8Array[] {
  let left = bytes
  for (const [n, piece] of pieces.entries()) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(n + 1)]
    left -= piece.length
  }
  return []
}
