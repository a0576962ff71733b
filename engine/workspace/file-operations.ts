// Create, rename, delete and browse. Deleting moves to a trash of ours in the state folder, so that undo can bring it back.
import { randomUUID } from 'node:crypto'
import { cp, lstat, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { problem } from '../contract/problem.ts'
import type { Entry } from '../contract/topics/workspace.ts'
import { listFolder } from './folder-feed.ts'
import { fileProblem } from './paths.ts'

const TRASH_DAYS = 14

export async function createEntry(path: string, kind: 'file' | 'folder'): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    if (kind === 'folder') await mkdir(path)
    else await (await open(path, 'wx')).close()
  } catch (error) {
    throw fileProblem(error, path)
  }
}

export async function renameEntry(from: string, to: string): Promise<void> {
  if (from === to) return
  try {
    // rename(2) overwrites silently: a file of that name must not vanish.
    const there = await lstat(to).catch(() => undefined)
    if (there && from.toLowerCase() !== to.toLowerCase()) throw problem('conflict', `${to} exists already.`)
    await mkdir(dirname(to), { recursive: true })
    await move(from, to)
  } catch (error) {
    throw fileProblem(error, from)
  }
}

export class Trash {
  readonly #folder: string
  constructor(stateFolder: string) {
    this.#folder = join(stateFolder, 'trash')
  }

  /** Answers the name under which `restore` finds it. */
  async delete(path: string): Promise<string> {
    const id = randomUUID()
    const home = join(this.#folder, id)
    try {
      await mkdir(home, { recursive: true, mode: 0o700 })
      await writeFile(join(home, 'origin'), path)
      await move(path, join(home, basename(path)))
    } catch (error) {
      await rm(home, { recursive: true, force: true })
      throw fileProblem(error, path)
    }
    return id
  }

  async restore(id: string): Promise<string> {
    if (!/^[0-9a-f-]{36}$/.test(id)) throw problem('invalid', 'This is nothing that was deleted here.')
    const home = join(this.#folder, id)
    const path = await readFile(join(home, 'origin'), 'utf8').catch(() => {
      throw problem('missing', 'What was deleted is no longer kept.', { hint: `Deleted files are kept for ${TRASH_DAYS} days.` })
    })
    await renameEntry(join(home, basename(path)), path)
    await rm(home, { recursive: true, force: true })
    return path
  }

  /** What was deleted more than 14 days ago goes. */
  async clean(nowMs: number): Promise<void> {
    for (const id of await readdir(this.#folder).catch(() => [])) {
      const info = await stat(join(this.#folder, id)).catch(() => undefined)
      if (info && nowMs - info.mtimeMs > TRASH_DAYS * 86_400_000)
        await rm(join(this.#folder, id), { recursive: true, force: true })
    }
  }
}

export async function browse(path: string): Promise<{ path: string; parent?: string; entries: readonly Entry[] }> {
  try {
    const { entries } = await listFolder(path)
    const parent = dirname(path)
    return { path, entries, ...(parent === path ? {} : { parent }) }
  } catch (error) {
    throw fileProblem(error, path)
  }
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error
    // Another file system: copy first, delete after, so that a crash leaves a copy too many and never one too few.
    await cp(from, to, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true, errorOnExist: true })
    await rm(from, { recursive: true })
  }
}
