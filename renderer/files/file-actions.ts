// What can be done to files, each with its way back. Undo instead of "are you sure": a deleted file lies in Updraft's trash.
import { toProblem } from '../../engine/contract/problem.ts'
import type { EngineLink } from '../link/engine-link.ts'
import { makeStore } from '../parts/store.ts'
import { tell, tellProblem } from '../parts/tell.ts'
import { joinPath, parentOf } from './tree-model.ts'

/** Told when a path has another name now: tabs follow. Set by the shell through `onRenamed`. */
let renamed: (from: string, to: string) => void = () => {}
export function onRenamed(listener: typeof renamed): void {
  renamed = listener
}

/** The row that should be chosen once it is there: what was just made or renamed. */
export const wantedPath = makeStore<string | undefined>(undefined)

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

export async function createEntry(
  link: EngineLink,
  folder: string,
  name: string,
  kind: 'file' | 'folder',
): Promise<string | undefined> {
  try {
    const path = joinPath(folder, name)
    // An empty .ipynb would be a damaged notebook: the engine writes a proper one.
    const made =
      kind === 'file' && name.endsWith('.ipynb')
        ? (await link.call('notebook.create', { folder, name })).path
        : (await link.call('files.create', { path, kind })).path
    wantedPath.set(made)
    return made
  } catch (error) {
    tellProblem(toProblem(error, console.error))
    return undefined
  }
}

export async function renameEntry(link: EngineLink, from: string, to: string, undoing = false): Promise<boolean> {
  if (from === to) return true
  try {
    await link.call('files.rename', { from, to })
  } catch (error) {
    tellProblem(toProblem(error, console.error))
    return false
  }
  renamed(from, to)
  wantedPath.set(to)
  if (!undoing) {
    const moved = parentOf(from) !== parentOf(to)
    tell({
      level: 'info',
      message: moved
        ? `Moved ${nameOf(from)} to ${parentOf(to) || 'the top folder'}.`
        : `Renamed ${nameOf(from)} to ${nameOf(to)}.`,
      actions: [{ title: 'Undo', run: () => void renameEntry(link, to, from, true) }],
    })
  }
  return true
}

export async function deleteEntry(link: EngineLink, path: string): Promise<void> {
  try {
    const { trash } = await link.call('files.delete', { path })
    tell({
      level: 'info',
      message: `Deleted ${nameOf(path)}.`,
      hint: "It lies in Updraft's trash.",
      actions: [
        {
          title: 'Undo',
          run: () =>
            void link.call('files.restore', { trash }).then(
              () => wantedPath.set(path),
              (error: unknown) => tellProblem(toProblem(error, console.error)),
            ),
        },
      ],
    })
  } catch (error) {
    tellProblem(toProblem(error, console.error))
  }
}

/** A name the file system takes. Says why not, or undefined when it is fine. */
export function nameProblem(name: string, taken: ReadonlySet<string>): string | undefined {
  if (name.trim() === '') return 'A name is needed.'
  if (name === '.' || name === '..') return 'This name has a meaning of its own.'
  if (name.includes('\0')) return 'This character can not be in a name.'
  if (taken.has(name)) return 'There is one of this name already.'
  if (name.length > 255) return 'This name is too long.'
  return undefined
}
