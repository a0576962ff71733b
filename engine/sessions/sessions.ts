// Kernels of one place: starts them, finds them again after an engine restart, keeps a spare warm. A session is a notebook's kernel under one
// id; each start or restart is a new run named for it, so that the outpost alone knows enough to find the kernel again.
import { createHash } from 'node:crypto'
import { delimiter, dirname } from 'node:path'
import { type ConnectionState, OutpostConnection, OutpostError, type RunState, type StartRun } from '../../kernels/index.ts'
import type { JsonObject } from '../contract/json.ts'
import { problem } from '../contract/problem.ts'
import { nodeTimers } from '../support/timers.ts'
import type { Target } from '../targets/target.ts'
import type { EnvironmentLookup, KernelEnvironment } from './environment-lookup.ts'
import type { OutpostNote } from './event-decoder.ts'
import { kernelError } from './kernel-problems.ts'
import { OutpostSession } from './outpost-session.ts'
import { RunRegistry } from './run-registry.ts'
import type { Sessions, StartKernel } from './session.ts'
import { SpareKeeper } from './spare-keeper.ts'

export type SessionsOptions = {
  readonly target: Target
  /** This engine's number (targets/epoch.ts): outposts obey the highest. */
  readonly epoch: number
  readonly environments: EnvironmentLookup
  /** Laid over a kernel's environment at its start, e.g. RAY_ADDRESS and the way to Ray's token. May hold secrets. */
  readonly kernelEnv: (environment: string, python: string | undefined) => Promise<Readonly<Record<string, string>>>
  /** What kernels inherit: for PATH, so that `!pip` and `!python` in a cell are the environment's own. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Is a spare kernel to be kept warm? (setting `kernel.spare`) */
  readonly keepSpare: () => boolean
  /** Seconds without a live kernel and without a client after which the outpost ends itself (setting `outpost.lingerMinutes`). */
  readonly lingerSeconds: () => number
  /** What the outpost tells the user about a session's kernel: waits for disk, runs over the bridge because … */
  readonly onNote: (session: string, note: OutpostNote) => void
}

export type SessionInfo = { readonly session: OutpostSession; readonly request: StartKernel; readonly title: string }

export class OutpostSessions implements Sessions {
  readonly connection: OutpostConnection
  readonly runs: RunRegistry
  readonly #options: SessionsOptions
  readonly #spares: SpareKeeper
  readonly #open = new Map<string, SessionInfo>()
  readonly #starting = new Map<string, Promise<OutpostSession>>()
  readonly #listeners = new Set<() => void>()

  /** Dials the outpost at once, so that it is up when the first notebook asks. */
  constructor(options: SessionsOptions) {
    this.#options = options
    const { target, epoch } = options
    this.connection = new OutpostConnection({ dial: target.dial, clock: nodeTimers, client: 'updraft engine', epoch })
    this.runs = new RunRegistry(this.connection)
    this.#spares = new SpareKeeper(this.connection, options.keepSpare)
    this.connection.onState((state) => {
      if (state.state === 'up') this.connection.call('linger', { seconds: options.lingerSeconds() }).catch(() => undefined)
    })
  }

  list(): readonly SessionInfo[] {
    return [...this.#open.values()]
  }
  /** Called when a session is there or gone. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Starts a kernel, or gives the one that runs under this id (a dead one is started anew). */
  async start(request: StartKernel, signal: AbortSignal): Promise<OutpostSession> {
    const running = this.#starting.get(request.id)
    if (running !== undefined) return await running
    const starting = this.#start(request, signal).finally(() => this.#starting.delete(request.id))
    this.#starting.set(request.id, starting)
    return await starting
  }

  async adopt(id: string, signal: AbortSignal): Promise<OutpostSession | undefined> {
    await this.#up(signal)
    const session = this.#open.get(id)?.session ?? (await this.#find(id))
    if (session === undefined || !session.alive) return undefined
    await session.attach('end')
    this.#sweep(id, session.run.name)
    void this.#keepLike(session, signal)
    return session
  }

  /** Lists the kernels that an earlier engine left running, so that they are seen and can be ended, also when nobody opens their notebook. */
  async findAll(signal: AbortSignal): Promise<void> {
    await this.#up(signal)
    for (const lease of await this.#options.target.leases.list()) {
      const id = lease.detail['session']
      if (lease.kind !== 'kernel' || typeof id !== 'string') continue
      if (this.runs.get(lease.id) === undefined) await this.#options.target.leases.release(lease.id)
      else if (!this.#open.has(id)) await this.#find(id)
    }
  }

  async #find(id: string): Promise<OutpostSession | undefined> {
    const run = this.#runsOf(id).find((r) => r.state !== 'ended')
    if (run === undefined) return undefined
    const detail = (await this.#options.target.leases.get(run.name))?.detail ?? {}
    const text = (key: string, fallback: string): string => (typeof detail[key] === 'string' ? detail[key] : fallback)
    const notebook = text('notebook', '')
    const where = { environment: text('environment', ''), cwd: run.cwd, title: text('title', 'Kernel') }
    const request: StartKernel = { id, ...where, ...(notebook === '' ? {} : { notebook }) }
    // Somebody else may have found it while the leases were read.
    return this.#open.get(id)?.session ?? this.#make(request, text('environmentTitle', 'Kernel'), run)
  }

  /** Ends the session's kernel and forgets it. */
  async stop(id: string, signal: AbortSignal): Promise<void> {
    const session = this.#open.get(id)?.session ?? (await this.adopt(id, signal))
    if (session === undefined) throw problem('missing', 'There is no such kernel any more.', { where: 'kernel' })
    await session.shutdown()
    this.#forget(session)
  }

  /** An engine that ends needs no outpost: it ends too, unless it keeps a run or somebody else is connected. One that is not there is not woken. */
  async endOutpost(signal: AbortSignal): Promise<void> {
    const { state } = this.connection.state
    if (state !== 'up' && state !== 'connecting') return
    await this.connection.call('shutdown', {}, { timeoutMs: 3000, signal }).catch((error: unknown) => {
      if (!(error instanceof OutpostError && error.code === 'shutdown.busy')) throw error
    })
  }

  /** Lets go of everything; kernels run on. */
  async close(): Promise<void> {
    for (const { session } of this.#open.values()) session.detach()
    this.#open.clear()
    this.#spares.close()
    this.runs.close()
    this.connection.close()
  }

  async #start(request: StartKernel, signal: AbortSignal): Promise<OutpostSession> {
    const found = await this.adopt(request.id, signal)
    if (found !== undefined) return found
    const dead = this.#open.get(request.id)
    // Ended on purpose is ended: the next one is another session. One that died comes back in its place.
    if (dead !== undefined && dead.session.summary.state.state !== 'none' && sameKernel(dead.request, request)) {
      await dead.session.restart(signal)
      return dead.session
    }
    dead?.session.detach()
    const { run, environment } = await this.#launch(request, signal)
    const session = this.#make(request, environment.title, run)
    await session.attach('begin')
    this.#sweep(request.id, run.name)
    return session
  }

  #make(request: StartKernel, title: string, run: RunState): OutpostSession {
    const { target } = this.#options
    const session: OutpostSession = new OutpostSession({
      id: request.id,
      name: title,
      environment: request.environment,
      place: { id: target.id, title: target.title },
      connection: this.connection,
      runs: this.runs,
      run,
      launch: async (signal) => (await this.#launch(request, signal)).run,
      discard: (name) => void this.#discard(name),
      onNote: (note) => this.#options.onNote(request.id, note),
    })
    this.#open.set(request.id, { session, request, title })
    session.summary.listen(() => this.#changed())
    this.#changed()
    return session
  }

  /** A new run for the session: recorded, then started. */
  async #launch(request: StartKernel, signal: AbortSignal): Promise<{ run: RunState; environment: KernelEnvironment }> {
    const { target, environments } = this.#options
    const environment = await environments.resolve(request.environment, signal)
    const env = await this.#envFor(environment, request)
    await this.#up(signal)
    const name = this.#nextName(request.id)
    const detail: JsonObject = {
      session: request.id,
      environment: request.environment,
      environmentTitle: environment.title,
      title: request.title,
      ...(request.notebook === undefined ? {} : { notebook: request.notebook }),
    }
    await target.leases.record({ id: name, kind: 'kernel', sinceMs: nodeTimers.nowMs(), detail })
    const what =
      environment.python === undefined
        ? { kernelspec: environment.kernelspec ?? missingInterpreter(environment) }
        : { python: environment.python }
    try {
      const run = await this.#startRun({ name, kind: 'kernel', cwd: request.cwd, env, ...what }, signal)
      if (environment.python !== undefined) this.#spares.want(name, { python: environment.python, cwd: request.cwd, env })
      return { run, environment }
    } catch (error) {
      await target.leases.release(name)
      throw kernelError(error)
    }
  }

  async #envFor(environment: KernelEnvironment, request: StartKernel): Promise<Record<string, string>> {
    const own =
      environment.python === undefined
        ? {}
        : { PATH: [dirname(environment.python), this.#options.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter) }
    return {
      ...own,
      ...environment.env,
      ...(await this.#options.kernelEnv(request.environment, environment.python)),
      ...request.env,
    }
  }

  /** A kernel that was found gets a spare as well; where its environment can't be had any more, its restart will say so. */
  async #keepLike({ id, run }: OutpostSession, signal: AbortSignal): Promise<void> {
    const request = this.#open.get(id)?.request
    if (request === undefined || this.#spares.wants(run.name)) return
    try {
      const environment = await this.#options.environments.resolve(request.environment, signal)
      if (environment.python === undefined) return
      this.#spares.want(run.name, { python: environment.python, cwd: request.cwd, env: await this.#envFor(environment, request) })
    } catch {}
  }

  async #startRun(start: StartRun, signal: AbortSignal): Promise<RunState> {
    try {
      return this.runs.add((await this.connection.call('start', start, { timeoutMs: 30_000, signal })).run)
    } catch (error) {
      // The connection broke after the outpost had started it, and the question was asked again: the name is ours alone, so it is ours.
      const run = error instanceof OutpostError && error.code === 'start.exists' ? this.runs.get(start.name) : undefined
      if (run === undefined) throw error
      return run
    }
  }

  /** Waits until the outpost answers; says why when it does not. */
  async #up(signal: AbortSignal): Promise<void> {
    try {
      // Any call waits for the connection; this one asks for nothing.
      if (this.connection.state.state !== 'up') await waitUp(this.connection, signal)
    } catch (error) {
      throw kernelError(error)
    }
  }

  #runsOf(id: string): RunState[] {
    const prefix = runPrefix(id)
    const of = this.runs.list().filter((run) => run.name.startsWith(prefix))
    return of.sort((a, b) => numberOf(b.name) - numberOf(a.name))
  }

  #nextName(id: string): string {
    return `${runPrefix(id)}${Math.max(0, ...this.#runsOf(id).map((run) => numberOf(run.name))) + 1}`
  }

  /** Earlier runs of a session: a live one was left by a restart that an engine's end cut short; of the ended ones the newest stays readable. */
  #sweep(id: string, present: string): void {
    const earlier = this.#runsOf(id).filter((run) => run.name !== present)
    for (const [index, run] of earlier.entries()) {
      if (run.state !== 'ended')
        this.connection.call('stop', { name: run.name, graceMs: 3000 }, { timeoutMs: 15_000 }).catch(() => undefined)
      else if (index > 0) void this.#discard(run.name)
    }
  }

  async #discard(name: string): Promise<void> {
    await this.connection.call('forget', { name }).catch(() => undefined)
    await this.#options.target.leases.release(name)
  }

  #forget(session: OutpostSession): void {
    if (this.#open.get(session.id)?.session === session) this.#open.delete(session.id)
    this.#spares.leave(session.run.name)
    void this.#options.target.leases.release(session.run.name)
    this.#changed()
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

const sameKernel = (a: StartKernel, b: StartKernel): boolean => a.environment === b.environment && a.cwd === b.cwd

/** Hashed: an id may be a path with anything in it, a run's name may not. */
const runPrefix = (id: string): string => `k-${createHash('sha256').update(id).digest('hex').slice(0, 20)}-`
const numberOf = (name: string): number => Number(name.slice(name.lastIndexOf('-') + 1)) || 0

function missingInterpreter(environment: KernelEnvironment): never {
  throw problem('missing', `"${environment.title}" has neither an interpreter nor a kernel command.`, {
    hint: 'Choose another environment.',
    where: 'kernel',
  })
}

const UP_MS = 25_000

function waitUp(connection: OutpostConnection, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const settle = (): void => {
      cancel()
      stop()
      signal.removeEventListener('abort', abort)
    }
    const fail = (error: unknown): void => {
      settle()
      reject(error)
    }
    const abort = (): void => fail(signal.reason)
    let failures = 0
    const look = (state: ConnectionState): void => {
      if (state.state === 'up') {
        settle()
        resolve()
      } else if (state.state === 'replaced' || state.state === 'closed')
        fail(new OutpostError({ code: `outpost.${state.state}`, message: 'This engine no longer speaks for this place.' }))
      // A failure that stays is said at once, not after the deadline; one alone may be a race with an outpost that just ends.
      else if (state.state === 'down' && ++failures >= 2) fail(new OutpostError(state.problem, state.cause))
    }
    const cancel = nodeTimers.after(UP_MS, () =>
      fail(new OutpostError({ code: 'outpost.timeout', message: `The outpost did not come up within ${UP_MS / 1000} s.` })),
    )
    const stop = connection.onState(look)
    signal.addEventListener('abort', abort)
    connection.wake()
  })
}
