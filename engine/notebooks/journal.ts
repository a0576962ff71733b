// The append-only journal of one notebook: every accepted call, on disk at most FLUSH_MS after it, so that kill -9 costs nothing that is older
// than a second. One line per record with a checksum; a torn tail is cut. A `base` record says which content of the .ipynb holds the records
// up to its number, and is written before the file is replaced: whatever the instant of a crash, one base fits the file that is there.
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import type { JsonObject } from '../contract/json.ts'
import type { CellRun, NotebookStep } from '../contract/topics/notebook.ts'
import type { LogText } from '../contract/topics/outputs.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import type { DocumentRecord } from './document.ts'

export type BaseRecord = {
  readonly t: 'base'
  /** Records up to this number are in the file whose content has this SHA-256. */
  readonly n: number
  readonly hash: string
  /** Ids of all cells in order, where the file does not hold them itself. */
  readonly ids?: readonly string[]
}
/** A long stream that the file holds shortened: SHA-256 of what is saved of it, and where the whole lies. */
export type KeptRecord = { readonly t: 'kept'; readonly saved: string; readonly content: LogText }
export type Entry =
  | { readonly t: 'rec'; readonly n: number; readonly rec: DocumentRecord }
  | BaseRecord
  | KeptRecord
  /** What older records said beside the document, gathered when they were dropped. */
  | {
      readonly t: 'rest'
      readonly notes: { readonly [name: string]: JsonObject }
      readonly runs: { readonly [cell: string]: CellRun }
    }

const FLUSH_MS = 250
const RETRY_MS = 1000
/** A journal that has grown beyond this is written anew after a save. */
const COMPACT_BYTES = 1_048_576

export class Journal {
  /** Number of the last record that was accepted. */
  n = 0
  /** The disk refuses the journal (full, gone): told once per failure, undefined when it works again. */
  onProblem: (error: unknown) => void = () => undefined
  readonly #path: string
  #file: FileHandle | undefined
  #pending: Entry[] = []
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #bytes = 0
  #barrier = 0
  #failing = false
  #closed = false

  constructor(path: string) {
    this.#path = path
  }

  /** All whole entries of an earlier life; what stands behind the first torn one is cut off. */
  async read(): Promise<Entry[]> {
    const content = await readFile(this.#path).catch(() => undefined)
    if (content === undefined) return []
    const { entries, end } = parseJournal(content)
    if (end < content.length) {
      const file = await open(this.#path, 'r+')
      await file.truncate(end).finally(() => file.close())
    }
    this.#bytes = end
    for (const entry of entries) if (entry.t === 'rec' || entry.t === 'base') this.n = Math.max(this.n, entry.n)
    return entries
  }

  record(rec: DocumentRecord): void {
    this.append({ t: 'rec', n: ++this.n, rec })
  }

  append(entry: Entry): void {
    const last = this.#pending.at(-1)
    if (entry.t === 'rec' && last?.t === 'rec' && last.n > this.#barrier) {
      const joined = joinResults(last.rec, entry.rec)
      if (joined !== undefined) {
        this.#pending[this.#pending.length - 1] = { t: 'rec', n: entry.n, rec: joined }
        return
      }
    }
    this.#pending.push(entry)
    this.#arm(FLUSH_MS)
  }

  /** The number of the last record; none that follows is joined with it, so that a base can stand between them. */
  mark(): number {
    this.#barrier = this.n
    return this.n
  }

  /** Resolves when everything appended so far is on disk; rejects when the disk refuses it (it is tried again by itself). */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write())
    // Whoever awaits the flush sees the error; the timer's own flush must not end the engine by it.
    this.#writing.catch(() => undefined)
    return this.#writing
  }

  /** Drops what the saved file holds, when the journal has grown: `rest` is what must outlive it. */
  async compact(base: BaseRecord, rest: () => readonly Entry[], force = false): Promise<void> {
    if (!force && this.#bytes < COMPACT_BYTES) return
    this.#writing = this.#writing
      .catch(() => undefined)
      .then(async () => {
        await this.#write()
        const content = await readFile(this.#path).catch(() => Buffer.alloc(0))
        const later = parseJournal(content).entries.filter((e) => e.t === 'rec' && e.n > base.n)
        const lines = [...rest(), base, ...later].map(lineOf)
        await this.#file?.close()
        this.#file = undefined
        await writeAtomic(this.#path, lines, { mode: 0o600 })
        this.#bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
      })
    await this.#writing
  }

  async close(): Promise<void> {
    await this.flush().catch(() => undefined)
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#file?.close()
    this.#file = undefined
  }

  /** Nothing is left that the file does not hold. */
  async remove(): Promise<void> {
    await this.close()
    await rm(this.#path, { force: true })
  }

  #arm(ms: number): void {
    if (this.#timer !== undefined || this.#closed) return
    this.#timer = setTimeout(() => void this.flush().catch(() => undefined), ms)
  }

  async #write(): Promise<void> {
    if (this.#pending.length === 0) return
    const entries = this.#pending
    this.#pending = []
    const text = entries.map(lineOf).join('')
    try {
      this.#file ??= await this.#open()
      const { bytesWritten } = await this.#file.write(text, this.#bytes)
      if (bytesWritten < Buffer.byteLength(text)) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
      await this.#file.datasync()
      this.#bytes += Buffer.byteLength(text)
      if (this.#failing) this.onProblem(undefined)
      this.#failing = false
    } catch (error) {
      // Written again from the same place: a half-written line is overwritten, never followed.
      this.#pending = [...entries, ...this.#pending]
      if (!this.#failing) this.onProblem(error)
      this.#failing = true
      this.#arm(RETRY_MS)
      throw error
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    // Not 'a': with it a write always lands at the end, also behind the torn half of a line that failed before.
    return open(this.#path, 'r+').catch(() => open(this.#path, 'w+', 0o600))
  }
}

const lineOf = (entry: Entry): string => {
  const json = JSON.stringify(entry)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** The whole entries from the start, and where they end. */
export function parseJournal(content: Buffer): { entries: Entry[]; end: number } {
  const entries: Entry[] = []
  let from = 0
  for (let end = content.indexOf(0x0a); end !== -1; end = content.indexOf(0x0a, from)) {
    const json = content.subarray(from + 9, end)
    if (end - from < 10 || content.toString('latin1', from, from + 8) !== crc32(json).toString(16).padStart(8, '0')) break
    entries.push(JSON.parse(json.toString()) as Entry)
    from = end + 1
  }
  return { entries, end: from }
}

/**
 * Results of a flood as one record per flush: of a stream that grows in its log only the newest state counts. Notes are joined with the
 * changes that they belong to, so a place in the kernel's log never gets ahead of what was made of it.
 */
function joinResults(a: DocumentRecord, b: DocumentRecord): DocumentRecord | undefined {
  if (a.kind !== 'result' || b.kind !== 'result') return undefined
  const grown = new Set(b.changes.flatMap((c) => (c.type === 'stream-grew' ? [`${c.cell}\0${c.output}`] : [])))
  const older = a.changes.filter((c) => !(c.type === 'stream-grew' && grown.has(`${c.cell}\0${c.output}`)))
  const notes = a.notes === undefined && b.notes === undefined ? {} : { notes: { ...a.notes, ...b.notes } }
  return { kind: 'result', changes: [...older, ...b.changes], ...notes, atMs: b.atMs }
}

/** What records say about runs: these are not in the file, so they are gathered from all records, not only from those after the base. */
export function runsOf(changes: readonly NotebookStep[], runs: { [cell: string]: CellRun }): void {
  for (const change of changes) {
    if (change.type === 'cell-inserted' && change.cell.run !== undefined) runs[change.cell.id] = change.cell.run
    if (change.type !== 'cell-changed' || change.run === undefined) continue
    if (change.run === null) delete runs[change.cell]
    else runs[change.cell] = change.run
  }
}

/** The newest base that fits the file as it is. */
export const baseFor = (entries: readonly Entry[], hash: string): BaseRecord | undefined =>
  entries.findLast((e): e is BaseRecord => e.t === 'base' && e.hash === hash)
