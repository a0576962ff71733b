// The open folder and what is remembered about it: trust, recent work, the window's layout.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import type { JsonObject } from '../contract/json.ts'
import { problem } from '../contract/problem.ts'
import { reduceWorkspace, type WorkspaceChange, type WorkspaceState } from '../contract/topics/workspace.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import { absolutePath, fileProblem } from './paths.ts'
import { Trust } from './trust.ts'

const RECENT = 20
type Recent = WorkspaceState['recent'][number]

export class Workspace {
  readonly feed: Feed<WorkspaceState, WorkspaceChange>
  readonly trust: Trust
  readonly #stateFolder: string
  readonly #now: () => number
  readonly #listeners = new Set<() => void>()

  constructor(stateFolder: string, alwaysTrusted: readonly string[], now: () => number = Date.now) {
    this.#stateFolder = stateFolder
    this.#now = now
    this.trust = new Trust(stateFolder, alwaysTrusted)
    this.feed = new Feed<WorkspaceState, WorkspaceChange>({ trusted: false, recent: [] }, reduceWorkspace, randomUUID())
  }

  get folder(): string | undefined {
    return this.feed.state.folder
  }

  /** Called when the folder or its trust changed. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  async start(): Promise<void> {
    await this.trust.open()
    const recent = await readJson<Recent[]>(join(this.#stateFolder, 'recent.json'))
    if (Array.isArray(recent)) this.feed.change({ type: 'workspace-changed', set: { recent } })
    // A window that is open over an engine's end finds the same folder again; a folder that is gone is simply not opened.
    const last = await readJson<{ folder?: unknown }>(this.#currentFile)
    if (typeof last?.folder === 'string') await this.open(last.folder).catch(() => undefined)
  }

  async open(path: string): Promise<void> {
    const folder = absolutePath(path, this.folder)
    const info = await stat(folder).catch((error: unknown) => {
      throw fileProblem(error, folder)
    })
    if (!info.isDirectory()) throw problem('invalid', `${folder} is not a folder.`)
    const layout = await readJson<JsonObject>(this.#layoutFile(folder))
    const trusted = await this.trust.isTrusted(folder)
    const { layout: _old, ...rest } = this.feed.state
    this.feed.change({
      type: 'workspace-changed',
      set: { ...rest, folder, name: basename(folder) || folder, trusted, ...(layout ? { layout } : { layout: {} }) },
    })
    await this.remember(folder, 'folder')
    await writeJson(this.#currentFile, { folder })
    this.#told()
  }

  async setTrust(folder: string, trusted: boolean): Promise<void> {
    await this.trust.decide(absolutePath(folder, this.folder), trusted)
    const now = this.folder === undefined ? false : await this.trust.isTrusted(this.folder)
    this.feed.change({ type: 'workspace-changed', set: { trusted: now } })
    this.#told()
  }

  async remember(path: string, kind: Recent['kind']): Promise<void> {
    const recent = [{ path, kind, openedMs: this.#now() }, ...this.feed.state.recent.filter((r) => r.path !== path)].slice(
      0,
      RECENT,
    )
    this.feed.change({ type: 'workspace-changed', set: { recent } })
    await writeJson(join(this.#stateFolder, 'recent.json'), recent)
  }

  async rememberLayout(layout: JsonObject): Promise<void> {
    // A window reads it once, when it opens: a split dragged in one window never moves the splits of the other, and a reload finds the last.
    this.feed.change({ type: 'workspace-changed', set: { layout } })
    await writeJson(this.#layoutFile(this.folder ?? ''), layout)
  }

  get #currentFile(): string {
    return join(this.#stateFolder, 'current-folder.json')
  }

  #layoutFile(folder: string): string {
    return join(this.#stateFolder, 'layouts', `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.json`)
  }

  #told(): void {
    for (const listener of this.#listeners) listener()
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T
  } catch {
    return undefined
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeAtomic(path, JSON.stringify(value))
}
