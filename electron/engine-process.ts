// The engine as the shell sees it: a child process on the Node that we carry. Started, listened to for its address, restarted when it dies.
// A second start of the app finds an engine that runs already: then there is no child, and its process is looked after by its pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type EngineOptions = {
  readonly node: string
  /** Folder that holds engine/: the checkout, or the package's resources. */
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly args: readonly string[]
  /** A sign-in address: single-use, valid for a minute. `first` is false when the engine came back after it had died. */
  readonly onAddress: (url: string, first: boolean) => void
  /** The engine can't be kept alive: what it said last. */
  readonly onGivenUp: (lastWords: string) => void
}

const ADDRESS = /^Updraft is at (http:\/\/\S+)$/
const RUNS_ALREADY = /^Updraft runs already \(process (\d+)\)/
/** An engine that dies this often within a minute will not live the next time either. */
const MOST_RESTARTS = 5

export class EngineProcess {
  readonly #o: EngineOptions
  #child: ChildProcess | undefined
  #other: NodeJS.Timeout | undefined
  #starts: number[] = []
  #lastWords = ''
  #addresses = 0
  #ended = false

  constructor(options: EngineOptions) {
    this.#o = options
  }

  start(): void {
    if (this.#ended) return
    const now = Date.now()
    this.#starts = [...this.#starts.filter((at) => now - at < 60_000), now]
    if (this.#starts.length > MOST_RESTARTS) {
      this.#o.onGivenUp(this.#lastWords)
      return
    }
    const child = spawn(this.#o.node, [join(this.#o.program, 'engine', 'main.ts'), '--no-open', ...this.#o.args], {
      env: { ...this.#o.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    let elsewhere = 0
    createInterface({ input: child.stdout }).on('line', (line) => {
      const already = RUNS_ALREADY.exec(line)
      if (already) elsewhere = Number(already[1])
      const address = ADDRESS.exec(line)
      if (address?.[1]) this.#found(address[1])
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#lastWords = (this.#lastWords + text).slice(-4000)
    })
    child.once('error', (error) => {
      this.#lastWords = String(error)
      this.#again()
    })
    child.once('exit', () => {
      if (this.#child !== child) return
      this.#child = undefined
      if (elsewhere > 0) this.#watchOther(elsewhere)
      else this.#again()
    })
  }

  /** A fresh sign-in address for one more window: a short second start, answered by the engine that runs. */
  newAddress(): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#o.node, [join(this.#o.program, 'engine', 'main.ts'), '--no-open'], {
        env: { ...this.#o.env },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const timer = setTimeout(() => child.kill(), 15_000)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const address = ADDRESS.exec(line)
        if (address?.[1]) resolve(address[1])
      })
      child.once('error', reject)
      child.once('exit', () => {
        clearTimeout(timer)
        reject(new Error('the engine gave no address'))
      })
    })
  }

  /** Ends our child with SIGTERM; what must survive (kernels with a running cell, Ray, terminals) does not live in it. */
  stop(): Promise<void> {
    this.#ended = true
    clearInterval(this.#other)
    const child = this.#child
    if (!child || child.exitCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      const hard = setTimeout(() => child.kill('SIGKILL'), 9000)
      child.once('exit', () => {
        clearTimeout(hard)
        resolve()
      })
      child.kill('SIGTERM')
    })
  }

  #found(url: string): void {
    this.#addresses++
    this.#o.onAddress(url, this.#addresses === 1)
  }

  #again(): void {
    if (!this.#ended) setTimeout(() => this.start(), 150)
  }

  #watchOther(pid: number): void {
    this.#other = setInterval(() => {
      try {
        process.kill(pid, 0)
      } catch {
        clearInterval(this.#other)
        this.start()
      }
    }, 1000)
  }
}
