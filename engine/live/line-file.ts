// A log that somebody else writes (Ray's, the engine's own, a run's): read by line, searched, and followed while somebody looks. Only what
// has been counted is shown, so a line number always means the same line. spool.ts adds writing.
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { problem } from '../contract/problem.ts'
import { LineIndex } from './line-index.ts'
import { type SearchQuery, type SearchResult, searchLog } from './log-search.ts'

/** What the log room needs of any log. */
export interface LogSource {
  readonly title: string
  readonly bytes: number
  readonly lines: number
  readonly ended: boolean
  read(from: number, count: number, signal?: AbortSignal): Promise<LinesRead>
  search(query: SearchQuery, signal?: AbortSignal): Promise<SearchResult>
  /** Called after it grew or ended (at most every few milliseconds); returns the way to stop. */
  listen(listener: () => void): () => void
  close(): Promise<void>
}
export type LinesRead = {
  readonly from: number
  readonly lines: readonly string[]
  readonly total: number
  readonly bytes: number
}

const BLOCK_BYTES = 256 << 10
const READ_LINES_MAX = 5_000
const READ_BYTES_MAX = 1 << 20
/** A longer line is cut: no window shows it, and one print of 1 GB must not become one string. */
export const LINE_SHOWN_BYTES = 64 << 10

/** Lines `from … from + count` of a file that `index` has counted. */
export async function readLines(
  handle: FileHandle,
  index: LineIndex,
  from: number,
  count: number,
  signal?: AbortSignal,
): Promise<LinesRead> {
  const total = index.lines
  const endBytes = index.bytes
  const lines: string[] = []
  const want = Math.min(count, READ_LINES_MAX, Math.max(0, total - from))
  const mark = index.before(from)
  let line = mark.line
  let offset = mark.offset
  let taken = 0
  let parts: Buffer[] = []
  let partBytes = 0
  let cutBytes = 0
  const finish = () => {
    if (line >= from) {
      const text = Buffer.concat(parts).toString('utf8')
      // Cut inside a UTF-8 sequence at most three bytes are broken; they show as a replacement mark just before ours.
      lines.push(cutBytes > 0 ? `${text}… (${cutBytes.toLocaleString('en-US')} more bytes in this line)` : text)
      taken += partBytes
    }
    parts = []
    partBytes = 0
    cutBytes = 0
    line++
  }
  while (lines.length < want && offset < endBytes && taken < READ_BYTES_MAX) {
    signal?.throwIfAborted()
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, endBytes - offset))
    const { bytesRead } = await handle.read(block, 0, block.length, offset)
    if (bytesRead === 0) break
    let start = 0
    while (start < bytesRead && lines.length < want && taken < READ_BYTES_MAX) {
      const newline = block.subarray(0, bytesRead).indexOf(10, start)
      const end = newline < 0 ? bytesRead : newline
      if (line >= from) {
        const fits = Math.max(0, Math.min(end - start, LINE_SHOWN_BYTES - partBytes))
        if (fits > 0) parts.push(block.subarray(start, start + fits))
        partBytes += fits
        cutBytes += end - start - fits
      }
      if (newline >= 0) finish()
      start = end + 1
    }
    offset += bytesRead
  }
  if (lines.length < want && taken < READ_BYTES_MAX && parts.length > 0) finish()
  return { from, lines, total, bytes: endBytes }
}

const FOLLOW_MS = 250

/** A file that grows by another's hand. Counted when opened and followed (by size) while somebody listens. A file that shrinks is read anew. */
export class LineFile implements LogSource {
  readonly title: string
  readonly ended = false
  readonly #file: string
  readonly #handle: FileHandle
  #index = new LineIndex()
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined
  #counting: Promise<void> | undefined

  private constructor(file: string, title: string, handle: FileHandle) {
    this.#file = file
    this.title = title
    this.#handle = handle
  }

  /** Throws Problem `missing` when the file can't be read. */
  static async open(file: string, title: string): Promise<LineFile> {
    const handle = await open(file, 'r').catch(() => undefined)
    if (handle === undefined)
      throw problem('missing', `The log "${title}" can't be read.`, { hint: 'It may have been removed with what wrote it.' })
    const log = new LineFile(file, title, handle)
    await log.#count()
    return log
  }

  get bytes(): number {
    return this.#index.bytes
  }
  get lines(): number {
    return this.#index.lines
  }

  async read(from: number, count: number, signal?: AbortSignal): Promise<LinesRead> {
    await this.#count()
    return readLines(this.#handle, this.#index, from, count, signal)
  }

  async search(query: SearchQuery, signal?: AbortSignal): Promise<SearchResult> {
    await this.#count()
    return searchLog(this.#file, this.#index.bytes, this.#index.before(query.from ?? 0), query, signal)
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    this.#timer ??= setInterval(() => void this.#count().catch(() => undefined), FOLLOW_MS).unref()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#listeners.clear()
    await this.#handle.close()
  }

  #count(): Promise<void> {
    this.#counting ??= this.#countOnce().finally(() => {
      this.#counting = undefined
    })
    return this.#counting
  }

  async #countOnce(): Promise<void> {
    const { size } = await this.#handle.stat()
    if (size < this.#index.bytes) this.#index = new LineIndex()
    const before = this.#index.bytes
    await countOn(this.#handle, this.#index, size)
    if (this.#index.bytes !== before) for (const listener of [...this.#listeners]) listener()
  }
}

/** Counts a file up to `sizeBytes`, a block at a time, so that a large one never holds the engine up. */
export async function countOn(handle: FileHandle, index: LineIndex, sizeBytes: number): Promise<void> {
  const block = Buffer.allocUnsafe(Math.max(1, Math.min(4 * BLOCK_BYTES, sizeBytes - index.bytes)))
  while (index.bytes < sizeBytes) {
    const { bytesRead } = await handle.read(block, 0, Math.min(block.length, sizeBytes - index.bytes), index.bytes)
    if (bytesRead === 0) return
    index.add(block.subarray(0, bytesRead))
  }
}
