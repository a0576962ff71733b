// The WebSocket of windows and programs at /wire: an upgrade is let through for a signed-in window (cookie and exact Origin) or a program
// with the token (and no Origin at all); then it is a peer like any other.
import type { IncomingMessage, Server } from 'node:http'
import type { Socket as TcpSocket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { MESSAGE_LIMIT_BYTES } from '../contract/frame-check.ts'
import type { Asker } from '../contract/index.ts'
import { Peer } from '../contract/peer.ts'
import type { Service } from '../contract/service.ts'
import { socketWire } from '../contract/socket-wire.ts'
import type { EngineLog } from '../support/engine-log.ts'
import { nodeTimers } from '../support/timers.ts'
import type { Access } from './access.ts'

export type WireServerOptions = {
  readonly server: Server
  readonly access: Access
  readonly service: Service
  readonly name: string
  readonly log: EngineLog
  /** Called whenever somebody came or went. */
  readonly onPeers: (windows: number, programs: number) => void
}

export class WireServer {
  readonly #options: WireServerOptions
  readonly #peers = new Map<string, { readonly peer: Peer; role: Asker['role'] | undefined }>()
  // Deflate is off: it costs memory per wire and time on every message, for bytes that never leave this machine.
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT_BYTES, perMessageDeflate: false })
  #nextId = 1

  constructor(options: WireServerOptions) {
    this.#options = options
    options.server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** Bytes to one asker's channel; false: stop until its viewer gives credit (or it has gone). */
  sendBytes(asker: Asker, channel: string, seq: number, payload: Uint8Array): boolean {
    return this.#peers.get(asker.id)?.peer.sendBytes(channel, seq, payload) ?? false
  }

  close(reason: string): void {
    for (const { peer } of [...this.#peers.values()]) peer.close(reason)
    this.#sockets.close()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const { access } = this.#options
    const { host, origin } = request.headers
    const window = origin === access.origin && access.hasCookie(request)
    const program = origin === undefined && access.hasToken(request)
    if (host !== access.host || request.url !== '/wire' || !(window || program)) {
      this.#options.log.write('warning', 'wire refused', { host: host ?? '', origin: origin ?? '' })
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
      return
    }
    ;(socket as TcpSocket).setNoDelay?.(true)
    this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#welcome(ws))
  }

  #welcome(ws: WebSocket): void {
    const id = `w${this.#nextId++}`
    const end = socketWire({
      send: (data) => ws.send(data),
      close: (code, reason) => {
        ws.close(code, reason)
        // A far end that does not close in turn (stopped, stalled) must not keep its buffers here.
        setTimeout(() => ws.terminate(), 2_000).unref()
      },
      bufferedBytes: () => ws.bufferedAmount,
    })
    const peer = new Peer(end.wire, {
      role: 'engine',
      name: this.#options.name,
      timers: nodeTimers,
      service: this.#options.service,
      askerId: id,
      log: (error) => this.#options.log.error(error),
      onHello: (role) => {
        const known = this.#peers.get(id)
        if (known !== undefined && role !== 'engine') known.role = role
        this.#count()
      },
      onClose: (reason) => {
        this.#peers.delete(id)
        this.#options.log.write('info', 'wire closed', { id, reason })
        this.#count()
      },
    })
    this.#peers.set(id, { peer, role: undefined })
    ws.on('message', (data, binary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
      end.receive(binary ? bytes : bytes.toString('utf8'))
    })
    ws.on('close', (code) => end.closed(`closed (${code})`))
    // Oversized or malformed WebSocket frames end up here; `close` follows.
    ws.on('error', (error) => this.#options.log.write('warning', 'wire error', { id, error: error.message }))
  }

  #count(): void {
    const roles = [...this.#peers.values()].map((p) => p.role)
    this.#options.onPeers(roles.filter((r) => r === 'window').length, roles.filter((r) => r === 'cli' || r === 'test').length)
  }
}
