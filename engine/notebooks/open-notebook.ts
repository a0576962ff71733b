// One open .ipynb: document, journal and file joined. Edits go to the journal at once and to the file when they have settled; a change of
// the file by somebody else is merged in. Windows watch `document.feed`; execution hands its results to `document.change`.
import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { basename } from 'node:path'
import { type Problem, ProblemError, toProblem } from '../contract/problem.ts'
import type { Cell, CellRun, NotebookState, NotebookStep, SaveState } from '../contract/topics/notebook.ts'
import type { LogText, Output } from '../contract/topics/outputs.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import { AutosaveClock } from './autosave.ts'
import { DiskWatch } from './disk-watch.ts'
import { type DocumentRecord, NotebookDocument, own } from './document.ts'
import { firstState } from './first-state.ts'
import type { Identities } from './identity.ts'
import type { RawNotebook, ReadNotebook } from './ipynb/ipynb-read.ts'
import { writeIpynb } from './ipynb/ipynb-write.ts'
import { ScanError } from './ipynb/json-scan.ts'
import type { OutputStore } from './ipynb/outputs-write.ts'
import { type BaseRecord, baseFor, type Entry, type Journal } from './journal.ts'
import { type FileStamp, type LoadedFile, loadFile, readWhole, sameStamp, stampOf } from './load-file.ts'
import { mergeFromDisk } from './merge-disk.ts'
import { recovered } from './recover.ts'
import { gathered, hashOf, saveProblem } from './save-file.ts'
import { isInFile } from './step-facts.ts'

export type NotebookHouse = {
  readonly identities: Identities
  readonly journal: (id: string) => Journal
  readonly store: OutputStore
  readonly trusted: (path: string) => Promise<boolean>
  readonly now: () => number
  /** Unexpected errors; never shown as they are. */
  readonly log: (error: unknown) => void
}

export class OpenNotebook {
  readonly document: NotebookDocument
  readonly #house: NotebookHouse
  readonly #journal: Journal
  readonly #clock: AutosaveClock
  readonly #kept: Map<string, LogText>
  #watch: DiskWatch | undefined
  #raw: RawNotebook
  #contents: ReadNotebook['contents']
  #path: string
  #stamp: FileStamp | undefined
  #hash: Promise<string>
  /** Ids of cells that the file does not hold itself; written with the base. */
  #idsAreOurs: boolean
  #readOnly: boolean
  /** Why the file is left alone until the user says "save". */
  #hold: 'gone' | 'unreadable' | undefined
  #mergeRecord: readonly NotebookStep[] | undefined
  #saving: Promise<void> | undefined
  #latestBase: BaseRecord | undefined
  #journalProblem: Problem | undefined
  #closed = false

  private constructor(
    house: NotebookHouse,
    loaded: LoadedFile,
    document: NotebookDocument,
    journal: Journal,
    kept: Map<string, LogText>,
  ) {
    this.#house = house
    this.document = document
    this.#journal = journal
    this.#kept = kept
    this.#raw = loaded.read.raw
    this.#contents = loaded.read.contents
    this.#path = loaded.path
    this.#stamp = loaded.stamp
    this.#hash = loaded.stamp === undefined ? Promise.resolve('') : hashOf([loaded.bytes])
    this.#hash.catch(() => undefined)
    this.#idsAreOurs = !loaded.read.hasIds || loaded.read.duplicates.length > 0
    this.#readOnly = loaded.readOnly !== undefined
    this.#clock = new AutosaveClock(() => this.#autosave())
    document.onRecord = (record) => this.#recorded(record)
    document.journaled = () => this.#journal.flush()
    journal.onProblem = (error) => this.#journalFailed(error)
  }

  /** Opens the file, and what an engine that died had not yet saved. Throws Problems. */
  static async open(path: string, house: NotebookHouse): Promise<OpenNotebook> {
    const real = await realpath(path).catch(() => path)
    let id = await house.identities.of(real, await stampOf(real))
    let journal = house.journal(id)
    let entries = await journal.read()
    let hash: string | undefined
    const loaded = await loadFile(real, `notebook:${id}`, async (bytes) => {
      if (entries.length === 0) return []
      hash = await hashOf([bytes])
      return baseFor(entries, hash)?.ids ?? []
    })
    if (loaded.original !== undefined) {
      // A copy is a notebook of its own. Until it is written its journal is found again by the name that it will have.
      id = await house.identities.of(loaded.path, undefined)
      journal = house.journal(id)
      entries = await journal.read()
      hash = undefined
    }
    const kept = new Map(entries.flatMap((e) => (e.t === 'kept' ? [[e.saved, e.content] as const] : [])))
    const state = firstState(id, loaded, kept, await house.trusted(loaded.path))
    const document = new NotebookDocument(state, { epoch: crypto.randomUUID(), now: house.now })
    const remarks = recovered(document, loaded, entries, hash === undefined ? undefined : baseFor(entries, hash))
    if (remarks.length > 0)
      document.change({ type: 'notebook-changed', set: { remarks: [...document.state.remarks, ...remarks] } })
    const notebook = new OpenNotebook(house, loaded, document, journal, kept)
    notebook.#latestBase = hash === undefined ? undefined : baseFor(entries, hash)
    await house.identities.remember(id, loaded.original ?? loaded.path, loaded.stamp)
    notebook.#watch = loaded.original === undefined ? new DiskWatch(real, () => void notebook.#lookAtDisk()) : undefined
    if (!notebook.#fileHasAll()) notebook.#dirty()
    return notebook
  }

  get id(): string {
    return this.document.id
  }
  get path(): string {
    return this.#path
  }
  get state(): NotebookState {
    return this.document.state
  }

  /** A blob that came with the file, by hash. */
  blob(hash: string): Uint8Array | undefined {
    return this.#contents.blobs.get(hash)?.()
  }
  /** The text of a long stream that came with the file, by the name after `notebook:`. */
  logText(name: string): Uint8Array | undefined {
    return this.#contents.logs.get(`notebook:${name}`)?.()
  }

  /** Writes the file now, also one that was deleted meanwhile. Throws the Problem that the save state shows. */
  async save(): Promise<void> {
    // A copy of a damaged or older file is written even when nothing in it was changed: the user asked for it.
    const force = this.#stamp === undefined || this.#hold !== undefined
    this.#hold = undefined
    await this.#saveNow(force)
    const { save } = this.state
    if (save.problem !== undefined) throw new ProblemError(save.problem)
  }

  /** From now on the notebook lives at another path; the old file stays as it is. */
  async moveTo(path: string): Promise<void> {
    await this.#saving
    this.#watch?.close()
    this.#path = path
    this.#stamp = await stampOf(path)
    this.#readOnly = false
    this.#hold = undefined
    this.document.change({
      type: 'notebook-changed',
      set: { path, title: basename(path), remarks: [], trusted: await this.#house.trusted(path) },
    })
    await this.#saveNow(true)
    this.#watch = new DiskWatch(path, () => void this.#lookAtDisk())
    const { save } = this.state
    if (save.problem !== undefined) throw new ProblemError(save.problem)
  }

  /** Saves what is pending and lets go. What can't be saved stays in the journal and is there at the next opening. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#watch?.close()
    this.#clock.stop()
    if (!this.#readOnly && this.#hold === undefined && this.state.save.state !== 'saved') await this.#saveNow(false)
    await this.#saving
    if (this.#latestBase !== undefined && this.#fileHasAll()) await this.#compact(this.#latestBase, true).catch(this.#house.log)
    await this.#journal.close()
    this.document.feed.end()
  }

  #recorded(record: DocumentRecord): void {
    // After a merge the journal stands on their file: what it needs is what that file does not have.
    this.#journal.record(this.#mergeRecord === undefined ? record : { ...record, changes: this.#mergeRecord })
    // The first record waits for the base that it stands on, which for a large file takes a moment to hash.
    if (this.#latestBase === undefined) this.#writeBase(this.#journal.n - 1)
    if (record.changes.some(isInFile)) this.#dirty()
  }

  #writeBase(n: number): void {
    this.#latestBase = { t: 'base', n, hash: '' }
    const ids = this.#ownIds([...this.#raw.cells.keys()])
    this.#hash
      .then((hash) => {
        const base: BaseRecord = { t: 'base', n, hash, ...ids }
        if (this.#latestBase?.hash === '') this.#latestBase = base
        this.#journal.append(base)
      })
      .catch(this.#house.log)
  }

  #ownIds(order: readonly string[]): { ids?: readonly string[] } {
    return this.#idsAreOurs ? { ids: order } : {}
  }

  #dirty(): void {
    if (this.#readOnly) return
    if (this.state.save.state === 'saved') this.#tellSave({ state: 'dirty' })
    if (this.#hold === undefined && !this.#closed) this.#clock.changed()
  }

  #autosave(): Promise<void> {
    return this.#readOnly || this.#hold !== undefined ? Promise.resolve() : this.#saveNow(false)
  }

  #saveNow(force: boolean): Promise<void> {
    const next = (this.#saving ?? Promise.resolve()).then(() => this.#saveOnce(force))
    this.#saving = next.finally(() => {
      if (this.#saving === next) this.#saving = undefined
    })
    return this.#saving
  }

  async #saveOnce(force: boolean): Promise<void> {
    try {
      if (this.#readOnly) throw this.#denied()
      if (!force) await this.#lookAtDisk()
      if (this.#hold !== undefined && !force) return
      // From here to the end of writeIpynb's first await nothing may come between: state and number belong together.
      const { state } = this
      const n = this.#journal.mark()
      this.#tellSave({ state: 'saving' })
      const written = await writeIpynb(state, this.#raw, this.#house.store)
      const hash = await hashOf(written.chunks)
      if (hash !== (await this.#hash) || force) await this.#replace(state, n, hash, written)
      this.#raw = written.raw
      this.#hash = Promise.resolve(hash)
      const later = this.#journal.n !== n && !this.#fileHasAll()
      this.#tellSave(later ? { state: 'dirty' } : { state: 'saved', atMs: this.#house.now() })
      if (later) this.#clock.changed()
    } catch (error) {
      this.#tellSave({ state: this.#readOnly ? 'read-only' : 'failed', problem: saveProblem(error, this.#path, this.#house.log) })
      if (!this.#readOnly && !this.#closed) this.#clock.retry()
    }
  }

  async #replace(state: NotebookState, n: number, hash: string, written: Awaited<ReturnType<typeof writeIpynb>>): Promise<void> {
    for (const { cell, output } of written.cut)
      this.#keep(
        own(state.cells, cell)?.outputs.find((o) => o.id === output),
        written.raw,
      )
    const base: BaseRecord = { t: 'base', n, hash, ...this.#ownIds(state.order) }
    this.#journal.append(base)
    // A journal that can't be written (full disk) must not keep the file from being saved; the file alone is whole then.
    await this.#journal.flush().catch(this.#house.log)
    await writeAtomic(this.#path, gathered(written.chunks))
    this.#latestBase = base
    this.#stamp = await stampOf(this.#path)
    await this.#house.identities.remember(this.id, this.#path, this.#stamp)
    await this.#compact(base, false).catch(this.#house.log)
  }

  /** The file holds this stream shortened: remember where the whole lies, by what is in the file. */
  #keep(output: Output | undefined, raw: RawNotebook): void {
    const bytes = output === undefined ? undefined : raw.outputs.get(output)
    if (output?.type !== 'stream' || bytes === undefined) return
    const saved = createHash('sha256').update(bytes).digest('hex')
    this.#kept.set(saved, output.content)
    this.#journal.append({ t: 'kept', saved, content: output.content })
  }

  #compact(base: BaseRecord, force: boolean): Promise<void> {
    return this.#journal.compact(base, () => this.#rest(), force)
  }

  /** What must outlive the records that the file holds: notes, runs, and where the whole of shortened streams lies. */
  #rest(): Entry[] {
    const runs: { [cell: string]: CellRun } = {}
    for (const cell of Object.values(this.state.cells)) if (cell.run !== undefined) runs[cell.id] = cell.run
    const rest: Entry[] = [{ t: 'rest', notes: this.document.notes, runs }]
    if (this.#kept.size === 0) return rest
    for (const { outputs } of Object.values(this.state.cells)) {
      for (const output of outputs) {
        const bytes = output.type === 'stream' && output.content.log !== undefined ? this.#raw.outputs.get(output) : undefined
        const saved = bytes === undefined ? '' : createHash('sha256').update(bytes).digest('hex')
        const content = this.#kept.get(saved)
        if (content !== undefined) rest.push({ t: 'kept', saved, content })
      }
    }
    return rest
  }

  /** Is there anything in the document that the file does not have? */
  #fileHasAll(): boolean {
    const { state } = this
    return (
      state.order.length === this.#raw.cells.size &&
      [...this.#raw.cells.values()].every(
        ({ cell }, i) => state.order[i] === cell.id && sameInFile(own(state.cells, cell.id), cell),
      ) &&
      state.metadata === this.#raw.metadata
    )
  }

  /** Somebody else wrote the file, moved it, or took it away. */
  async #lookAtDisk(): Promise<void> {
    if (this.#stamp === undefined || this.#hold === 'gone') return
    const stamp = await stampOf(this.#path)
    if (sameStamp(stamp, this.#stamp)) return
    if (stamp === undefined) return this.#gone()
    try {
      const { bytes, stamp: read } = await readWhole(this.#path)
      const hash = await hashOf([bytes])
      this.#stamp = read
      if (hash === (await this.#hash)) return
      const merged = mergeFromDisk(this.state, this.#raw, bytes, `notebook:${this.id}@${hash.slice(0, 8)}`)
      this.#raw = merged.raw
      for (const [k, v] of merged.contents.blobs) this.#contents.blobs.set(k, v)
      for (const [k, v] of merged.contents.logs) this.#contents.logs.set(k, v)
      this.#hash = Promise.resolve(hash)
      this.#idsAreOurs = merged.idsAreOurs
      this.#hold = undefined
      const base: BaseRecord = { t: 'base', n: this.#journal.mark(), hash, ...this.#ownIds([...merged.raw.cells.keys()]) }
      this.#latestBase = base
      this.#journal.append(base)
      this.#mergeRecord = merged.unsaved
      if (merged.changes.length > 0) this.document.merge(merged.changes, 'Change on disk')
      else if (merged.unsaved.length > 0) this.#recorded({ kind: 'result', changes: [], atMs: this.#house.now() })
      this.#mergeRecord = undefined
      if (merged.remarks.length > 0) this.#remark(merged.remarks)
    } catch (error) {
      this.#unreadable(error)
    }
  }

  /** Never write over what somebody else made of the file before it could be merged, unless the user says so. */
  #unreadable(error: unknown): void {
    this.#hold = 'unreadable'
    const name = basename(this.#path)
    const why = error instanceof ScanError ? `${error.message}, byte ${error.offset}` : toProblem(error, this.#house.log).message
    const problem: Problem = {
      code: 'conflict',
      message: `Another program has changed ${name} into something that can't be read (${why}).`,
      hint: 'The notebook here is whole, and the file is left alone until it can be read again. Saving writes over it.',
      action: { title: 'Write over it', command: 'notebook.save', input: { notebook: this.id } },
      where: `notebook:${name}`,
    }
    this.#tellSave({ state: 'failed', problem })
    this.#remark([problem])
  }

  #gone(): void {
    this.#hold = 'gone'
    this.#stamp = undefined
    this.#tellSave({ state: 'dirty' })
    this.#remark([
      {
        code: 'missing',
        message: `${basename(this.#path)} was deleted or moved by another program.`,
        hint: 'The notebook is kept here with everything in it. Save it to write the file again, or save it under another name.',
        action: { title: 'Save again', command: 'notebook.save', input: { notebook: this.id } },
        where: `notebook:${basename(this.#path)}`,
      },
    ])
  }

  #remark(remarks: readonly Problem[]): void {
    const known = this.state.remarks
    const fresh = remarks.filter((r) => !known.some((k) => k.message === r.message))
    if (fresh.length > 0) this.document.change({ type: 'notebook-changed', set: { remarks: [...known, ...fresh] } })
  }

  #tellSave(save: SaveState): void {
    const problem = save.problem ?? this.#journalProblem
    this.document.change({ type: 'notebook-changed', set: { save: { ...save, ...(problem === undefined ? {} : { problem }) } } })
  }

  #journalFailed(error: unknown): void {
    this.#journalProblem = error === undefined ? undefined : saveProblem(error, 'the journal of this notebook', this.#house.log)
    const { problem: _old, ...save } = this.state.save
    this.#tellSave(save)
  }

  #denied(): ProblemError {
    return new ProblemError({
      code: 'denied',
      message: `${basename(this.#path)} is read-only.`,
      hint: 'Your changes are kept in Updraft; use "Save as" to write them elsewhere.',
      where: `notebook:${basename(this.#path)}`,
    })
  }
}

const sameInFile = (a: Cell | undefined, b: Cell): boolean =>
  a !== undefined &&
  (a === b ||
    (a.source === b.source && a.kind === b.kind && a.count === b.count && a.metadata === b.metadata && a.outputs === b.outputs))
