// Paths as windows give them: absolute, or relative to the open folder. One place turns them into real ones and says what is wrong.
import { homedir } from 'node:os'
import { isAbsolute, join, normalize, relative, sep } from 'node:path'
import { type Problem, type ProblemError, problem } from '../contract/problem.ts'

export function absolutePath(path: string, folder: string | undefined): string {
  if (path.includes('\0')) throw problem('invalid', 'A path can not hold a zero byte.')
  const home = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
  if (isAbsolute(home)) return normalize(home)
  if (folder === undefined) throw problem('missing', 'No folder is open.', { hint: 'Open a folder first.' })
  return join(folder, home)
}

/** How a window names a file: relative below the open folder, else absolute. */
export function shownPath(path: string, folder: string | undefined): string {
  if (folder === undefined) return path
  const from = relative(folder, path)
  return from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from) ? path : from
}

const WORDS: Readonly<Record<string, readonly [Problem['code'], string]>> = {
  ENOENT: ['missing', 'does not exist'],
  ENOTDIR: ['invalid', 'is not a folder'],
  EISDIR: ['invalid', 'is a folder'],
  EACCES: ['denied', 'may not be read or written by you'],
  EPERM: ['denied', 'may not be changed by you'],
  EROFS: ['denied', 'is on a read-only file system'],
  EEXIST: ['conflict', 'exists already'],
  ENOTEMPTY: ['conflict', 'is not empty'],
  ENOSPC: ['full', 'could not be written: the disk is full'],
  EDQUOT: ['full', 'could not be written: your quota is used up'],
  ENAMETOOLONG: ['invalid', 'has too long a name'],
  ELOOP: ['invalid', 'is a link that leads to itself'],
}

/** A file system error in words. Errors without a code come out as they are (a fault of ours). */
export function fileProblem(error: unknown, path: string): ProblemError | unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const word = WORDS[code]
  return word === undefined ? error : problem(word[0], `${path} ${word[1]}.`, { where: path })
}
