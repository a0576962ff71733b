// Which notebook is this file? A notebook keeps its id, and with it its journal and its kernel, when it is saved, moved or renamed: known
// by its path, else by device, inode and birth when the path it had is gone. Small marker files in the state folder, no index that could break.
import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileStamp } from './load-file.ts'

export class Identities {
  readonly #folder: string
  /** `folder`: `notebooks` in the state folder. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** `path`: real and absolute. */
  async of(path: string, stamp: FileStamp | undefined): Promise<string> {
    const known = await this.#read(this.#byPath(path))
    if (known !== undefined) return known
    const moved = stamp === undefined ? undefined : await this.#read(this.#byInode(stamp))
    if (moved !== undefined) {
      const before = await this.pathOf(moved)
      if (before !== undefined && before !== path && (await stat(before).catch(() => undefined)) === undefined) return moved
    }
    return hashOf(path)
  }

  /** The path that a notebook had when it was last open: how a window that comes back with an id finds its file. */
  async pathOf(id: string): Promise<string | undefined> {
    return this.#read(join(this.folderOf(id), 'path'))
  }

  folderOf(id: string): string {
    if (!/^[0-9a-f-]{8,64}$/.test(id)) throw new TypeError('not the id of a notebook')
    return join(this.#folder, id)
  }

  /** Called when the notebook is opened, saved under another name, or its file has another inode. */
  async remember(id: string, path: string, stamp: FileStamp | undefined): Promise<void> {
    const before = await this.pathOf(id)
    if (before !== undefined && before !== path) await rm(this.#byPath(before), { force: true })
    await this.#write(join(this.folderOf(id), 'path'), path)
    if (id === hashOf(path)) await rm(this.#byPath(path), { force: true })
    else await this.#write(this.#byPath(path), id)
    if (stamp === undefined) return
    const old = await this.#read(join(this.folderOf(id), 'inode'))
    if (old === inodeOf(stamp)) return
    if (old !== undefined) await rm(join(this.#folder, 'by-inode', old), { force: true })
    await this.#write(join(this.folderOf(id), 'inode'), inodeOf(stamp))
    await this.#write(this.#byInode(stamp), id)
  }

  #byPath = (path: string): string => join(this.#folder, 'by-path', hashOf(path))
  #byInode = (stamp: FileStamp): string => join(this.#folder, 'by-inode', inodeOf(stamp))

  async #read(file: string): Promise<string | undefined> {
    const text = await readFile(file, 'utf8').catch(() => '')
    return text === '' ? undefined : text
  }

  /** Not atomic: a torn marker is an unknown id or path, and then the path's own hash is the id. */
  async #write(file: string, text: string): Promise<void> {
    try {
      await mkdir(join(file, '..'), { recursive: true, mode: 0o700 })
      await writeFile(file, text, { mode: 0o600 })
    } catch {
      // A full disk must not keep a notebook from opening.
    }
  }
}

const hashOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 20)
/** A file system gives a deleted file's inode to the next new one: without its birth a new notebook took over the old one's journal and kernel. */
const inodeOf = (stamp: FileStamp): string => `${stamp.dev}-${stamp.ino}-${stamp.birthNs}`
