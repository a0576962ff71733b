// Any duplex byte stream is enough to reach an outpost: a unix socket, an ssh channel, the stdio of `srun` or `kubectl exec`. This is all
// that the connection asks of one. Whoever dials owns the details (targets), this folder owns what is said over it.

/** One open stream. Bytes keep their order; a closed stream swallows writes. */
export interface ByteStream {
  write(bytes: Uint8Array): void
  close(): void
}

/** `onBytes` hands over the memory: the giver never touches it again. `onEnd` comes once, after the last bytes. */
export type ByteHandlers = { readonly onBytes: (bytes: Uint8Array) => void; readonly onEnd: (why: string) => void }

/** Brings the place's outpost up if need be and opens a stream to it. Throws an error whose `message` a user can read. */
export type Dial = (handlers: ByteHandlers, signal: AbortSignal) => Promise<ByteStream>

/** Time from outside, so that what leans on it can be tried without waiting. `after` returns the way to cancel. */
export type Clock = { nowMs(): number; after(delayMs: number, run: () => void): () => void }
