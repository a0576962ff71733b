// A unix socket as the byte stream that kernels/ speaks over.
import { connect } from 'node:net'
import type { ByteHandlers, ByteStream } from '../../kernels/index.ts'

/** Resolves when connected; rejects with Node's own error (ENOENT, ECONNREFUSED: nobody listens). */
export function connectSocket(path: string, handlers: ByteHandlers, signal: AbortSignal): Promise<ByteStream> {
  signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let connected = false
    let why = 'The connection was closed.'
    const abort = (): void => {
      if (!connected) socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    socket.once('connect', () => {
      connected = true
      signal.removeEventListener('abort', abort)
      resolve({ write: (bytes) => void (socket.destroyed || socket.write(bytes)), close: () => socket.destroy() })
    })
    socket.on('data', (bytes: Uint8Array) => handlers.onBytes(bytes))
    socket.on('error', (error) => {
      why = error.message
      if (!connected) reject(error)
    })
    socket.once('close', () => {
      if (connected) handlers.onEnd(why)
    })
  })
}
