// Asks one interpreter what it is and which packages that matter it has. Runs it isolated (-I: no PYTHON* variables, no user site, nothing
// from the working folder) with a deadline. Never called for an interpreter of an untrusted folder.
import { execFile } from 'node:child_process'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeAtomic } from '../support/atomic-file.ts'

export type Probe = { readonly version: string; readonly prefix: string; readonly packages: Readonly<Record<string, string>> }

const NAMES = ['ray', 'torch', 'vllm', 'ipykernel', 'ipython', 'pyzmq', 'numpy', 'pandas', 'jax', 'transformers']
// One interpreter start, metadata only: importing ray would cost 0.6 s and may run the user's code.
const SCRIPT = `
import json, sys
from importlib import metadata
found = {}
for name in ${JSON.stringify(NAMES)}:
    try:
        found[name] = metadata.version(name)
    except Exception:
        pass
print(json.dumps({"version": sys.version.split()[0], "prefix": sys.prefix, "packages": found}))
`

export async function probePython(python: string, signal: AbortSignal, deadlineMs = 15_000): Promise<Probe> {
  const text = await new Promise<string>((resolve, reject) => {
    // The venv's own packages are wanted, so -I alone: no -S.
    const child = execFile(
      python,
      ['-I', '-c', SCRIPT],
      { timeout: deadlineMs, killSignal: 'SIGKILL', maxBuffer: 1 << 20, cwd: '/', signal },
      (error, stdout, stderr) => {
        if (error)
          reject(
            new Error(
              error.killed
                ? `it did not answer within ${deadlineMs / 1000} s`
                : (stderr.trim().split('\n').at(-1) ?? error.message) || error.message,
            ),
          )
        else resolve(stdout)
      },
    )
    child.stdin?.end()
  })
  const parsed = JSON.parse(text) as Probe
  if (typeof parsed.version !== 'string' || typeof parsed.prefix !== 'string') throw new Error('it did not say what it is')
  return parsed
}

/** Probes remembered by path and the times of the interpreter and its site-packages: a second start asks nobody. */
export class ProbeCache {
  readonly #file: string
  #known = new Map<string, { stamp: string; probe: Probe }>()
  #dirty = false

  constructor(cacheFolder: string) {
    this.#file = join(cacheFolder, 'interpreters.json')
  }

  async open(): Promise<void> {
    try {
      this.#known = new Map(
        Object.entries(JSON.parse(await readFile(this.#file, 'utf8')) as Record<string, { stamp: string; probe: Probe }>),
      )
    } catch {}
  }

  async get(python: string): Promise<Probe | undefined> {
    const known = this.#known.get(python)
    return known && known.stamp === (await stampOf(python, known.probe)) ? known.probe : undefined
  }

  async set(python: string, probe: Probe): Promise<void> {
    this.#known.set(python, { stamp: await stampOf(python, probe), probe })
    this.#dirty = true
  }

  async save(): Promise<void> {
    if (!this.#dirty) return
    this.#dirty = false
    await mkdir(dirname(this.#file), { recursive: true })
    await writeAtomic(this.#file, JSON.stringify(Object.fromEntries(this.#known)))
  }
}

async function stampOf(python: string, probe: Probe): Promise<string> {
  const [major, minor] = probe.version.split('.')
  const site = join(probe.prefix, `lib/python${major}.${minor}/site-packages`)
  const times = await Promise.all(
    [python, site].map((p) =>
      stat(p).then(
        (s) => `${s.mtimeMs}:${s.ino}`,
        () => '-',
      ),
    ),
  )
  return times.join(' ')
}
