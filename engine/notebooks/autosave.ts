// When to save: a little after the last change, but during a flood of changes not for ever later, and again after a failure. A clock only;
// what saving means is the owner's.

/** The file is there at most two seconds after the last change has settled: one to wait, one to write. */
const QUIET_MS = 1000
const LONGEST_WAIT_MS = 10_000
const RETRY_MS = 5000

export class AutosaveClock {
  readonly #save: () => Promise<void>
  #timer: NodeJS.Timeout | undefined
  #firstAtMs: number | undefined
  #lastSaveMs = 0
  #stopped = false

  constructor(save: () => Promise<void>) {
    this.#save = save
  }

  changed(): void {
    const now = performance.now()
    this.#firstAtMs ??= now
    // A notebook that takes a second to write is not written every ten seconds of a long print.
    const longest = this.#firstAtMs + Math.max(LONGEST_WAIT_MS, 20 * this.#lastSaveMs)
    this.#arm(Math.max(0, Math.min(QUIET_MS, longest - now)))
  }

  retry(): void {
    this.#arm(RETRY_MS)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer)
    if (this.#stopped) return
    this.#timer = setTimeout(() => void this.#run(), ms)
  }

  async #run(): Promise<void> {
    this.#firstAtMs = undefined
    const begun = performance.now()
    await this.#save()
    this.#lastSaveMs = performance.now() - begun
  }
}
