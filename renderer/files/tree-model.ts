// The file tree as one flat list of rows: which folders are open, and what the engine says is in them. A folder is watched while it is
// open; rows come from feeds and are never kept longer. No React, no DOM.
import type { Entry, FolderState } from '../../engine/contract/topics/workspace.ts'
import type { EngineLink } from '../link/engine-link.ts'

export type Row = {
  readonly path: string
  readonly name: string
  readonly depth: number
  readonly kind: Entry['kind'] | 'more'
  readonly open: boolean
  readonly waiting: boolean
  readonly ignored: boolean
  readonly place: number
  readonly siblings: number
}

export const parentOf = (path: string): string => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '')
export const joinPath = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`)

/** Rows of what is known: folders first, then by name as people count (file2 before file10). Pure. */
export function rowsOf(folders: ReadonlyMap<string, FolderState | undefined>): readonly Row[] {
  const rows: Row[] = []
  const add = (folder: string, depth: number) => {
    const state = folders.get(folder)
    if (state === undefined) return
    const entries = sorted(state)
    entries.forEach((e, i) => {
      const path = joinPath(folder, e.name)
      const open = e.kind !== 'file' && folders.has(path)
      rows.push({
        path,
        name: e.name,
        depth,
        kind: e.kind,
        open,
        waiting: open && folders.get(path) === undefined,
        ignored: e.ignored ?? false,
        place: i + 1,
        siblings: entries.length,
      })
      if (open) add(path, depth + 1)
    })
    if (state.total > state.entries.length)
      rows.push({
        path: `${folder}//more`,
        name: `${state.entries.length} of ${state.total} shown; find the others with Ctrl+K`,
        depth,
        kind: 'more',
        open: false,
        waiting: false,
        ignored: true,
        place: entries.length + 1,
        siblings: entries.length + 1,
      })
  }
  add('', 0)
  return rows
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
const cache = new WeakMap<readonly Entry[], readonly Entry[]>()
function sorted(state: FolderState): readonly Entry[] {
  const known = cache.get(state.entries)
  if (known !== undefined) return known
  const made = [...state.entries].sort(
    (a, b) => Number(a.kind !== 'folder') - Number(b.kind !== 'folder') || collator.compare(a.name, b.name),
  )
  cache.set(state.entries, made)
  return made
}

export class TreeModel {
  readonly #link: EngineLink
  readonly #watches = new Map<
    string,
    { readonly view: () => { readonly state: FolderState | undefined; readonly status: string }; readonly stop: () => void }
  >()
  readonly #listeners = new Set<() => void>()
  #rows: readonly Row[] = []
  #told = false

  constructor(link: EngineLink) {
    this.#link = link
  }

  get rows(): readonly Row[] {
    return this.#rows
  }
  readonly listen = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  readonly snapshot = (): readonly Row[] => this.#rows

  isOpen(path: string): boolean {
    return this.#watches.has(path)
  }
  openFolders(): readonly string[] {
    return [...this.#watches.keys()].filter((p) => p !== '')
  }

  open(path: string): void {
    if (this.#watches.has(path)) return
    this.#watches.set(path, this.#link.watch('folder', { path }, { onView: () => this.#change() }))
    this.#change()
  }
  close(path: string): void {
    for (const known of [...this.#watches.keys()]) {
      if (known !== path && !known.startsWith(`${path}/`)) continue
      this.#watches.get(known)?.stop()
      this.#watches.delete(known)
    }
    this.#change()
  }
  closeAll(): void {
    for (const path of this.openFolders()) if (!path.includes('/')) this.close(path)
  }
  dispose(): void {
    for (const watch of this.#watches.values()) watch.stop()
    this.#watches.clear()
  }

  /** Many folders may answer in one tick: the rows are made once. */
  #change(): void {
    if (this.#told) return
    this.#told = true
    queueMicrotask(() => {
      this.#told = false
      const folders = new Map<string, FolderState | undefined>()
      for (const [path, watch] of this.#watches) {
        const view = watch.view()
        if (view.status !== 'ended') folders.set(path, view.state)
      }
      this.#rows = rowsOf(folders)
      for (const listener of this.#listeners) listener()
    })
  }
}
