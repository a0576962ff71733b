// One folder's listing as a feed: folders first, then files, by name as people sort (item2 before item10). Kept up to date while watched.
import { randomUUID } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import type { Entry, FolderChange, FolderState } from '../contract/topics/workspace.ts'
import { reduceFolder } from '../contract/topics/workspace.ts'
import { isTempName } from '../support/atomic-file.ts'
import { IgnoreRules } from './ignore-rules.ts'

/** A folder with more entries is cut; the state's `total` says how many there are. */
export const MAX_ENTRIES = 5000
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' }).compare

export async function listFolder(
  path: string,
  ignored?: (name: string, isFolder: boolean) => boolean,
): Promise<{ entries: Entry[]; total: number }> {
  const all = (await readdir(path, { withFileTypes: true })).filter((e) => !isTempName(e.name))
  const kinds = await Promise.all(
    all.map(async (e) => {
      const isFolder =
        e.isDirectory() || (e.isSymbolicLink() && (await stat(join(path, e.name)).catch(() => undefined))?.isDirectory() === true)
      return { name: e.name, isFolder }
    }),
  )
  kinds.sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || byName(a.name, b.name))
  const entries = await Promise.all(
    kinds.slice(0, MAX_ENTRIES).map(async ({ name, isFolder }): Promise<Entry> => {
      const info = await lstat(join(path, name)).catch(() => undefined)
      const base = { name, kind: isFolder ? 'folder' : info?.isSymbolicLink() ? 'link' : 'file' } as const
      return {
        ...base,
        ...(info && !isFolder ? { sizeBytes: info.size, modifiedMs: Math.round(info.mtimeMs) } : {}),
        ...(ignored?.(name, isFolder) ? { ignored: true } : {}),
      }
    }),
  )
  return { entries, total: all.length }
}

/** A watched folder. `node:fs` watch is enough here: one level, and a missed event costs a stale row until the next. */
export class FolderFeed {
  readonly feed: Feed<FolderState, FolderChange>
  readonly #path: string
  readonly #ignored: (name: string, isFolder: boolean) => boolean
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(path: string, state: FolderState, ignored: (name: string, isFolder: boolean) => boolean) {
    this.#path = path
    this.#ignored = ignored
    this.feed = new Feed<FolderState, FolderChange>(state, reduceFolder, randomUUID())
    try {
      this.#watcher = watch(path, () => this.#soon())
      // A folder that goes away errors here; the next listing says so.
      this.#watcher.on('error', () => this.#soon())
    } catch {
      // No watch to be had (inotify limit): the listing is right when opened, and after each of our own file operations.
    }
  }

  /** `shown`: the path as the window asked for it; `base`: the path from the workspace root, for its ignore rules. */
  static async open(path: string, shown: string, root: string | undefined, base: string): Promise<FolderFeed> {
    let rules = root === undefined ? undefined : await IgnoreRules.root(root)
    if (rules && root !== undefined) {
      const steps = base === '' ? [] : base.split('/')
      for (let i = 1; i <= steps.length; i++) {
        const at = steps.slice(0, i).join('/')
        rules = await rules.below(join(root, at), at)
      }
    }
    const ignored = (name: string, isFolder: boolean) => rules?.covers(base === '' ? name : `${base}/${name}`, isFolder) ?? false
    return new FolderFeed(path, { path: shown, ...(await listFolder(path, ignored)) }, ignored)
  }

  #soon(): void {
    clearTimeout(this.#timer)
    // A build writes hundreds of files: one listing after 80 ms of quiet, not one per file.
    this.#timer = setTimeout(() => void this.refresh(), 80)
  }

  async refresh(): Promise<void> {
    if (this.#closed) return
    try {
      this.feed.change({ type: 'listed', ...(await listFolder(this.#path, this.#ignored)) })
    } catch {
      this.feed.end()
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#watcher?.close()
  }
}
