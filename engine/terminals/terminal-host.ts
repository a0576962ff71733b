// The process that holds the shells: detached, so that a terminal outlives the engine (a killed or restarted one attaches again, by offset).
// node terminal-host.ts SOCKET. Ends itself when no shell runs and its engine ends, or nobody has been connected for a minute.
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { type IPty, spawn } from 'node-pty'
import { type FromHost, type HostTerminal, lineReader, type ToHost } from './host-protocol.ts'
import { Scrollback } from './scrollback.ts'

/** A program that prints faster than it is read is paused at this many unseen bytes, and goes on below the low mark. */
const HIGH_BYTES = 128 << 10
const LOW_BYTES = 16 << 10
const SLICE_BYTES = 64 << 10
const IDLE_MS = 60_000

class HeldTerminal {
  readonly id: string
  readonly pty: IPty
  readonly title: string
  readonly cwd: string
  readonly scrollback: Scrollback
  rows: number
  columns: number
  exitCode: number | undefined
  viewer: { readonly client: Client; sent: number; seen: number } | undefined
  #paused = false

  constructor(wish: Extract<ToHost, { do: 'open' }>) {
    this.id = wish.id
    this.cwd = wish.cwd
    this.rows = wish.rows
    this.columns = wish.columns
    this.title = wish.shell.slice(wish.shell.lastIndexOf('/') + 1)
    this.scrollback = new Scrollback(wish.scrollbackBytes)
    this.pty = spawn(wish.shell, [...wish.args], {
      name: 'xterm-256color',
      rows: wish.rows,
      cols: wish.columns,
      cwd: wish.cwd,
      env: { ...wish.env },
      encoding: null,
    })
    // encoding null: bytes come as they are; a cut UTF-8 sequence is the reader's to join.
    this.pty.onData((data) => {
      this.scrollback.push(Buffer.from(data))
      this.pump()
    })
    this.pty.onExit(({ exitCode }) => {
      this.exitCode = exitCode
      this.pump()
      for (const client of clients) client.send({ say: 'ended', id: this.id, exitCode })
    })
  }

  describe(): HostTerminal {
    const { id, title, cwd, rows, columns, scrollback } = this
    return {
      id,
      title,
      cwd,
      rows,
      columns,
      pid: this.pty.pid,
      from: scrollback.from,
      to: scrollback.to,
      ...(this.exitCode === undefined ? {} : { exitCode: this.exitCode }),
    }
  }

  /** Sends what the viewer has credit for, and holds the program back when too much is unseen. */
  pump(): void {
    const v = this.viewer
    if (v) {
      while (v.sent < this.scrollback.to && v.sent - v.seen < HIGH_BYTES) {
        const { seq, bytes } = this.scrollback.read(v.sent, SLICE_BYTES)
        if (bytes.length === 0) break
        v.client.send({ say: 'data', id: this.id, seq, base64: bytes.toString('base64') })
        v.sent = seq + bytes.length
      }
    }
    // With nobody looking the program runs on: the scrollback keeps the last of it.
    const unseen = v ? this.scrollback.to - v.seen : 0
    if (!this.#paused && unseen > HIGH_BYTES && this.exitCode === undefined) {
      this.#paused = true
      this.pty.pause()
    } else if (this.#paused && unseen < LOW_BYTES) {
      this.#paused = false
      this.pty.resume()
    }
  }

  kill(): void {
    if (this.exitCode !== undefined) return
    try {
      // The shell's whole group, as closing a window does.
      process.kill(-this.pty.pid, 'SIGHUP')
    } catch {}
    this.pty.kill('SIGHUP')
    const { pid } = this.pty
    setTimeout(() => {
      if (this.exitCode !== undefined) return
      try {
        process.kill(-pid, 'SIGKILL')
      } catch {}
    }, 2000).unref()
  }
}

class Client {
  readonly #socket: Socket
  constructor(socket: Socket) {
    this.#socket = socket
  }
  send(message: FromHost): void {
    this.#socket.write(`${JSON.stringify(message)}\n`)
  }
}

const terminals = new Map<string, HeldTerminal>()
const clients = new Set<Client>()
const socketPath = process.argv[2] ?? ''
let idleSince = Date.now()

function handle(client: Client, wish: ToHost): void {
  if (wish.do === 'hello')
    client.send({ say: 'hello', pid: process.pid, terminals: [...terminals.values()].map((t) => t.describe()) })
  else if (wish.do === 'stop') end()
  else if (wish.do === 'leave') {
    if (!shellsRun() && clients.size === 1) end()
  } else if (wish.do === 'open') open(client, wish)
  else {
    const terminal = terminals.get(wish.id)
    if (terminal) act(terminal, client, wish)
    else client.send({ say: 'failed', id: wish.id, reason: 'this terminal has ended' })
  }
}

const shellsRun = (): boolean => [...terminals.values()].some((t) => t.exitCode === undefined)

function open(client: Client, wish: Extract<ToHost, { do: 'open' }>): void {
  try {
    const terminal = new HeldTerminal(wish)
    terminals.set(wish.id, terminal)
    client.send({ say: 'opened', terminal: terminal.describe() })
  } catch (error) {
    client.send({ say: 'failed', id: wish.id, reason: error instanceof Error ? error.message : String(error) })
  }
}

function act(terminal: HeldTerminal, client: Client, wish: Exclude<ToHost, { do: 'hello' | 'leave' | 'stop' | 'open' }>): void {
  const running = terminal.exitCode === undefined
  switch (wish.do) {
    case 'write':
      if (running) terminal.pty.write(wish.text)
      break
    case 'resize':
      terminal.rows = wish.rows
      terminal.columns = wish.columns
      if (running) terminal.pty.resize(wish.columns, wish.rows)
      break
    case 'attach':
      terminal.viewer = { client, sent: wish.since, seen: wish.since }
      break
    case 'detach':
      terminal.viewer = undefined
      break
    case 'seen':
      if (terminal.viewer) terminal.viewer.seen = Math.max(terminal.viewer.seen, wish.upTo)
      break
    case 'close':
      terminal.kill()
      terminals.delete(wish.id)
      break
    default:
      wish satisfies never
  }
  terminal.pump()
}

const server = createServer((socket) => {
  const client = new Client(socket)
  clients.add(client)
  const read = lineReader((line) => handle(client, JSON.parse(line) as ToHost))
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch {
      socket.destroy()
    }
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => {
    clients.delete(client)
    idleSince = Date.now()
    for (const t of terminals.values()) {
      if (t.viewer?.client !== client) continue
      t.viewer = undefined
      t.pump()
    }
  })
})

function end(): void {
  for (const t of terminals.values()) t.kill()
  rmSync(socketPath, { force: true })
  // A moment for the shells to take their SIGHUP.
  setTimeout(() => process.exit(0), 100)
}

process.umask(0o177)
server.listen(socketPath, () => {
  chmodSync(socketPath, 0o600)
  process.umask(0o022)
})
server.on('error', () => process.exit(1))
process.on('SIGTERM', end)
process.on('SIGHUP', () => {})
process.on('SIGINT', () => {})
setInterval(() => {
  if (!shellsRun() && clients.size === 0 && Date.now() - idleSince > IDLE_MS) end()
}, 5000)
