// A text file that is open in an editor. The engine holds the text, decides the order of edits (rebased when they name an older version),
// saves atomically, and takes in what changed on disk: at once when nothing is unsaved, else as an edit on top of which ours stay.
import { createHash, randomUUID } from 'node:crypto'
import { access, constants, readFile, stat } from 'node:fs/promises'
import { type FSWatcher, watch } from 'chokidar'
import { Feed } from '../contract/feed.ts'
import { problem } from '../contract/problem.ts'
import { diffEdit, rebaseEdit, type TextEdit } from '../contract/text-edit.ts'
import { type FileChange, type FileState, reduceFile } from '../contract/topics/workspace.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import { languageOf } from './language.ts'
import { fileProblem } from './paths.ts'

export const MAX_TEXT_BYTES = 32 << 20
const REMEMBERED = 500

export class TextFile {
  readonly feed: Feed<FileState, FileChange>
  readonly path: string
  readonly #now: () => number
  readonly #edits: TextEdit[] = []
  #bom: string
  #diskHash: string
  #base: string
  #watcher: FSWatcher
  #timer: NodeJS.Timeout | undefined
  #saving: Promise<void> = Promise.resolve()

  private constructor(path: string, shown: string, text: string, bom: string, readOnly: string | undefined, now: () => number) {
    this.path = path
    this.#now = now
    this.#bom = bom
    this.#base = text
    this.#diskHash = hash(text)
    const state: FileState = {
      path: shown,
      text,
      version: 0,
      language: languageOf(path),
      dirty: false,
      ...(readOnly === undefined ? {} : { readOnly }),
    }
    this.feed = new Feed<FileState, FileChange>(state, reduceFile, randomUUID())
    this.#watcher = watch(path, { ignoreInitial: true, awaitWriteFinish: { stabilityThreshold: 80, pollInterval: 30 } })
    this.#watcher.on('all', () => void this.#onDisk())
    this.#watcher.on('error', () => {})
  }

  static async open(path: string, shown: string, now: () => number = Date.now): Promise<TextFile> {
    try {
      const info = await stat(path)
      if (info.isDirectory()) throw problem('invalid', `${shown} is a folder.`)
      if (info.size > MAX_TEXT_BYTES) {
        throw problem('invalid', `${shown} has ${(info.size / 1048576).toFixed(0)} MB: too large for an editor (32 MB).`, {
          hint: 'Open it in a terminal, e.g. with less.',
        })
      }
      const bytes = await readFile(path)
      const { text, bom } = decode(bytes, shown)
      const readOnly = await access(path, constants.W_OK).then(
        () => undefined,
        () => 'You may not write this file.',
      )
      return new TextFile(path, shown, text, bom, readOnly, now)
    } catch (error) {
      throw fileProblem(error, shown)
    }
  }

  /** Folds an edit made on `version`; answers the new version. */
  edit(version: number, edit: TextEdit, by?: string, serial?: number): number {
    const state = this.feed.state
    if (state.readOnly) throw problem('denied', state.readOnly, { where: state.path })
    const behind = state.version - version
    if (behind < 0 || behind > this.#edits.length)
      throw problem('conflict', 'This edit was made on a text that is no longer remembered.', {
        hint: 'Reload the window: your other changes are kept.',
      })
    let now: TextEdit = edit
    for (const over of this.#edits.slice(this.#edits.length - behind)) now = rebaseEdit(now, over, true)
    this.#change(now, by, serial)
    return this.feed.state.version
  }

  /** Saves `delayMs` after the last call; 0 at once. */
  saveSoon(delayMs: number, onProblem: (error: unknown) => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.save().catch(onProblem), delayMs)
  }

  save(): Promise<void> {
    clearTimeout(this.#timer)
    this.#saving = this.#saving
      .catch(() => undefined)
      .then(async () => {
        const { text, version, path, readOnly } = this.feed.state
        if (readOnly) throw problem('denied', readOnly, { where: path })
        try {
          await writeAtomic(this.path, this.#bom + text)
        } catch (error) {
          throw fileProblem(error, path)
        }
        this.#diskHash = hash(text)
        this.#base = text
        this.feed.change({ type: 'saved', savedMs: this.#now(), dirty: this.feed.state.version !== version })
      })
    return this.#saving
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#saving.catch(() => undefined)
    await this.#watcher.close()
  }

  #change(edit: TextEdit, by?: string, serial?: number): void {
    this.#edits.push(edit)
    if (this.#edits.length > REMEMBERED * 2) this.#edits.splice(0, this.#edits.length - REMEMBERED)
    this.feed.change({
      type: 'edited',
      version: this.feed.state.version + 1,
      edit,
      ...(by === undefined ? {} : { by }),
      ...(serial === undefined ? {} : { serial }),
    })
  }

  async #onDisk(): Promise<void> {
    const bytes = await readFile(this.path).catch(() => undefined)
    if (!bytes || bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return
    const { text, bom } = decode(bytes, this.feed.state.path)
    if (hash(text) === this.#diskHash) return
    const theirs = diffEdit(this.#base, text)
    const ours = diffEdit(this.#base, this.feed.state.text)
    this.#bom = bom
    this.#diskHash = hash(text)
    this.#base = text
    const dirty = ours.length > 0
    // Their change moved onto our text: what we typed stays, what they wrote comes in beside it.
    this.#change(dirty ? rebaseEdit(theirs, ours, true) : diffEdit(this.feed.state.text, text))
    if (!dirty) this.feed.change({ type: 'saved', savedMs: this.#now(), dirty: false })
  }
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

function decode(bytes: Buffer, shown: string): { text: string; bom: string } {
  if (bytes.subarray(0, 8192).includes(0)) throw problem('invalid', `${shown} is no text file.`)
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.startsWith('\ufeff') ? { text: text.slice(1), bom: '\ufeff' } : { text, bom: '' }
  } catch {
    throw problem('invalid', `${shown} is not UTF-8 text.`, { hint: 'Convert it first, e.g. iconv -f latin1 -t utf-8.' })
  }
}
