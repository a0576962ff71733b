// Ports for a Ray head of ours: a free block of 1,000 below the ephemeral range and outside Ray's default worker range (10002-19999),
// so that two engines, and a Ray that the user starts by hand, never meet. Fixed ports first, workers behind them.
import { randomInt } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { problem } from '../../contract/problem.ts'

export type RayPorts = {
  readonly gcs: number
  readonly dashboard: number
  readonly client: number
  readonly agentHttp: number
  readonly agentGrpc: number
  readonly metrics: number
  readonly runtimeEnvAgent: number
  readonly nodeManager: number
  readonly objectManager: number
  readonly workersFrom: number
  readonly workersTo: number
}

const LOWEST = 20_000
const BLOCK = 1_000
const FIXED = 9

export const portsFrom = (base: number): RayPorts => ({
  gcs: base,
  dashboard: base + 1,
  client: base + 2,
  agentHttp: base + 3,
  agentGrpc: base + 4,
  metrics: base + 5,
  runtimeEnvAgent: base + 6,
  nodeManager: base + 7,
  objectManager: base + 8,
  workersFrom: base + 100,
  workersTo: base + 999,
})

/** A block whose fixed ports can all be bound now. Between the look and Ray's own bind another program may come first: the start is then tried again. */
export async function chooseRayPorts(): Promise<RayPorts> {
  const first = await ephemeralFrom()
  const blocks = Math.max(1, Math.floor((first - LOWEST) / BLOCK))
  const start = randomInt(blocks)
  for (let i = 0; i < blocks; i++) {
    const base = LOWEST + ((start + i) % blocks) * BLOCK
    const free = await Promise.all(Array.from({ length: FIXED }, (_, k) => isFree(base + k)))
    if (free.every(Boolean)) return portsFrom(base)
  }
  throw problem('busy', `No block of free ports for Ray between ${LOWEST} and ${first}.`, {
    hint: 'End programs that listen there, then start Ray again.',
  })
}

async function ephemeralFrom(): Promise<number> {
  const text = await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').catch(() => '')
  const low = Number(text.trim().split(/\s+/)[0])
  // macOS hands out 49152 and up.
  return Number.isInteger(low) && low > LOWEST + BLOCK ? Math.min(low, 49_152) : 32_000
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    // All interfaces: that is where Ray's own servers listen.
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
