// When local Ray starts by itself (setting `ray.autoStart`): a moment after the engine, or at once when a kernel is about to start, because a
// kernel learns where Ray is only from the environment it is born with. Once per engine: a Ray that the user has stopped stays stopped.
import type { LocalRay } from './ray/local-ray.ts'
import type { Settings } from './settings/settings-room.ts'

/** The page goes first: Ray's start takes both cores of a small machine for some seconds. */
const AFTER_MS = 1_500

export class RayAtStart {
  readonly #ray: LocalRay
  readonly #settings: Settings
  #opened: Promise<void> = Promise.resolve()
  #start: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(ray: LocalRay, settings: Settings) {
    this.#ray = ray
    this.#settings = settings
  }

  /** Takes back the Ray of an earlier engine, or plans a start. */
  open(): Promise<void> {
    this.#opened = this.#ray.open().then(() => {
      if (!this.#closed) this.#timer = setTimeout(() => void this.#begin(), AFTER_MS).unref()
    })
    return this.#opened
  }

  /** The environment of a kernel, joined to Ray where Ray is wanted. A Ray that does not start keeps no kernel from starting. */
  async kernelEnv(python?: string): Promise<Record<string, string>> {
    await this.#opened.catch(() => undefined)
    // Not awaited: the kernel waits until Ray's address is known, not until all of Ray is up.
    void this.#begin()
    return this.#ray.kernelEnv(python)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #begin(): Promise<void> {
    if (this.#start !== undefined) return this.#start
    const wanted = !this.#closed && this.#settings.get<boolean>('ray.autoStart') && this.#ray.feed.state.state === 'stopped'
    if (!wanted) return Promise.resolve()
    clearTimeout(this.#timer)
    const cpus = this.#settings.get<number>('ray.cpus')
    // Why it failed is in its feed, with the remedy.
    this.#start = this.#ray.start(cpus > 0 ? { cpus } : {}).catch(() => undefined)
    return this.#start
  }
}
