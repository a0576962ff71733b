// The engine's end of the terminal host: starts it when it is not there, connects, and comes back when the connection breaks.
import { spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { problem } from '../contract/problem.ts'
import { type FromHost, lineReader, type ToHost } from './host-protocol.ts'

const START_DEADLINE_MS = 10_000
const LEAVE_MS = 500

export class HostLink {
  readonly #socketPath: string
  readonly #program: string
  readonly #onMessage: (message: FromHost) => void
  #socket: Promise<Socket> | undefined
  #closed = false

  /** `program`: the host's own file; `socketPath`: short, in a 0700 folder. */
  constructor(program: string, socketPath: string, onMessage: (message: FromHost) => void) {
    this.#program = program
    this.#socketPath = socketPath
    this.#onMessage = onMessage
  }

  /** Connects only if a host already runs: shells of an earlier engine. */
  async join(): Promise<boolean> {
    const socket = await this.#dial().catch(() => undefined)
    if (socket) this.#use(socket)
    return socket !== undefined
  }

  async send(message: ToHost): Promise<void> {
    const socket = await (this.#socket ?? this.#up())
    socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Lets go of the host, which ends if no shell runs in it. One that is not there is not started. */
  async close(): Promise<void> {
    this.#closed = true
    const socket = await this.#socket?.catch(() => undefined)
    if (socket === undefined || socket.destroyed) return
    // Gone from here once the host has read it: an engine that ends must not take its last word with it.
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LEAVE_MS)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.end(`${JSON.stringify({ do: 'leave' } satisfies ToHost)}\n`)
    })
    socket.destroy()
  }

  #up(): Promise<Socket> {
    const up = (async () => {
      const there = await this.#dial().catch(() => undefined)
      if (there) return there
      await mkdir(dirname(this.#socketPath), { recursive: true, mode: 0o700 })
      await rm(this.#socketPath, { force: true })
      const child = spawn(process.execPath, [this.#program, this.#socketPath], { detached: true, stdio: 'ignore', cwd: '/' })
      child.on('error', () => {})
      child.unref()
      const until = Date.now() + START_DEADLINE_MS
      for (;;) {
        const socket = await this.#dial().catch(() => undefined)
        if (socket) return socket
        if (Date.now() > until)
          throw problem('unreachable', 'The process that holds terminals did not start.', {
            hint: 'Try again; ./updraft.mjs doctor says what is missing.',
          })
        await new Promise((r) => setTimeout(r, 20))
      }
    })()
    this.#socket = up.then((s) => this.#use(s))
    this.#socket.catch(() => {
      this.#socket = undefined
    })
    return this.#socket
  }

  #use(socket: Socket): Socket {
    this.#socket = Promise.resolve(socket)
    const read = lineReader((line) => this.#onMessage(JSON.parse(line) as FromHost))
    socket.on('data', (chunk) => {
      try {
        read(chunk)
      } catch {
        socket.destroy()
      }
    })
    socket.on('close', () => {
      this.#socket = undefined
      // The host may have ended by itself, or been killed: what it held is asked for by the next wish.
      if (!this.#closed) this.#onMessage({ say: 'hello', pid: 0, terminals: [] })
    })
    socket.on('error', () => socket.destroy())
    socket.write(`${JSON.stringify({ do: 'hello' } satisfies ToHost)}\n`)
    return socket
  }

  #dial(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#socketPath, () => resolve(socket))
      socket.once('error', reject)
      // A connected socket must not keep the engine alive by itself.
      socket.unref()
    })
  }
}
