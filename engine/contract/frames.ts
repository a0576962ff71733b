// The frames on the wire and what each one promises. The same in both directions, in memory, and over WebSocket.
// A text message is a JSON array of frames (batched per tick); a binary message is one BytesFrame (u32 head length, JSON head, payload).
import type { Problem } from './problem.ts'

export const PROTOCOL_VERSION = 1

/** Where a viewer stands in a feed: `epoch` names the feed's life (a restarted engine has another), `rev` counts its changes. */
export type Since = { readonly epoch: string; readonly rev: number }

export type Frame =
  /** First on every wire, both ways. Another major version ends politely with `bye`. */
  | { readonly t: 'hello'; readonly version: number; readonly role: 'window' | 'cli' | 'engine' | 'test'; readonly name: string }
  | { readonly t: 'bye'; readonly problem: Problem }
  /** Input is checked before any code runs. Exactly one `done` or `fail` answers. */
  | { readonly t: 'call'; readonly id: number; readonly name: string; readonly input: unknown }
  | { readonly t: 'cancel'; readonly id: number }
  | { readonly t: 'done'; readonly id: number; readonly output: unknown }
  | { readonly t: 'fail'; readonly id: number; readonly problem: Problem }
  /** Answered by a snapshot, or by the missing changes if `since` is still remembered. */
  | { readonly t: 'watch'; readonly id: number; readonly feed: string; readonly key: unknown; readonly since?: Since }
  | { readonly t: 'unwatch'; readonly id: number }
  | { readonly t: 'snapshot'; readonly id: number; readonly epoch: string; readonly rev: number; readonly state: unknown }
  /** Changes `rev - changes.length + 1 … rev`, in order, for the shared reducer. */
  | { readonly t: 'changes'; readonly id: number; readonly rev: number; readonly changes: readonly unknown[] }
  /** Credit: the viewer has folded everything up to `rev`. One batch is under way per watch. */
  | { readonly t: 'seen'; readonly id: number; readonly rev: number }
  /** The watched thing is gone, or can't be watched. */
  | { readonly t: 'end'; readonly id: number; readonly problem?: Problem }
  /** Liveness, every 5 s when nothing else was sent; three missed = the wire is dead. */
  | { readonly t: 'ping' }
  | { readonly t: 'pong' }

/** Head of a binary frame. `channel` names a byte stream opened by a call (a terminal, a comm); `seq` is the offset of its first byte. */
export type BytesHead = { readonly t: 'bytes'; readonly channel: string; readonly seq: number; readonly meta?: unknown }

export function packBytes(head: BytesHead, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(JSON.stringify(head))
  const out = new Uint8Array(4 + text.length + payload.length)
  new DataView(out.buffer).setUint32(0, text.length, true)
  out.set(text, 4)
  out.set(payload, 4 + text.length)
  return out
}

/** Inverse of packBytes. Throws a RangeError or SyntaxError on a frame that is not ours; the wire then closes. */
export function unpackBytes(frame: Uint8Array): { head: BytesHead; payload: Uint8Array } {
  const size = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true)
  if (size > frame.length - 4 || size > 65_536) throw new RangeError('binary frame with a head that does not fit')
  const head = JSON.parse(new TextDecoder().decode(frame.subarray(4, 4 + size))) as BytesHead
  if (head.t !== 'bytes' || typeof head.channel !== 'string' || typeof head.seq !== 'number')
    throw new SyntaxError('not a bytes frame')
  return { head, payload: frame.subarray(4 + size) }
}
