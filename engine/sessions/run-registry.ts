// The runs of one outpost as far as we know: from its hello, then from its events. A run that the outpost no longer knows has ended.
import type { ConnectionState, OutpostConnection, OutpostEvent, RunState } from '../../kernels/index.ts'

export class RunRegistry {
  readonly #runs = new Map<string, RunState>()
  readonly #listeners = new Set<(name: string) => void>()
  readonly #stop: (() => void)[]

  constructor(connection: OutpostConnection) {
    this.#stop = [connection.onEvent((event) => this.#onEvent(event)), connection.onState((state) => this.#onState(state))]
    this.#onState(connection.state)
  }

  get(name: string): RunState | undefined {
    return this.#runs.get(name)
  }
  byLog(log: string): RunState | undefined {
    return this.list().find((run) => run.log === log)
  }
  list(): readonly RunState[] {
    return [...this.#runs.values()]
  }
  /** A run that a `start` answered: its event may come later. What events said meanwhile is newer and stays. */
  add(run: RunState): RunState {
    const known = this.#runs.get(run.name)
    if (known?.log === run.log) return known
    this.#runs.set(run.name, run)
    return run
  }
  /** A `stop` answered: the event may come later. */
  ended(name: string, exit: RunState['exit']): void {
    const run = this.#runs.get(name)
    if (run !== undefined && run.state !== 'ended') this.#set({ ...run, state: 'ended', busy: false, exit })
  }
  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
  close(): void {
    for (const stop of this.#stop) stop()
  }

  #onState(state: ConnectionState): void {
    if (state.state !== 'up') return
    const { runs } = state.hello
    for (const run of Object.values(runs)) this.#set(run)
    for (const run of this.list())
      if (runs[run.name] === undefined && run.state !== 'ended')
        this.#set({ ...run, state: 'ended', busy: false, exit: UNKNOWN_EXIT })
  }

  #onEvent(event: OutpostEvent): void {
    if (event.event === 'started') this.#set(event.run)
    if (!('name' in event)) return
    const run = this.#runs.get(event.name)
    if (run === undefined) return
    if (event.event === 'ready')
      this.#set({ ...run, state: 'ready', ready: event.ready, path: event.ready.path, pid: event.ready.pid })
    else if (event.event === 'busy') this.#set({ ...run, busy: true })
    else if (event.event === 'idle') this.#set({ ...run, busy: false })
    else if (event.event === 'blocked') this.#set({ ...run, blocked: event.why })
    else if (event.event === 'unblocked') this.#set({ ...run, blocked: null })
    else if (event.event === 'exit') this.#set({ ...run, state: 'ended', busy: false, exit: event.exit })
    else if (event.event === 'forgotten') this.#runs.delete(event.name)
  }

  #set(run: RunState): void {
    this.#runs.set(run.name, run)
    for (const listener of this.#listeners) listener(run.name)
  }
}

const UNKNOWN_EXIT = {
  how: 'unknown',
  code: null,
  signal: null,
  signalName: null,
  oom: false,
  stderrTail: '',
  message: 'The outpost no longer knows it.',
} as const
