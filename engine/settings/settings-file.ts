// One JSONC file of the user's: read with its comments, changed by the smallest edit, watched. A file with a mistake in it is said with line
// and column, and what was good before stays in force.
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { applyEdits, modify, type ParseError, parse, printParseErrorCode } from 'jsonc-parser'
import { writeAtomic } from '../support/atomic-file.ts'

const MAX_BYTES = 1 << 20
const FORMAT = { insertSpaces: true, tabSize: 2 }

export class SettingsFile {
  readonly path: string
  readonly #empty: string
  #text = ''
  #watcher: FSWatcher | undefined
  #writing: Promise<unknown> = Promise.resolve()

  /** `empty`: what a new file starts with, e.g. `{}` or `[]`. */
  constructor(path: string, empty: string) {
    this.path = path
    this.#empty = empty
  }

  /** The file's value, or the reasons it has none. A missing file is an empty one. */
  async read(): Promise<{ value: unknown; problems: readonly string[] }> {
    try {
      if ((await stat(this.path)).size > MAX_BYTES)
        return {
          value: undefined,
          problems: [`${this.path} is larger than 1 MB: it is not read.`],
        }
      this.#text = await readFile(this.path, 'utf8')
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      this.#text = ''
      return missing
        ? { value: JSON.parse(this.#empty), problems: [] }
        : {
            value: undefined,
            problems: [`${this.path} can't be read: ${String(error)}`],
          }
    }
    const errors: ParseError[] = []
    const value: unknown = parse(this.#text, errors, {
      allowTrailingComma: true,
    })
    if (errors.length === 0) return { value: value ?? JSON.parse(this.#empty), problems: [] }
    return {
      value: undefined,
      problems: errors.slice(0, 5).map((e) => `${this.path}:${position(this.#text, e.offset)}: ${printParseErrorCode(e.error)}`),
    }
  }

  /** Sets one path of the JSON (undefined removes it); comments and order stay. Refuses to touch a file that does not parse. */
  set(path: (string | number)[], value: unknown): Promise<void> {
    const next = this.#writing.then(async () => {
      const now = await this.read()
      if (now.value === undefined) throw new Error(now.problems[0] ?? `${this.path} can't be read`)
      const text = this.#text.trim() === '' ? `${this.#empty}\n` : this.#text
      await mkdir(dirname(this.path), { recursive: true })
      await writeAtomic(
        this.path,
        applyEdits(
          text,
          modify(text, path, value, {
            formattingOptions: FORMAT,
            isArrayInsertion: path.at(-1) === -1,
          }),
        ),
      )
    })
    this.#writing = next.catch(() => undefined)
    return next
  }

  watch(onChange: () => void): void {
    // The folder may not exist yet; chokidar watches a missing path until it comes.
    this.#watcher = watch(this.path, {
      ignoreInitial: true,
      awaitWriteFinish: { stabilityThreshold: 60, pollInterval: 20 },
    })
    this.#watcher.on('all', onChange)
    this.#watcher.on('error', () => {})
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#watcher?.close()
  }
}

function position(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `${line}:${offset - before.lastIndexOf('\n')}`
}
