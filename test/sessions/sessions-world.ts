// A world of real kernels: an outpost of its own in a short temp folder, sessions over it, and what a test asks again and again.
// Everything it started is ended by `close`, also when a test failed.
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KernelEnvironment } from '../../engine/sessions/environment-lookup.ts'
import type { OutpostNote } from '../../engine/sessions/event-decoder.ts'
import type { OutpostSession } from '../../engine/sessions/outpost-session.ts'
import type { KernelEvent, KernelSession, LogPosition } from '../../engine/sessions/session.ts'
import { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { Leases } from '../../engine/targets/leases.ts'
import { LocalTarget } from '../../engine/targets/local/local-target.ts'
import { basePython } from '../worlds/python.ts'

const program = fileURLToPath(new URL('../../kernels/outpost', import.meta.url))
export const never = new AbortController().signal

export type SessionsWorld = {
  readonly folder: string
  readonly target: LocalTarget
  readonly notes: OutpostNote[]
  /** An engine's sessions; a higher epoch replaces the earlier ones. */
  engine(epoch?: number): OutpostSessions
  start(sessions: OutpostSessions, id?: string): Promise<OutpostSession>
  outpostPid(): Promise<number>
  close(): Promise<void>
}

export async function sessionsWorld(
  environment: Partial<KernelEnvironment> = {},
  kernelEnv: Record<string, string> = {},
): Promise<SessionsWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'us-'))
  const python = environment.python ?? basePython()
  const leases = new Leases(join(folder, 'leases.json'))
  const target = new LocalTarget({
    runtimeFolder: folder,
    program,
    python: async () => basePython(),
    leases,
    env: process.env,
    nowMs: Date.now,
  })
  const notes: OutpostNote[] = []
  const engines: OutpostSessions[] = []
  let lastEpoch = 1
  const world: SessionsWorld = {
    folder,
    target,
    notes,
    engine(epoch = ++lastEpoch) {
      const environments = {
        resolve: async (id: string) => ({
          id,
          title: 'Test',
          ...(environment.kernelspec === undefined ? { python } : {}),
          ...environment,
        }),
      }
      const sessions = new OutpostSessions({
        target,
        epoch,
        environments,
        kernelEnv: async () => kernelEnv,
        env: process.env,
        keepSpare: () => true,
        lingerSeconds: () => 60,
        onNote: (_session, note) => notes.push(note),
      })
      engines.push(sessions)
      return sessions
    },
    start: (sessions, id = 'notebook') => sessions.start({ id, environment: 'test', cwd: folder, title: id }, never),
    async outpostPid() {
      const { pid } = JSON.parse(await readFile(join(target.base, 'pid'), 'utf8').catch(() => '{}')) as { pid?: number }
      const state = engines.at(-1)?.connection.state
      return state?.state === 'up' ? state.hello.pid : (pid ?? 0)
    },
    async close() {
      for (const sessions of engines) await sessions.close()
      const last = world.engine(1e15)
      await last.connection.call('shutdown', { force: true }).catch(() => undefined)
      const ended = (): boolean => last.connection.state.state !== 'up'
      await until(ended, 'the outpost has ended').finally(() => last.close())
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 })
    },
  }
  return world
}

/** Follows a kernel and keeps what it said; text as one digest-able buffer per request. */
export class Recorder {
  readonly events: KernelEvent[] = []
  position: LogPosition | undefined
  readonly #session: KernelSession
  readonly #stop = new AbortController()
  readonly #text = new Map<string, { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }[]>()
  /** All text so far. */
  bytes = 0
  readonly #waiting = new Set<() => void>()
  /** Set to make it a slow reader. */
  pause: (() => Promise<void>) | undefined
  readonly followed: Promise<void>

  constructor(session: KernelSession, since: LogPosition | 'now' | 'begin' = 'begin') {
    this.#session = session
    this.followed = session.follow(
      since === 'begin' ? { log: session.log, offset: 0 } : since,
      (events) => this.#take(events),
      this.#stop.signal,
    )
  }

  text(request: string): Buffer {
    return Buffer.concat(this.texts(request).map((text) => text.bytes))
  }
  texts(request: string): readonly { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array }[] {
    return this.#text.get(request) ?? []
  }
  stop(): void {
    this.#stop.abort()
  }

  /** Runs code; answers when its execute_reply is there. */
  async run(code: string, id: string = randomUUID()): Promise<{ id: string; status: unknown; text: string }> {
    this.#session.execute({ id, code })
    const reply = await this.until((e) => e.type === 'message' && e.channel === 'shell' && e.message.parent === id)
    const status = reply.type === 'message' ? reply.message.content['status'] : undefined
    await this.until(
      (e) =>
        e.type === 'message' &&
        e.channel === 'iopub' &&
        e.message.parent === id &&
        e.message.content['execution_state'] === 'idle',
    )
    return { id, status, text: this.text(id).toString() }
  }

  /** The first event (also an earlier one) that fits. */
  async until(fits: (event: KernelEvent) => boolean, timeoutMs = 60_000): Promise<KernelEvent> {
    const end = Date.now() + timeoutMs
    for (;;) {
      const found = this.events.find(fits)
      if (found !== undefined) return found
      if (Date.now() > end)
        throw new Error(`waited ${timeoutMs} ms; the last events: ${this.events.slice(-5).map(short).join('; ')}`)
      await new Promise<void>((wake) => {
        const timer = setTimeout(wake, Math.max(1, end - Date.now()))
        this.#waiting.add(() => {
          clearTimeout(timer)
          wake()
        })
      })
    }
  }

  async #take(events: readonly KernelEvent[]): Promise<void> {
    if (this.pause !== undefined) await this.pause()
    for (const event of events) {
      if (event.type === 'text') {
        const key = event.request ?? ''
        const list = this.#text.get(key) ?? []
        this.#text.set(key, list)
        list.push({ stream: event.stream, bytes: event.bytes })
        this.bytes += event.bytes.length
      } else this.events.push(event)
      this.position = event.position
    }
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }
}

export const short = (event: KernelEvent): string =>
  event.type === 'message'
    ? `${event.channel} ${event.message.type} ${JSON.stringify(event.message.content).slice(0, 80)}`
    : event.type

/** Waits for a condition with a deadline. */
export async function until(fits: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!fits()) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
