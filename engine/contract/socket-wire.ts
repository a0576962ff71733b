// Wire over anything WebSocket-shaped: `ws` in the engine and the command line, the browser's own in a window. Frames of one tick travel
// as one JSON array; a byte frame keeps its place among them. The owner of the socket hands in what arrives (receive, closed).
import { FrameError, MESSAGE_LIMIT_BYTES, parseFrames } from './frame-check.ts'
import { type BytesHead, type Frame, packBytes, unpackBytes } from './frames.ts'
import type { Wire } from './wire.ts'

export type Socket = {
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code: number, reason: string): void
  /** Bytes handed to `send` and not yet on their way. */
  bufferedBytes(): number
}

export type SocketWire = {
  readonly wire: Wire
  receive(data: string | Uint8Array): void
  closed(reason: string): void
}

/** A batch is sent early when it grows beyond this, so that a snapshot does not wait for the end of a long tick. */
const BATCH_BYTES = 1 << 20
const GOING_AWAY = 1001
const PROTOCOL_ERROR = 1002

export function socketWire(socket: Socket): SocketWire {
  let pending: string[] = []
  let pendingBytes = 0
  let scheduled = false
  let open = true
  // What arrives before somebody listens waits: `ws` hands over the first message in the very turn in which it says "open", before a
  // promise of the opener can have made a peer. Without this one hello in five was lost, and the wire with it 5 s later.
  let early: ((wire: Wire) => void)[] | undefined = []
  let onFrame: Wire['onFrame'] = () => {}
  let onClose: Wire['onClose'] = () => {}
  const deliver = (what: (wire: Wire) => void) => (early === undefined ? what(wire) : void early.push(what))
  const release = () => {
    const waiting = early ?? []
    early = undefined
    for (const what of waiting) what(wire)
  }

  const flush = () => {
    scheduled = false
    if (pending.length === 0 || !open) return
    const text = `[${pending.join(',')}]`
    pending = []
    pendingBytes = 0
    socket.send(text)
  }
  const end = (code: number, reason: string) => {
    if (!open) return
    flush()
    open = false
    // A close reason may have at most 123 bytes.
    socket.close(code, reason.slice(0, 100))
    deliver((w) => w.onClose(reason))
  }
  const wire: Wire = {
    get queuedBytes() {
      return pendingBytes + socket.bufferedBytes()
    },
    send(frame) {
      if (!open) return
      const text = encode(frame)
      if (pendingBytes + text.length > BATCH_BYTES) flush()
      pending.push(text)
      pendingBytes += text.length
      if (scheduled) return
      scheduled = true
      queueMicrotask(flush)
    },
    sendBytes(head: BytesHead, payload: Uint8Array) {
      if (!open) return
      flush()
      socket.send(packBytes(head, payload))
    },
    get onFrame() {
      return onFrame
    },
    set onFrame(listener) {
      onFrame = listener
      // After the rest of the listener's own set-up.
      if (early !== undefined) queueMicrotask(release)
    },
    onBytes: () => {},
    get onClose() {
      return onClose
    },
    set onClose(listener) {
      onClose = listener
    },
    close: (reason) => end(GOING_AWAY, reason),
  }
  return {
    wire,
    receive(data) {
      if (!open) return
      const frames = read(data)
      if (typeof frames === 'string') end(PROTOCOL_ERROR, `The wire carried ${frames}.`)
      else for (const frame of frames) if (open) deliver(frame)
    },
    closed(reason) {
      if (!open) return
      open = false
      deliver((w) => w.onClose(reason))
    },
  }
}

/** What a message holds, checked as a whole before any of it is delivered; a text says why it is refused. */
function read(data: string | Uint8Array): ((wire: Wire) => void)[] | string {
  try {
    if (typeof data === 'string') return parseFrames(data).map((frame) => (wire) => wire.onFrame(frame))
    const { head, payload } = unpackBytes(data)
    return [(wire) => wire.onBytes(head, payload)]
  } catch (error) {
    return error instanceof FrameError ? error.message : 'bytes that are no frame'
  }
}

/** JSON of a frame; one that can't travel (too large, not JSON) becomes the answer that says so. */
function encode(frame: Frame): string {
  let why = `it is larger than ${MESSAGE_LIMIT_BYTES >> 20} MB`
  try {
    const text = JSON.stringify(frame)
    if (text.length < MESSAGE_LIMIT_BYTES / 2 || new TextEncoder().encode(text).length < MESSAGE_LIMIT_BYTES - 2) return text
  } catch (error) {
    if (!(error instanceof RangeError)) why = 'it is not JSON'
  }
  const problem = {
    code: 'full',
    message: `This can't be sent to the window: ${why}.`,
    hint: 'Nothing is lost in the engine. Reload the page; show less at once.',
  } as const
  if (frame.t === 'done') return JSON.stringify({ t: 'fail', id: frame.id, problem })
  if (frame.t === 'snapshot' || frame.t === 'changes') return JSON.stringify({ t: 'end', id: frame.id, problem })
  return JSON.stringify({ t: 'bye', problem })
}
