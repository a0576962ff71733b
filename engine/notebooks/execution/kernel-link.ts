// The kernel of one notebook: found again after an engine restart, started when the first cell needs it, restarted, shut down, replaced. Tells the
// document what state it is in. What the kernel says and what it is given is execution.ts's.
import type { JsonObject } from '../../contract/json.ts'
import { problem, toProblem } from '../../contract/problem.ts'
import type { KernelSummary } from '../../contract/topics/notebook.ts'
import type { KernelMessage, KernelSession, Sessions, StartKernel } from '../../sessions/session.ts'
import type { NotebookDocument } from '../document.ts'
import type { Execution } from './execution.ts'
import { deadKernel, restarted, restartedBefore, shutDown } from './run-problems.ts'

/** Which environment a notebook's kernel runs in (environments/environments.ts). Throws Problems. */
export interface EnvironmentChoice {
  choose(kernelspec: { name?: string; language?: string }): Promise<string>
}

export type KernelLinkOptions = {
  readonly document: NotebookDocument
  readonly execution: Execution
  readonly sessions: Sessions
  readonly environments: EnvironmentChoice
  /** Id of the session: the same for the same notebook, also in the next engine. */
  readonly sessionId: string
  /** Folder of the notebook: where its kernel runs. */
  readonly folder: () => string
}

/** The environment that the user chose for this notebook on this machine: not in the file, where it would mean nothing to others. */
const CHOSEN = 'environment'
const RESTART_MS = 60_000

export class KernelLink {
  readonly #options: KernelLinkOptions
  readonly #closed = new AbortController()
  #session: KernelSession | undefined
  #following: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  #starting: { readonly stop: AbortController; readonly session: Promise<KernelSession> } | undefined
  #unlisten: () => void = () => undefined

  constructor(options: KernelLinkOptions) {
    this.#options = options
  }

  get session(): KernelSession | undefined {
    return this.#session
  }
  get #state(): KernelSummary['state'] {
    return this.#session?.summary.state.state ?? 'none'
  }

  /** Finds the kernel that survived an earlier engine and goes on with it; without one, says what was lost. */
  adopt(): Promise<void> {
    this.#adopting ??= this.#adoptNow().finally(() => {
      this.#adopting = undefined
    })
    return this.#adopting
  }
  #adopting: Promise<void> | undefined

  async #adoptNow(): Promise<void> {
    const { execution, sessions, sessionId } = this.#options
    const session = await sessions.adopt(sessionId, this.#closed.signal)
    if (session !== undefined) return this.#attach(session)
    if (execution.hadKernel) execution.lostKernel()
    else execution.resume()
  }

  /** The running kernel, or one that is started now. */
  async kernel(): Promise<KernelSession> {
    await this.#adopting?.catch(() => undefined)
    if (this.#session !== undefined && this.#following !== undefined && this.#state !== 'none') return this.#session
    this.#starting ??= this.#start()
    return await this.#starting.session
  }

  /** Throws when a run would reach nobody. */
  checkAlive(): void {
    if (this.#state === 'dead')
      throw problem('conflict', 'Nothing was run: the kernel is dead.', deadKernel(this.#options.document.id))
  }

  /** Stops the running cell, and what waits behind it. Resolves when the kernel was told. */
  async interrupt(): Promise<void> {
    const { execution } = this.#options
    execution.abortWaiting()
    this.#starting?.stop.abort()
    if (this.#session === undefined || execution.running === undefined) return
    await this.#session.interrupt()
  }

  /** A new kernel with nothing in it. Runs that wait are taken back; the running one ends as interrupted. */
  async restart(): Promise<void> {
    const { execution } = this.#options
    execution.abortWaiting(restartedBefore)
    if (this.#session === undefined || this.#state === 'none') {
      await this.kernel()
      return
    }
    execution.hold(restarted)
    try {
      await this.#session.restart(AbortSignal.any([this.#closed.signal, AbortSignal.timeout(RESTART_MS)]))
    } finally {
      execution.resume()
    }
  }

  async shutdown(): Promise<void> {
    const { execution } = this.#options
    execution.abortWaiting()
    this.#starting?.stop.abort()
    if (this.#session === undefined) return
    execution.hold(shutDown)
    try {
      await this.#session.shutdown()
      await this.#detach()
    } finally {
      execution.resume()
    }
    this.#publish({ state: 'none' })
  }

  /** Remembers the choice; a running kernel is replaced by one of that environment. */
  async chooseEnvironment(environment: string): Promise<void> {
    this.#options.document.change([], { [CHOSEN]: { id: environment } })
    const running = this.#session !== undefined || this.#starting !== undefined
    this.#publish({ environment })
    if (!running) return
    await this.shutdown()
    await this.kernel()
  }

  /** A request beside the cells; undefined when there is no kernel or it does not answer in time. */
  async ask(
    type: string,
    content: JsonObject,
    channel: 'shell' | 'control',
    signal: AbortSignal,
  ): Promise<KernelMessage | undefined> {
    if (this.#session === undefined || this.#state === 'none' || this.#state === 'dead') return undefined
    return this.#session.request(type, content, channel, signal).catch(() => undefined)
  }

  /** The kernel runs on. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#unlisten()
    this.#following?.stop.abort()
    await this.#following?.done
  }

  #start(): { stop: AbortController; session: Promise<KernelSession> } {
    const stop = new AbortController()
    const session = this.#startNow(AbortSignal.any([stop.signal, this.#closed.signal])).finally(() => {
      this.#starting = undefined
    })
    session.catch((error: unknown) =>
      this.#publish({ state: 'none', ...(stop.signal.aborted ? {} : { problem: toProblem(error) }) }),
    )
    return { stop, session }
  }

  async #startNow(signal: AbortSignal): Promise<KernelSession> {
    const { document, sessions, sessionId, folder } = this.#options
    await this.#detach()
    this.#publish({ state: 'starting', phase: 'finding the environment' })
    const environment = await this.#environment()
    this.#publish({ state: 'starting', phase: 'starting the kernel', environment })
    const { title, path } = document.state
    const request: StartKernel = { id: sessionId, environment, cwd: folder(), title, notebook: path }
    const session = await sessions.start(request, signal)
    signal.throwIfAborted()
    await this.#attach(session)
    return session
  }

  async #environment(): Promise<string> {
    const { document, environments } = this.#options
    const chosen = document.note(CHOSEN)?.['id']
    if (typeof chosen === 'string') return chosen
    const spec = document.state.metadata['kernelspec'] as JsonObject | undefined
    const language = typeof spec?.['language'] === 'string' ? spec['language'] : document.state.format.language
    return environments.choose({ ...(typeof spec?.['name'] === 'string' ? { name: spec['name'] } : {}), language })
  }

  async #attach(session: KernelSession): Promise<void> {
    const stop = new AbortController()
    this.#session = session
    this.#unlisten()
    this.#unlisten = session.summary.listen(() => this.#publish(undefined))
    this.#publish(undefined)
    const { promise: begun, resolve } = Promise.withResolvers<void>()
    const done = this.#options.execution.follow(session, stop.signal, resolve).catch((error: unknown) => {
      this.#publish({ state: 'unreachable', problem: toProblem(error) })
      resolve()
    })
    const following = { stop, done }
    this.#following = following
    // Nobody reads the kernel's log any more: the next run takes it up again.
    void done.then(() => {
      if (this.#following === following) this.#following = undefined
    })
    await begun
  }

  async #detach(): Promise<void> {
    this.#unlisten()
    this.#unlisten = () => undefined
    this.#following?.stop.abort()
    await this.#following?.done
    this.#following = undefined
    this.#session = undefined
  }

  /** `said`: what we know ourselves; else what the session says. */
  #publish(said: Partial<KernelSummary> | undefined): void {
    const { document } = this.#options
    const { session: _s, phase: _p, problem: _q, ...shown } = document.state.kernel
    const kernel: KernelSummary =
      said === undefined ? (this.#session?.summary.state ?? { ...shown, state: 'none' }) : { ...shown, ...said }
    document.change([{ type: 'notebook-changed', set: { kernel } }])
  }
}
