// The notebooks that are open, each once, whoever asks and by whatever name the file is called. A notebook stays open while a window watches
// it, a call uses it, or something runs in it; a little later it is saved and let go.
import { randomBytes } from 'node:crypto'
import { mkdir, realpath, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { ProblemError, problem } from '../contract/problem.ts'
import { Identities } from './identity.ts'
import type { OutputStore } from './ipynb/outputs-write.ts'
import { bytesOf } from './ipynb/repair.ts'
import { Journal } from './journal.ts'
import { OpenNotebook } from './open-notebook.ts'

export type OpenNotebooksOptions = {
  /** `notebooks` in the state folder. */
  readonly folder: string
  readonly store: OutputStore
  /** Folder that relative paths and new notebooks refer to. */
  readonly workspace: () => string | undefined
  readonly home: string
  readonly trusted: (path: string) => Promise<boolean>
  readonly log: (error: unknown) => void
  readonly now?: () => number
}

type Held = { readonly notebook: OpenNotebook; users: number; timer?: NodeJS.Timeout | undefined }

/** A reload of the window, or a tab closed and opened again, must not open the file anew. */
const LINGER_MS = 10_000

export class OpenNotebooks {
  /** Called for each notebook when it is opened: execution attaches here. Awaited before anybody sees the notebook. */
  onOpened: (notebook: OpenNotebook) => Promise<void> | void = () => undefined
  /** Called before it is closed. */
  onClosing: (notebook: OpenNotebook) => Promise<void> | void = () => undefined
  /** Must it stay open although nobody looks (a cell runs or waits)? */
  isBusy: (notebook: OpenNotebook) => boolean = () => false

  readonly #options: OpenNotebooksOptions
  readonly #identities: Identities
  readonly #held = new Map<string, Held>()
  readonly #opening = new Map<string, Promise<OpenNotebook>>()
  readonly #closing = new Map<string, Promise<void>>()

  constructor(options: OpenNotebooksOptions) {
    this.#options = options
    this.#identities = new Identities(options.folder)
  }

  get all(): readonly OpenNotebook[] {
    return [...this.#held.values()].map((h) => h.notebook)
  }

  absolute(path: string): string {
    return isAbsolute(path) ? resolve(path) : resolve(this.#options.workspace() ?? this.#options.home, path)
  }

  /** The open notebook of this path; opens it when it is not. */
  async open(path: string): Promise<OpenNotebook> {
    const full = this.absolute(path)
    const real = await realpath(full).catch(() => full)
    const known = this.all.find((n) => n.path === real)
    if (known !== undefined) return known
    let opening = this.#opening.get(real)
    if (opening === undefined) {
      opening = this.#open(real).finally(() => this.#opening.delete(real))
      this.#opening.set(real, opening)
    }
    return opening
  }

  /** The open notebook with this id; one that a dead engine had open is opened again. Throws `missing`. */
  async get(id: string): Promise<OpenNotebook> {
    const held = this.#held.get(id)
    if (held !== undefined) return held.notebook
    const path = /^[0-9a-f-]{8,64}$/.test(id) ? await this.#identities.pathOf(id) : undefined
    if (path !== undefined) {
      const opened = await this.open(path)
      if (opened.id === id) return opened
    }
    throw problem('missing', 'This notebook is not open.', { hint: 'Open its file again.', where: 'notebook' })
  }

  /** Keeps it open until the answer is called. */
  hold(notebook: OpenNotebook): () => void {
    const held = this.#held.get(notebook.id)
    if (held === undefined) return () => undefined
    held.users++
    clearTimeout(held.timer)
    let released = false
    return () => {
      if (released) return
      released = true
      held.users--
      this.#linger(held)
    }
  }

  /** Does a window look at it? */
  isWatched(notebook: OpenNotebook): boolean {
    return (this.#held.get(notebook.id)?.users ?? 0) > 0
  }

  /** A window closed its tab: saved now, and let go when nobody else looks. */
  async leave(notebook: OpenNotebook): Promise<void> {
    if (notebook.state.save.state === 'dirty' && notebook.state.save.problem === undefined)
      await notebook.save().catch(() => undefined)
    const held = this.#held.get(notebook.id)
    if (held !== undefined && held.users === 0) this.#linger(held)
  }

  /** Makes an untitled notebook in a folder and opens it. */
  async create(folder: string | undefined, name: string | undefined): Promise<OpenNotebook> {
    const where = this.absolute(folder ?? '.')
    const stem = name === undefined ? 'Untitled' : basename(name, '.ipynb')
    if (name !== undefined && name !== basename(name)) throw problem('invalid', `"${name}" is not a file name.`)
    for (let n = 1; ; n++) {
      const path = join(where, `${stem}${n === 1 ? '' : `-${n}`}.ipynb`)
      try {
        await mkdir(where, { recursive: true })
        await writeFile(path, bytesOf(EMPTY(randomBytes(4).toString('hex'))), { flag: 'wx' })
        return await this.open(path)
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'EEXIST' && name === undefined) continue
        if (error instanceof ProblemError) throw error
        const code = error instanceof Error && 'code' in error ? String(error.code) : ''
        if (code === 'EEXIST') throw problem('conflict', `${basename(path)} already exists.`, { hint: 'Choose another name.' })
        throw problem(code === 'ENOSPC' ? 'full' : 'denied', `The notebook could not be made in ${where} (${code}).`, {
          hint: 'Choose another folder.',
        })
      }
    }
  }

  async saveAs(notebook: OpenNotebook, path: string): Promise<void> {
    const wanted = this.absolute(extname(path) === '' ? `${path}.ipynb` : path)
    const real = await realpath(wanted).catch(() => wanted)
    const found = await stat(real).catch(() => undefined)
    if (found?.isDirectory()) throw problem('invalid', `${wanted} is a folder.`, { hint: 'Give a file name.' })
    if (this.all.some((n) => n !== notebook && n.path === real))
      throw problem('conflict', `${basename(real)} is open.`, { hint: 'Close it first, or choose another name.' })
    await mkdir(dirname(real), { recursive: true })
    await notebook.moveTo(real)
  }

  /** The user trusted a folder, or took it back. */
  async trustChanged(): Promise<void> {
    for (const notebook of this.all) {
      const trusted = await this.#options.trusted(notebook.path)
      if (trusted !== notebook.state.trusted) notebook.document.change({ type: 'notebook-changed', set: { trusted } })
    }
  }

  /** A blob that came with an open notebook's file. */
  blob(hash: string): Uint8Array | undefined {
    for (const notebook of this.all) {
      const content = notebook.blob(hash)
      if (content !== undefined) return content
    }
    return undefined
  }

  /** The text of a long stream that came with an open notebook's file, by the name behind `notebook:`. */
  logText(name: string): Uint8Array | undefined {
    for (const notebook of this.all) {
      const content = notebook.logText(name)
      if (content !== undefined) return content
    }
    return undefined
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values())
    for (const held of [...this.#held.values()]) await this.#close(held)
  }

  async #open(path: string): Promise<OpenNotebook> {
    await this.#closing.get(path)?.catch(() => undefined)
    const { folder, store, trusted, log, now } = this.#options
    const notebook = await OpenNotebook.open(path, {
      identities: this.#identities,
      journal: (id) => new Journal(join(folder, id, 'journal.jsonl')),
      store,
      trusted,
      log,
      now: now ?? Date.now,
    })
    const held: Held = { notebook, users: 0 }
    this.#held.set(notebook.id, held)
    await this.onOpened(notebook)
    this.#linger(held)
    return notebook
  }

  #linger(held: Held): void {
    clearTimeout(held.timer)
    if (held.users > 0) return
    held.timer = setTimeout(() => {
      if (held.users > 0) return
      if (this.isBusy(held.notebook)) this.#linger(held)
      else void this.#close(held).catch(this.#options.log)
    }, LINGER_MS).unref()
  }

  async #close(held: Held): Promise<void> {
    clearTimeout(held.timer)
    if (this.#held.get(held.notebook.id) !== held) return
    // Out of the list first: whoever asks now waits for the last save, and then opens the file anew.
    this.#held.delete(held.notebook.id)
    const { path } = held.notebook
    const closing = Promise.resolve(this.onClosing(held.notebook))
      .catch(this.#options.log)
      .then(() => held.notebook.close())
      .finally(() => this.#closing.delete(path))
    this.#closing.set(path, closing)
    await closing
  }
}

const EMPTY = (id: string) => ({
  cells: [{ cell_type: 'code', execution_count: null, id, metadata: {}, outputs: [], source: [] }],
  metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' }, language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
})
