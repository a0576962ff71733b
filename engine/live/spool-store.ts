// The spools of this data folder by name: opened once, shared by writer and readers, counted against one size, removed when nobody refers
// to them any more. A name is made by its owner (`<execution>` or the like) from letters, digits, dot, dash and underscore.
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { problem } from '../contract/problem.ts'
import { Spool } from './spool.ts'

export class SpoolStore {
  readonly #folder: string
  readonly #open = new Map<string, Promise<Spool>>()
  readonly #references = new Set<() => Iterable<string> | Promise<Iterable<string>>>()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** For writing: made when it is not there. */
  async open(name: string, title: string): Promise<Spool> {
    const spool = await this.#opened(name, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      return Spool.open({ file: this.#file(name), title })
    })
    spool.title = title
    spool.resume()
    return spool
  }

  /** For reading: undefined when there is none. */
  async find(name: string): Promise<Spool | undefined> {
    const open = this.#open.get(name)
    if (open !== undefined) return open
    if ((await stat(this.#file(name)).catch(() => undefined)) === undefined) return undefined
    return this.#opened(name, async () => {
      const spool = await Spool.open({ file: this.#file(name), title: name })
      spool.end() // found, not opened by its writer: a run of an earlier engine
      return spool
    })
  }

  /** Writes what is pending and lets go of the file; the next `open` or `find` opens it again. */
  async close(name: string): Promise<void> {
    const open = this.#open.get(name)
    this.#open.delete(name)
    await (await open)?.close()
  }

  async remove(name: string): Promise<void> {
    await this.close(name)
    await rm(this.#file(name), { force: true })
    await rm(`${this.#file(name)}.marks`, { force: true })
  }

  /** Adds somebody who knows names that must stay; returns the way to take it back. */
  refersTo(names: () => Iterable<string> | Promise<Iterable<string>>): () => void {
    this.#references.add(names)
    return () => this.#references.delete(names)
  }

  /** Removes spools that nobody refers to and nobody wrote to for `olderThanMs` (default a week). */
  async collect(olderThanMs = 7 * 24 * 3600_000): Promise<{ removed: number; removedBytes: number }> {
    const kept = new Set<string>()
    for (const references of this.#references) for (const name of await references()) kept.add(name)
    let removed = 0
    let removedBytes = 0
    for (const found of await readdir(this.#folder).catch(() => [])) {
      if (!found.endsWith('.log')) continue
      const name = found.slice(0, -4)
      const file = await stat(join(this.#folder, found)).catch(() => undefined)
      if (file === undefined || kept.has(name) || this.#open.has(name) || Date.now() - file.mtimeMs < olderThanMs) continue
      await this.remove(name)
      removed++
      removedBytes += file.size
    }
    return { removed, removedBytes }
  }

  async closeAll(): Promise<void> {
    for (const name of [...this.#open.keys()]) await this.close(name).catch(() => undefined)
  }

  #opened(name: string, open: () => Promise<Spool>): Promise<Spool> {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const opening = open()
    this.#open.set(name, opening)
    opening.catch(() => this.#open.delete(name))
    return opening
  }

  #file(name: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/.test(name)) throw problem('invalid', 'That is not the name of a log.')
    return join(this.#folder, `${name}.log`)
  }
}
