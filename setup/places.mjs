// Where things are: the project's root, the user's cache folder, and small readers that never throw.
// Leans on nothing but Node 18; everything in setup/ must run before a single package is there.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** A path inside the project. */
export const at = (...parts) => join(root, ...parts)

/** The user's cache folder of Updraft: environments and set-up locks. Made anew whenever it is missing. */
export function cacheFolder() {
  const xdg = process.env.XDG_CACHE_HOME
  const base =
    xdg && isAbsolute(xdg)
      ? xdg
      : process.platform === 'darwin'
        ? join(homedir(), 'Library', 'Caches')
        : join(homedir(), '.cache')
  return join(base, 'updraft')
}

/** The text of a file, or '' when it is not there. */
export function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The parsed JSON of a file, or undefined when it is missing or torn. */
export function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

/** Writes beside the file and renames: a kill in the middle leaves the old file or the new one, never half of one. */
export function writeWhole(file, text) {
  mkdirSync(dirname(file), { recursive: true })
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text)
  renameSync(temporary, file)
}

export const sha256 = (...texts) =>
  texts.reduce((hash, text) => hash.update(text).update('\0'), createHash('sha256')).digest('hex')

export const exists = existsSync
