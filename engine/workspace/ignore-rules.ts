// Which files belong to the project: .gitignore of every level, .git itself, and the folders nobody searches.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'

const NEVER = [
  '.git',
  '.hg',
  '.svn',
  'node_modules',
  '__pycache__',
  '.venv',
  'venv',
  '.ipynb_checkpoints',
  '.mypy_cache',
  '.ruff_cache',
  '.pytest_cache',
  '.DS_Store',
]

/** Rules of one folder on top of its parents'. `covers(path, isFolder)`: path relative to this folder's root walk, with `/`. */
export class IgnoreRules {
  readonly #levels: readonly { readonly base: string; readonly rules: Ignore }[]

  private constructor(levels: IgnoreRules['levels']) {
    this.#levels = levels
  }
  private get levels(): readonly { readonly base: string; readonly rules: Ignore }[] {
    return this.#levels
  }

  static async root(folder: string): Promise<IgnoreRules> {
    return new IgnoreRules([{ base: '', rules: ignore().add(NEVER) }]).below(folder, '')
  }

  /** With the .gitignore of `folder`, whose path from the root is `base` ('' = the root). */
  async below(folder: string, base: string): Promise<IgnoreRules> {
    const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => undefined)
    return text === undefined ? this : new IgnoreRules([...this.#levels, { base, rules: ignore().add(text) }])
  }

  covers(path: string, isFolder: boolean): boolean {
    let ignored = false
    for (const { base, rules } of this.#levels) {
      const from = base === '' ? path : path.slice(base.length + 1)
      const verdict = rules.test(isFolder ? `${from}/` : from)
      if (verdict.ignored) ignored = true
      else if (verdict.unignored) ignored = false
    }
    return ignored
  }
}
