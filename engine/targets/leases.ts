// What was started in a place, recorded before it is started, so that nothing is orphaned and everything can be adopted by the next engine.
// One small file per place, written whole each time; the engine's lock makes us its only writer.
import { readFile } from 'node:fs/promises'
import type { JsonObject } from '../contract/json.ts'
import { writeAtomic } from '../support/atomic-file.ts'

export type Lease = {
  /** Name of the thing in its place: a run's name, `outpost`. */
  readonly id: string
  readonly kind: 'outpost' | 'kernel'
  readonly sinceMs: number
  /** What is needed to adopt it. Never a secret. */
  readonly detail: JsonObject
}

export class Leases {
  readonly #file: string
  #leases: Map<string, Lease> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(file: string) {
    this.#file = file
  }

  async list(): Promise<readonly Lease[]> {
    return [...(await this.#load()).values()]
  }
  async get(id: string): Promise<Lease | undefined> {
    return (await this.#load()).get(id)
  }
  /** Resolves when it is on disk: only then may the thing be started. */
  async record(lease: Lease): Promise<void> {
    ;(await this.#load()).set(lease.id, lease)
    await this.#save()
  }
  async release(id: string): Promise<void> {
    if ((await this.#load()).delete(id)) await this.#save()
  }

  async #load(): Promise<Map<string, Lease>> {
    if (this.#leases !== undefined) return this.#leases
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    const leases = new Map<string, Lease>()
    try {
      for (const lease of text === '' ? [] : (JSON.parse(text) as { leases: Lease[] }).leases) leases.set(lease.id, lease)
    } catch {
      // A damaged file loses titles, not kernels: the outpost itself knows what runs and its names say whose it is.
    }
    this.#leases ??= leases
    return this.#leases
  }

  #save(): Promise<void> {
    const write = async (): Promise<void> => {
      await writeAtomic(this.#file, `${JSON.stringify({ leases: [...(this.#leases ?? new Map()).values()] }, null, 1)}\n`, {
        mode: 0o600,
      })
    }
    this.#writing = this.#writing.then(write, write)
    return this.#writing
  }
}
