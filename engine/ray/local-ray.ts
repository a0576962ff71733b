// Ray on this workstation: started with phases and a clock, adopted after an engine restart by its lease, watched while somebody looks,
// said to be lost when it dies, stopped by its own process group. The token stays in its file: kernels get the path, windows get nothing.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import { type Problem, problem, toProblem } from '../contract/problem.ts'
import { type RayChange, type RayState, reduceRay } from '../contract/topics/ray.ts'
import { headAlive, type RayLease, rayAuthEnv, readLease, startRayHead, stopRayHead } from '../targets/local/ray-head.ts'
import { Dashboard } from './dashboard.ts'
import { type FoundRay, findRays } from './found-rays.ts'
import { accepts, exists, gaveUpWaiting, gcsAlive, gcsOf, tailOf } from './head-processes.ts'

export type LocalRayOptions = {
  /** Interpreter whose Ray is started: the base environment's. Undefined: there is none, and starting says so. */
  readonly python: () => string | undefined
  readonly stateFolder: string
  /** Short: a unix socket's path holds 107 bytes. */
  readonly runtimeFolder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cpus: () => number
  readonly now?: () => number
  /** Called with the log file, so that the logs room can show it. */
  readonly onLog?: (file: string) => void
}

/** A busy machine takes more than a minute; the phase has a clock and a cancel meanwhile, and kernels may have joined already. */
const START_DEADLINE_MS = 180_000
const SAMPLE_MS = 2000
/** Liveness costs one read of /proc: a killed Ray is said within 5 s, watched or not. */
const ALIVE_MS = 1000

/**
 * Workers run the Python of Ray's head, so a kernel of another environment would find its own packages missing in its tasks (torch in the
 * heavy tier, tried). ray.init() takes its job's runtime environment from this variable (2.60); with the head's own Python nothing is said,
 * because a runtime environment costs the workers that Ray keeps warm.
 */
const workersLike = (python: string | undefined, ofHead: string | undefined): Record<string, string> =>
  python === undefined || ofHead === undefined || python === ofHead
    ? {}
    : { RAY_JOB_CONFIG_JSON_ENV_VAR: JSON.stringify({ runtime_env: { py_executable: python } }) }

export class LocalRay {
  readonly feed: Feed<RayState, RayChange>
  readonly #o: LocalRayOptions
  readonly #leaseFile: string
  readonly #now: () => number
  #lease: RayLease | undefined
  #adopted: FoundRay | undefined
  #dashboard: Dashboard | undefined
  #work: Promise<void> = Promise.resolve()
  #starting: AbortController | undefined
  #watchers = 0
  #sampler: NodeJS.Timeout | undefined
  readonly #heart: NodeJS.Timeout
  #address: string | undefined
  #listening: Promise<unknown> = Promise.resolve()
  readonly #closed = new AbortController()

  constructor(options: LocalRayOptions) {
    this.#o = options
    this.#now = options.now ?? Date.now
    this.#leaseFile = join(options.stateFolder, 'leases', 'local-ray.json')
    const start: RayState = { state: 'stopped', owner: 'none', phases: [], nodes: [], found: [] }
    this.feed = new Feed<RayState, RayChange>(start, reduceRay, randomUUID())
    this.#heart = setInterval(() => void this.#beat(), ALIVE_MS).unref()
  }

  /** Takes back the Ray that an earlier engine started, if it still runs; removes what is left of one that does not. */
  async open(): Promise<void> {
    const lease = await readLease(this.#leaseFile)
    if (lease === undefined) return
    if (!(await headAlive(lease))) {
      await stopRayHead(lease, this.#leaseFile, 0)
      return
    }
    this.#lease = lease
    this.#own(lease)
    await this.#join(lease, this.#closed.signal).catch((error: unknown) =>
      this.#set({ state: 'failed', problem: toProblem(error) }),
    )
  }

  /** One at a time: a start during a stop waits for it, a second start joins the first. */
  start(wish: { cpus?: number | undefined; gpus?: number | undefined } = {}): Promise<void> {
    if (this.feed.state.state === 'running' || this.feed.state.state === 'starting') return this.#work
    const started = this.#next(() => this.#start(wish))
    const over = started.catch(() => undefined)
    // A kernel needs only the address, and that is known seconds before the dashboard answers: `ray.init()` itself waits for the node.
    this.#listening = Promise.race([this.#gcsListens(over), over])
    return started
  }

  stop(): Promise<void> {
    this.#starting?.abort()
    return this.#next(() => this.#stop())
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** For kernels: what makes a plain `ray.init()` (or none) join. Empty when no Ray runs. A start under way is waited for until its GCS listens. */
  async kernelEnv(python?: string): Promise<Record<string, string>> {
    await this.#listening
    const { state } = this.feed.state
    if ((state !== 'running' && state !== 'starting') || this.#address === undefined) return {}
    const tokenFile = this.#lease?.tokenFile ?? this.#adopted?.tokenFile
    return {
      RAY_ADDRESS: this.#address,
      ...(tokenFile === undefined ? {} : rayAuthEnv(tokenFile)),
      ...workersLike(python, this.#lease?.python),
    }
  }

  async adopt(address: string, withoutToken: boolean): Promise<void> {
    const found = (await this.#look()).find((f) => f.address === address)
    if (found === undefined) throw problem('missing', `No Ray runs at ${address} any more.`, { where: 'ray' })
    if (!found.token && !withoutToken) {
      throw problem('denied', `The Ray at ${address} has no token: anybody who reaches its ports can run programs as you.`, {
        hint: 'Restart it with RAY_AUTH_MODE=token, or join it knowing this.',
        action: { title: 'Join without a token', command: 'ray.adopt', input: { address, withoutToken: true } },
        where: 'ray',
      })
    }
    if (found.token && found.tokenFile === undefined)
      throw problem('denied', `The Ray at ${address} asks for a token that you can't read.`, { where: 'ray' })
    if (this.#lease) await this.stop()
    return this.#next(async () => {
      this.#adopted = found
      this.#dashboard = new Dashboard(found.dashboard, found.tokenFile)
      this.#address = found.address
      const version = await this.#dashboard.version(this.#closed.signal).catch(() => undefined)
      this.#set(
        {
          state: 'running',
          owner: 'adopted',
          address,
          dashboard: found.dashboard,
          pid: found.pid,
          phases: [],
          ...(version ? { version: version.version } : {}),
        },
        ['problem', 'startedMs', 'log'],
      )
      await this.#sample()
    })
  }

  watch(): () => void {
    if (this.#watchers++ === 0) {
      void this.#sample()
      void this.#look()
      this.#sampler = setInterval(() => void this.#sample(), SAMPLE_MS)
    }
    return () => {
      if (--this.#watchers === 0) clearInterval(this.#sampler)
    }
  }

  /** Ends watching. Ray itself stays: it is kept by its lease until `stop`. */
  async close(): Promise<void> {
    this.#closed.abort()
    this.#starting?.abort()
    clearInterval(this.#heart)
    clearInterval(this.#sampler)
    await this.#work.catch(() => undefined)
  }

  async #start(wish: { cpus?: number | undefined; gpus?: number | undefined }): Promise<void> {
    if (this.feed.state.state === 'running') return
    const python = this.#o.python()
    if (python === undefined) {
      throw this.#fail(
        problem('missing', 'There is no environment with Ray on this machine yet.', {
          hint: 'Run ./updraft.mjs python base: it makes one (about 400 MB).',
          where: 'ray',
        }).problem,
      )
    }
    this.#adopted = undefined
    const cancel = new AbortController()
    this.#starting = cancel
    this.#set({ state: 'starting', owner: 'ours', phases: [], nodes: [] }, ['problem', 'address', 'dashboard', 'version', 'pid'])
    const signal = AbortSignal.any([cancel.signal, this.#closed.signal])
    try {
      await this.#startHead(python, wish, signal).catch(async (error: unknown) => {
        if (signal.aborted || this.#lease === undefined || !(await gaveUpWaiting(this.#lease))) throw error
        // `ray start` waits 30 s for its own raylet and no flag changes that (2.60): on a machine that is busy it is worth one more try.
        await this.#phase('The machine is busy: once more', () => stopRayHead(this.#lease as RayLease, this.#leaseFile))
        this.#lease = undefined
        this.#address = undefined
        await this.#startHead(python, wish, signal)
      })
    } catch (error) {
      const why = cancel.signal.aborted ? problem('cancelled', 'Starting Ray was cancelled.').problem : toProblem(error)
      const tail = this.#lease ? await tailOf(this.#lease.logFile) : ''
      // An engine that ends leaves its Ray to the next engine; everything else that failed is cleaned away.
      if (this.#lease && !this.#closed.signal.aborted) await stopRayHead(this.#lease, this.#leaseFile)
      this.#lease = undefined
      throw this.#fail({ ...why, ...(tail === '' || why.code === 'cancelled' ? {} : { detail: tail }) })
    } finally {
      this.#starting = undefined
    }
  }

  async #startHead(
    python: string,
    wish: { cpus?: number | undefined; gpus?: number | undefined },
    signal: AbortSignal,
  ): Promise<void> {
    const lease = await this.#phase('Start processes', async () => {
      const folder = join(shortEnough(this.#o.runtimeFolder), `ray-${randomBytes(3).toString('hex')}`)
      const cpus = wish.cpus ?? (this.#o.cpus() || undefined)
      return startRayHead({ python, folder, cpus, gpus: wish.gpus, env: this.#o.env }, this.#leaseFile, this.#now())
    })
    this.#lease = lease
    this.#own(lease)
    await this.#join(lease, signal)
  }

  /** Gates on what answers, never on time: GCS and dashboard, then a node that has joined with its resources. */
  async #join(lease: RayLease, signal: AbortSignal): Promise<void> {
    const dashboard = new Dashboard(`http://127.0.0.1:${lease.ports.dashboard}`, lease.tokenFile)
    const until = Date.now() + START_DEADLINE_MS
    const wait = async <T>(what: string, ask: () => Promise<T | undefined>): Promise<T> => {
      for (;;) {
        signal.throwIfAborted()
        if (!(await headAlive(lease)))
          throw problem('unreachable', `Ray ended while it was starting (${what}).`, {
            hint: 'Its last lines are below; the whole log is in the Logs page.',
            where: 'ray',
          })
        const answer = await ask().catch(() => undefined)
        if (answer !== undefined) return answer
        if (Date.now() > until)
          throw problem('unreachable', `Ray did not get ready within ${START_DEADLINE_MS / 1000} s (${what}).`, {
            hint: 'The machine may be busy. Try again, or look at Ray’s log.',
            where: 'ray',
          })
        await new Promise((r) => setTimeout(r, 50))
      }
    }
    const version = await this.#phase('Dashboard answers', () => wait('dashboard', () => dashboard.version(signal)))
    const nodes = await this.#phase('Node joins', () =>
      wait('node', async () => {
        const all = await dashboard.nodes(signal)
        return all.some((n) => n.alive && n.cpu.total + n.gpu.total > 0) ? all : undefined
      }),
    )
    this.#dashboard = dashboard
    // Ray rewrites 127.0.0.1 to the host's own address: drivers must name the one that the node registered.
    this.#address = `${nodes.find((n) => n.head)?.ip ?? '127.0.0.1'}:${lease.ports.gcs}`
    this.#set(
      {
        state: 'running',
        address: this.#address,
        dashboard: dashboard.base,
        version: version.version,
        nodes,
        sampledMs: this.#now(),
      },
      ['problem'],
    )
  }

  /** Resolves when the head's GCS takes connections and its address is known, or when the start is `over`. */
  async #gcsListens(over: Promise<unknown>): Promise<void> {
    let ended = false
    void over.then(() => {
      ended = true
    })
    while (!ended) {
      const { state } = this.feed.state
      const lease = state === 'starting' ? this.#lease : undefined
      const ip = lease && (await gcsOf(lease))?.ip
      if (lease && ip !== undefined && (await accepts(ip, lease.ports.gcs))) {
        this.#address ??= `${ip}:${lease.ports.gcs}`
        return
      }
      await new Promise((r) => setTimeout(r, 50))
    }
  }

  async #stop(): Promise<void> {
    if (this.#adopted) {
      // Not ours: we leave it, we do not end it.
      this.#adopted = undefined
      this.#reset('stopped')
      return
    }
    const lease = this.#lease ?? (await readLease(this.#leaseFile))
    if (lease === undefined) {
      this.#reset('stopped')
      return
    }
    this.#set({ state: 'stopping', phases: [] })
    await this.#phase('End processes', () => stopRayHead(lease, this.#leaseFile))
    this.#lease = undefined
    this.#reset('stopped')
  }

  async #beat(): Promise<void> {
    const { state } = this.feed.state
    if (state !== 'running') return
    const lease = this.#lease
    const alive = lease
      ? (await headAlive(lease)) && (await gcsAlive(lease))
      : this.#adopted
        ? await exists(this.#adopted.pid)
        : true
    if (alive || this.feed.state.state !== 'running') return
    const tail = lease ? await tailOf(lease.logFile) : ''
    this.#set({
      state: 'lost',
      nodes: [],
      problem: {
        code: 'unreachable',
        message: 'Ray on this machine has died.',
        hint: 'Its actors, tasks and objects are gone. Your notebooks, their kernels and variables, files and logs are not. Restart Ray, then run ray.init() again.',
        action: { title: 'Restart Ray', command: 'ray.restart' },
        where: 'ray',
        ...(tail === '' ? {} : { detail: tail }),
      },
    })
  }

  async #sample(): Promise<void> {
    if (this.feed.state.state !== 'running' || this.#dashboard === undefined) return
    const nodes = await this.#dashboard.nodes(this.#closed.signal).catch(() => undefined)
    if (nodes && this.feed.state.state === 'running') this.#set({ nodes, sampledMs: this.#now() })
  }

  async #look(): Promise<FoundRay[]> {
    const ours = this.#lease?.folder
    const found = await findRays((session) => ours !== undefined && session.startsWith(ours))
    const shown = found.map(({ address, pid, token }) => ({ address, pid, token }))
    if (JSON.stringify(shown) !== JSON.stringify(this.feed.state.found)) this.#set({ found: shown })
    return found
  }

  #own(lease: RayLease): void {
    this.#o.onLog?.(lease.logFile)
    this.#set({ owner: 'ours', pid: lease.pid, startedMs: lease.startedMs, log: `file:${lease.logFile}` })
  }

  #reset(state: RayState['state']): void {
    this.#dashboard = undefined
    this.#address = undefined
    this.#set({ state, owner: 'none', nodes: [], phases: [] }, [
      'problem',
      'address',
      'dashboard',
      'version',
      'pid',
      'startedMs',
      'sampledMs',
      'log',
    ])
  }

  #fail(why: Problem): Error {
    this.#dashboard = undefined
    if (why.code === 'cancelled') this.#reset('stopped')
    else this.#set({ state: 'failed', problem: why }, ['pid', 'address', 'dashboard'])
    return problem(why.code, why.message, why)
  }

  async #phase<T>(name: string, act: () => Promise<T>): Promise<T> {
    const startedMs = this.#now()
    const others = this.feed.state.phases
    this.#set({ phases: [...others, { name, startedMs }] })
    const value = await act()
    this.#set({ phases: [...others, { name, startedMs, endedMs: this.#now() }] })
    return value
  }

  #set(set: Partial<RayState>, unset: readonly (keyof RayState)[] = []): void {
    this.feed.change({ type: 'ray-changed', set, ...(unset.length > 0 ? { unset } : {}) })
  }

  #next(act: () => Promise<void>): Promise<void> {
    const work = this.#work.catch(() => undefined).then(act)
    this.#work = work
    work.catch(() => undefined)
    return work
  }
}

/**
 * Ray's sockets lie 82 characters below its folder (`/ray-…/t/session_<date>_<pid>/sockets/dash_MetricsHead`), and a socket's path may have 107:
 * below a longer folder its dashboard never answers, without a word.
 */
const shortEnough = (runtimeFolder: string): string =>
  runtimeFolder.length <= 24 ? runtimeFolder : join('/tmp', `updraft-ray-${process.getuid?.() ?? 0}`)
