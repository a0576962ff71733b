// Jupyter messages as the log and INPUT frames hold them (outpost/PROTOCOL.md §4): u32 n, n bytes of JSON {h, p, m, c, b}, then the buffers.
import { toBytes, toText } from './bytes.ts'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
export type JsonObject = { readonly [key: string]: Json }

export type JupyterMessage = {
  readonly type: string
  readonly id: string
  /** msg_id of the request it answers ('' = none). */
  readonly parent: string
  readonly content: JsonObject
  readonly metadata: JsonObject
  readonly buffers: readonly Uint8Array[]
}

export type OutgoingMessage = {
  readonly type: string
  readonly id: string
  readonly session: string
  /** ISO 8601, UTC. */
  readonly date: string
  readonly parent?: string
  readonly content: JsonObject
  readonly metadata?: JsonObject
  readonly buffers?: readonly Uint8Array[]
}

/** A request as an INPUT body. Protocol version 5.3. */
export function packMessage(message: OutgoingMessage): Uint8Array<ArrayBuffer> {
  const buffers = message.buffers ?? []
  const head = toBytes(
    JSON.stringify({
      h: {
        msg_id: message.id,
        msg_type: message.type,
        session: message.session,
        username: 'updraft',
        date: message.date,
        version: '5.3',
      },
      p: message.parent ?? '',
      m: message.metadata ?? {},
      c: message.content,
      b: buffers.map((b) => b.length),
    }),
  )
  const out = new Uint8Array(4 + head.length + buffers.reduce((sum, b) => sum + b.length, 0))
  new DataView(out.buffer).setUint32(0, head.length, true)
  out.set(head, 4)
  let at = 4 + head.length
  for (const buffer of buffers) {
    out.set(buffer, at)
    at += buffer.length
  }
  return out
}

/** Inverse. Buffers are views of `payload`. Throws SyntaxError or RangeError on a payload that is not a message. */
export function unpackMessage(payload: Uint8Array): JupyterMessage {
  const size = new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0, true)
  if (size > payload.length - 4) throw new RangeError('a message whose head is longer than its record')
  const { h, p, m, c, b } = JSON.parse(toText(payload.subarray(4, 4 + size))) as {
    h: { msg_id?: string; msg_type?: string }
    p?: string | { msg_id?: string }
    m?: JsonObject
    c?: JsonObject
    b?: readonly number[]
  }
  if (typeof h?.msg_type !== 'string') throw new SyntaxError('a message without a type')
  const buffers: Uint8Array[] = []
  let at = 4 + size
  for (const length of b ?? []) {
    if (at + length > payload.length) throw new RangeError('a message whose buffers are longer than its record')
    buffers.push(payload.subarray(at, at + length))
    at += length
  }
  return {
    type: h.msg_type,
    id: h.msg_id ?? '',
    parent: typeof p === 'string' ? p : (p?.msg_id ?? ''),
    content: c ?? {},
    metadata: m ?? {},
    buffers,
  }
}
