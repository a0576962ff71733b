// A program's way to the running engine: reads the discovery file, connects to 127.0.0.1 under the instance's host name with the token.
import { WebSocket } from 'ws'
import { MESSAGE_LIMIT_BYTES } from './contract/frame-check.ts'
import { Link } from './contract/link.ts'
import { problem } from './contract/problem.ts'
import { socketWire } from './contract/socket-wire.ts'
import type { Wire } from './contract/wire.ts'
import type { Discovery } from './serve/single-engine.ts'
import { nodeTimers } from './support/timers.ts'

// Not by import: naming the module's exports also loads its fetch and WebSocket, 50 ms of every command.
const { request } = process.getBuiltinModule('node:http')

const ANSWER_MS = 10_000

/** A new single-use address of the engine that `found` describes. */
export function askSignIn(found: Discovery, path = '/'): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: found.port,
        path: '/sign-in',
        method: 'POST',
        timeout: ANSWER_MS,
        headers: { host: found.host, authorization: `Bearer ${found.token}`, 'content-type': 'application/json' },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => {
          try {
            const { url } = JSON.parse(text) as { url?: unknown }
            if (response.statusCode === 200 && typeof url === 'string') return resolve(url)
          } catch {}
          reject(
            problem('denied', `The engine (process ${found.pid}) refused the sign-in.`, {
              hint: 'Nothing was changed. Stop it and start Updraft again.',
            }),
          )
        })
      },
    )
    asked.on('timeout', () => asked.destroy())
    asked.on('error', () =>
      reject(
        problem('unreachable', `The engine (process ${found.pid}) does not answer.`, {
          hint: `Nothing was changed. End process ${found.pid}, then start again.`,
        }),
      ),
    )
    asked.end(JSON.stringify({ path }))
  })
}

/** Opens one wire to the engine; the caller's Peer or Link speaks over it. */
export function openWire(found: Discovery, signal: AbortSignal): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://127.0.0.1:${found.port}/wire`, {
      headers: { host: found.host, authorization: `Bearer ${found.token}` },
      perMessageDeflate: false,
      maxPayload: MESSAGE_LIMIT_BYTES,
      handshakeTimeout: ANSWER_MS,
    })
    const stop = () => ws.terminate()
    signal.addEventListener('abort', stop, { once: true })
    const end = socketWire({
      send: (data) => ws.send(data),
      close: (code, reason) => ws.close(code, reason),
      bufferedBytes: () => ws.bufferedAmount,
    })
    ws.on('open', () => resolve(end.wire))
    ws.on('message', (data, binary) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
      end.receive(binary ? bytes : bytes.toString('utf8'))
    })
    ws.on('unexpected-response', () => {
      ws.terminate()
      reject(
        problem('denied', 'The engine refused this program.', {
          hint: 'Its token has changed: the engine was restarted. Run the command again.',
        }),
      )
    })
    ws.on('error', () => reject(problem('unreachable', 'The engine does not answer.')))
    ws.on('close', (code) => {
      signal.removeEventListener('abort', stop)
      end.closed(`closed (${code})`)
    })
  })
}

/** A standing connection for the command line; finds a restarted engine again by `find`. */
export function connectEngine(find: () => Promise<Discovery | undefined>, name: string, role: 'cli' | 'test' = 'cli'): Link {
  return new Link({
    role,
    name,
    timers: nodeTimers,
    connect: async (signal) => {
      const found = await find()
      if (found === undefined) throw problem('unreachable', 'No engine is running.')
      return openWire(found, signal)
    },
  })
}
