// Two wires joined in memory, for the engine's own clients and for tests. Values go through JSON as on a socket, so that nothing is
// shared by reference and what can't travel fails here too. Delivery is asynchronous (one microtask per batch), in order.
import { type Socket, type SocketWire, socketWire } from './socket-wire.ts'
import type { Wire } from './wire.ts'

export type MemoryWires = { readonly near: Wire; readonly far: Wire }

export function memoryWires(): MemoryWires {
  const ends: SocketWire[] = []
  const side = (other: number): Socket => ({
    send: (data) => queueMicrotask(() => ends[other]?.receive(data)),
    close: (_code, reason) => queueMicrotask(() => ends[other]?.closed(reason)),
    bufferedBytes: () => 0,
  })
  const near = socketWire(side(1))
  const far = socketWire(side(0))
  ends.push(near, far)
  return { near: near.wire, far: far.wire }
}
