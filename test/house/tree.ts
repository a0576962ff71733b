// The project's own files and their imports, read once for all house tests. Imports are found by a regular expression: the
// style of the house (one import statement form, no re-export games) makes that exact enough, and it takes 50 ms.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every file that git knows or would add, as a path from the root. CI may own the checkout under another user's name. */
export const files: string[] = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-co', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
  .sort()

const texts = new Map<string, string>()

export function textOf(file: string): string {
  let text = texts.get(file)
  if (text === undefined) {
    text = readFileSync(join(root, file), 'utf8')
    texts.set(file, text)
  }
  return text
}

export interface Import {
  from: string
  /** A path from the root for our own files, else the package's or Node's name. */
  to: string
  /** Imported for its types only: gone when the program runs, so it makes no cycle. */
  typeOnly: boolean
  line: number
}

const PATTERN =
  /^[ \t]*(?:import|export)\s+(type\s+)?(?:[\w*${},\s]+?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm

export function importsOf(file: string): Import[] {
  const text = textOf(file)
  return [...text.matchAll(PATTERN)].map((match) => {
    const name = (match[2] ?? match[3]) as string
    const to = name.startsWith('.') ? normalize(join(dirname(file), name.replace(/\?.*$/, ''))) : name
    const onlyTypes = /^\s*import\s+\{\s*type\s[^,}]*(,\s*type\s[^,}]*)*,?\s*\}/.test(match[0])
    return { from: file, to, typeOnly: match[1] !== undefined || onlyTypes, line: text.slice(0, match.index).split('\n').length }
  })
}

export const isTest = (file: string): boolean => /\.(test|spec)\.tsx?$/.test(file)

/** Our sources (not tests) below these folders. */
export const sources = (...folders: string[]): string[] =>
  files.filter((file) => /\.(tsx?|mjs)$/.test(file) && !isTest(file) && folders.some((folder) => file.startsWith(`${folder}/`)))

export const where = ({ from, line }: Import): string => `${from}:${line}`
