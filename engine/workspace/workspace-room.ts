// The workspace's calls and feeds, each beside what answers it. Folders and files are opened by their first viewer and rest after the last.
import { resolve } from 'node:path'
import { problem } from '../contract/problem.ts'
import type { Room, Watched } from '../contract/rooms.ts'
import type { FileChange, FileState, FolderChange, FolderState } from '../contract/topics/workspace.ts'
import type { Notices } from '../notices/notices.ts'
import type { Settings } from '../settings/settings-room.ts'
import { browse, createEntry, renameEntry, Trash } from './file-operations.ts'
import { FolderFeed } from './folder-feed.ts'
import { fuzzyFind } from './fuzzy.ts'
import { absolutePath, fileProblem, shownPath } from './paths.ts'
import { searchPattern } from './search.ts'
import { searchInThread } from './search-in-thread.ts'
import { TextFile } from './text-file.ts'
import { walk } from './walk.ts'
import type { Workspace } from './workspace.ts'

const FILES_KEPT_MS = 3000

export type WorkspaceRoomOptions = {
  readonly workspace: Workspace
  readonly settings: Settings
  readonly notices: Notices
  readonly stateFolder: string
  readonly home: string
}

export function createWorkspaceRoom({ workspace, settings, notices, stateFolder, home }: WorkspaceRoomOptions): Room {
  const trash = new Trash(stateFolder)
  void trash.clean(Date.now())
  const folders = new Shared<FolderFeed>((f) => Promise.resolve(f.close()))
  const files = new Shared<TextFile>(async (f) => {
    if (f.feed.state.dirty && settings.get('files.autoSave') === 'afterDelay')
      await f.save().catch((e: unknown) => notices.say('error', String(e)))
    await f.close()
  })
  let names: { folder: string; atMs: number; paths: Promise<string[]> } | undefined
  const at = (path: string) => absolutePath(path, workspace.folder)
  const open = (path: string): Promise<TextFile> => {
    const file = files.get(at(path))
    if (!file) throw problem('missing', `${path} is not open.`)
    return file
  }

  return {
    answers: {
      'workspace.open': async ({ folder }) => workspace.open(folder).then(() => null),
      'workspace.trust': async ({ folder, trusted }) => workspace.setTrust(folder, trusted).then(() => null),
      'workspace.remember-layout': async ({ layout }) => workspace.rememberLayout(layout).then(() => null),
      'files.find': async ({ query, limit }) => {
        const folder = at('')
        // The list is walked once per burst of typing: 10,000 files take about 100 ms.
        const look = (): Promise<string[]> => {
          names = { folder, atMs: Date.now(), paths: collect(folder) }
          return names.paths
        }
        const kept = names && names.folder === folder && Date.now() - names.atMs < FILES_KEPT_MS ? names.paths : undefined
        let paths = await (kept ?? look())
        let found = fuzzyFind(query, paths, paths.length)
        if (found.length === 0 && kept !== undefined) {
          // The file may be younger than the list.
          paths = await look()
          found = fuzzyFind(query, paths, paths.length)
        }
        return { paths: found.slice(0, limit ?? 100), total: found.length }
      },
      'files.search': async (wish, asker) => {
        searchPattern(wish)
        return searchInThread(at(''), wish, asker.signal)
      },
      'files.create': async ({ path, kind }) => {
        await createEntry(at(path), kind)
        return { path: shownPath(at(path), workspace.folder) }
      },
      'files.rename': async ({ from, to }) => renameEntry(at(from), at(to)).then(() => null),
      'files.delete': async ({ path }) => {
        if (at(path) === workspace.folder) throw problem('denied', 'The open folder itself is not deleted from here.')
        return { trash: await trash.delete(at(path)) }
      },
      'files.restore': async ({ trash: id }) => trash.restore(id).then(() => null),
      'files.browse': async ({ path }) => browse(resolve(path === undefined ? home : at(path))),
      'files.edit': async ({ path, version, edit, by, serial }) => {
        const file = await open(path)
        const now = file.edit(version, edit, by, serial)
        if (settings.get('files.autoSave') === 'afterDelay')
          file.saveSoon(1000, (e) =>
            notices.problem(
              { code: 'full', message: e instanceof Error ? e.message : String(e), hint: 'Your text is kept in the editor.' },
              `save:${path}`,
            ),
          )
        return { version: now }
      },
      'files.save': async ({ path }) => (await open(path)).save().then(() => null),
    },
    sources: {
      workspace: async () => ({ feed: workspace.feed, release: () => {} }),
      folder: async ({ path }): Promise<Watched<FolderState, FolderChange>> => {
        const full = at(path)
        const inside = workspace.folder !== undefined && shownPath(full, workspace.folder) !== full
        const open = async () => {
          const opened = await FolderFeed.open(
            full,
            path,
            inside ? workspace.folder : undefined,
            inside ? shownPath(full, workspace.folder) : '',
          )
          // What the tree has seen come or go, the finder knows too.
          opened.feed.listen(() => {
            names = undefined
          })
          return opened
        }
        const { value, release } = await folders.take(full, open).catch((e: unknown) => {
          throw fileProblem(e, path)
        })
        return { feed: value.feed, release }
      },
      file: async ({ path }): Promise<Watched<FileState, FileChange>> => {
        const { value, release } = await files.take(at(path), () => TextFile.open(at(path), path))
        return { feed: value.feed, release }
      },
    },
    close: async () => {
      await folders.close()
      await files.close()
    },
  }
}

async function collect(folder: string): Promise<string[]> {
  const paths: string[] = []
  for await (const path of walk(folder, new AbortController().signal)) paths.push(path)
  return paths
}

/** Things that many viewers share: opened by the first, closed a little after the last (a reload must not reopen everything). */
class Shared<T> {
  readonly #open = new Map<string, { value: Promise<T>; users: number; timer?: NodeJS.Timeout }>()
  readonly #end: (value: T) => Promise<void>
  constructor(end: (value: T) => Promise<void>) {
    this.#end = end
  }

  get(key: string): Promise<T> | undefined {
    return this.#open.get(key)?.value
  }

  async take(key: string, make: () => Promise<T>): Promise<{ value: T; release: () => void }> {
    const entry = this.#open.get(key) ?? { value: make(), users: 0 }
    this.#open.set(key, entry)
    entry.users++
    clearTimeout(entry.timer)
    let released = false
    const release = () => {
      if (released) return
      released = true
      if (--entry.users === 0) entry.timer = setTimeout(() => void this.#drop(key, entry), 2000).unref()
    }
    try {
      return { value: await entry.value, release }
    } catch (error) {
      this.#open.delete(key)
      throw error
    }
  }

  async #drop(key: string, entry: { value: Promise<T>; users: number }): Promise<void> {
    if (entry.users > 0 || this.#open.get(key) !== entry) return
    this.#open.delete(key)
    await entry.value.then(this.#end, () => undefined)
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    for (const entry of all) {
      clearTimeout(entry.timer)
      await entry.value.then(this.#end, () => undefined)
    }
  }
}
