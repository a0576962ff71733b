// Which folders the user trusts. Until a folder is trusted nothing in it runs: no kernel, no interpreter probe, no script in an output.
// Kept by real path in the state folder; what lies below a trusted folder is trusted, and the nearest decision wins.
import { mkdir, readFile, realpath } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { writeAtomic } from '../support/atomic-file.ts'

export class Trust {
  readonly #file: string
  readonly #always: readonly string[]
  #decided = new Map<string, boolean>()

  /** `always`: folders that are ours (the examples, untitled notebooks). */
  constructor(stateFolder: string, always: readonly string[]) {
    this.#file = join(stateFolder, 'trust.json')
    this.#always = always
  }

  async open(): Promise<void> {
    try {
      const raw: unknown = JSON.parse(await readFile(this.#file, 'utf8'))
      if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) {
        this.#decided = new Map(Object.entries(raw).filter((e): e is [string, boolean] => typeof e[1] === 'boolean'))
      }
    } catch {
      // No file, or a damaged one: nothing is trusted, which is safe; the next decision writes it anew.
    }
  }

  /** For a file or folder, existing or not. Symbolic links are followed first: a link into a trusted folder gains nothing by its name. */
  async isTrusted(path: string): Promise<boolean> {
    const real = await realpathOfNearest(path)
    const always = await Promise.all(this.#always.map((p) => realpathOfNearest(p)))
    for (let at = real; ; at = dirname(at)) {
      const decided = this.#decided.get(at)
      if (decided !== undefined) return decided
      if (always.includes(at)) return true
      if (dirname(at) === at) return false
    }
  }

  async decide(folder: string, trusted: boolean): Promise<void> {
    this.#decided.set(await realpathOfNearest(folder), trusted)
    await mkdir(dirname(this.#file), { recursive: true })
    await writeAtomic(this.#file, `${JSON.stringify(Object.fromEntries(this.#decided), null, 2)}\n`, { mode: 0o600 })
  }
}

async function realpathOfNearest(path: string): Promise<string> {
  const full = resolve(path)
  try {
    return await realpath(full)
  } catch {
    const up = dirname(full)
    return up === full ? full : join(await realpathOfNearest(up), full.slice(up.length))
  }
}
