// Big values by name: content-addressed files in the data folder, fetched by windows over HTTP. A name is the SHA-256 of the content, so a
// file is written once, never changed, and two notebooks share it. What nobody refers to is removed by age, sooner when space is short.
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { problem } from '../contract/problem.ts'
import type { BlobRef } from '../contract/topics/outputs.ts'

export type BlobStoreOptions = {
  readonly folder: string
  /** Above this, unreferenced blobs go after an hour instead of a week. Default 4 GiB. */
  readonly limitBytes?: number
  readonly nowMs?: () => number
}

export type Collected = { readonly removed: number; readonly removedBytes: number; readonly keptBytes: number }

const WEEK_MS = 7 * 24 * 3600_000
const HOUR_MS = 3600_000

export class BlobStore {
  readonly #folder: string
  readonly #limitBytes: number
  readonly #nowMs: () => number
  readonly #references = new Set<() => Iterable<string> | Promise<Iterable<string>>>()
  readonly #providers: ((hash: string) => Uint8Array | undefined)[] = []
  /** Known to be on disk and young: saves the look. */
  readonly #fresh = new Map<string, number>()

  constructor(options: BlobStoreOptions) {
    this.#folder = options.folder
    this.#limitBytes = options.limitBytes ?? 4 * 1024 ** 3
    this.#nowMs = options.nowMs ?? Date.now
  }

  /** Stores bytes (a string as UTF-8) and answers their name. Throws Problem `full` when the disk is. */
  async put(content: Uint8Array | string): Promise<BlobRef> {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    const hash = createHash('sha256').update(bytes).digest('hex')
    const ref = { blob: hash, sizeBytes: bytes.length }
    const now = this.#nowMs()
    if (now - (this.#fresh.get(hash) ?? Number.NEGATIVE_INFINITY) < HOUR_MS / 2) return ref
    const file = this.path(hash)
    const known = await stat(file).catch(() => undefined)
    // Seen again: young again, so that a collection between "stored" and "referred to" never takes it.
    if (known?.size === bytes.length) await utimes(file, now / 1000, now / 1000)
    else await this.#write(file, bytes)
    if (this.#fresh.size > 10_000) this.#fresh.clear()
    this.#fresh.set(hash, now)
    return ref
  }

  /** Adds somebody who has contents that are not stored yet (an open notebook's file): stored when they are first asked for. */
  provides(find: (hash: string) => Uint8Array | undefined): void {
    this.#providers.push(find)
  }

  async get(hash: string): Promise<Uint8Array | undefined> {
    await this.#fetch(hash)
    return isHash(hash) ? await readFile(this.path(hash)).catch(() => undefined) : undefined
  }

  async sizeBytes(hash: string): Promise<number | undefined> {
    await this.#fetch(hash)
    return isHash(hash) ? (await stat(this.path(hash)).catch(() => undefined))?.size : undefined
  }

  /** The file of a blob (which may not exist). Throws on what is no hash: a name is never joined to a path unchecked. */
  path(hash: string): string {
    if (!isHash(hash)) throw problem('invalid', 'That is not the name of a blob.')
    return join(this.#folder, hash.slice(0, 2), hash)
  }

  /** Adds somebody who knows hashes that must stay; returns the way to take it back. */
  refersTo(hashes: () => Iterable<string> | Promise<Iterable<string>>): () => void {
    this.#references.add(hashes)
    return () => this.#references.delete(hashes)
  }

  /** Removes what nobody refers to: after a week, after an hour while the store is above its limit. */
  async collect(signal?: AbortSignal): Promise<Collected> {
    const kept = new Set<string>()
    for (const references of this.#references) for (const hash of await references()) kept.add(hash)
    const files: { file: string; hash: string; size: number; ageMs: number }[] = []
    const now = this.#nowMs()
    for (const sub of await readdir(this.#folder).catch(() => [])) {
      signal?.throwIfAborted()
      for (const name of await readdir(join(this.#folder, sub)).catch(() => [])) {
        const file = join(this.#folder, sub, name)
        const found = await stat(file).catch(() => undefined)
        if (found !== undefined) files.push({ file, hash: name, size: found.size, ageMs: now - found.mtimeMs })
      }
    }
    let keptBytes = files.reduce((sum, f) => sum + f.size, 0)
    let removed = 0
    let removedBytes = 0
    for (const f of files.sort((a, b) => b.ageMs - a.ageMs)) {
      // A half-written file of a crashed engine has a name that is no hash; after an hour nobody writes it any more.
      const free = isHash(f.hash)
        ? !kept.has(f.hash) && f.ageMs > (keptBytes > this.#limitBytes ? HOUR_MS : WEEK_MS)
        : f.ageMs > HOUR_MS
      if (!free) continue
      signal?.throwIfAborted()
      this.#fresh.delete(f.hash)
      await rm(f.file, { force: true })
      removed++
      removedBytes += f.size
      keptBytes -= f.size
    }
    return { removed, removedBytes, keptBytes }
  }

  async #fetch(hash: string): Promise<void> {
    if (this.#providers.length === 0 || !isHash(hash) || (await stat(this.path(hash)).catch(() => undefined)) !== undefined)
      return
    for (const find of this.#providers) {
      const content = find(hash)
      if (content !== undefined) return void (await this.put(content))
    }
  }

  async #write(file: string, bytes: Uint8Array): Promise<void> {
    const folder = file.slice(0, file.lastIndexOf('/'))
    const temp = `${file}.${randomBytes(4).toString('hex')}.tmp`
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const handle = await open(temp, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(temp, file)
    } catch (error) {
      await rm(temp, { force: true })
      if (error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) {
        throw problem('full', 'The disk is full: an output could not be stored.', {
          hint: 'The kernel still holds it in its log. Free some space; it is tried again.',
          where: 'disk',
        })
      }
      throw error
    }
  }
}

export const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)
