// Wire: an ordered, reliable, message-wise duplex. Memory and WebSocket wires implement it; the peer speaks over it.
import type { BytesHead, Frame } from './frames.ts'

export interface Wire {
  /** Queues a frame; frames of one tick travel in one message. */
  send(frame: Frame): void
  sendBytes(head: BytesHead, payload: Uint8Array): void
  /** Bytes queued and not yet taken by the transport: the peer holds back while it is high. */
  readonly queuedBytes: number
  onFrame: (frame: Frame) => void
  onBytes: (head: BytesHead, payload: Uint8Array) => void
  onClose: (reason: string) => void
  close(reason: string): void
}
