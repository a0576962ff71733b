// How a figure is taken: ours and the peer interleaved in the same run, the ratio of medians, and a bootstrap interval whose bad end is
// judged. Absolute times are printed and never judged across runs: the machine is shared and noisy.
import { cpus, loadavg } from 'node:os'

export type Series = {
  readonly p50: number
  readonly p95: number
  readonly min: number
  readonly max: number
  readonly n: number
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export function series(values: readonly number[]): Series {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    n: sorted.length,
  }
}

/** Runs a and b in turn, ABBA, after a warm-up of each: drift of the machine hits both alike. */
export async function interleaved(
  rounds: number,
  warmUp: number,
  a: () => Promise<number>,
  b: () => Promise<number>,
): Promise<{ a: number[]; b: number[] }> {
  for (let i = 0; i < warmUp; i++) {
    await a()
    await b()
  }
  const got = { a: [] as number[], b: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    for (const side of i % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const))
      got[side].push(await (side === 'a' ? a() : b()))
  }
  return got
}

/** Ratio of medians ours/peer with its 95 % bootstrap interval (seeded: the same values give the same interval). */
export function ratio(ours: readonly number[], peer: readonly number[]): { value: number; low: number; high: number } {
  const value = series(ours).p50 / series(peer).p50
  let seed = 1
  const pick = (values: readonly number[]) => {
    const drawn = values.map(() => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
      return values[seed % values.length] ?? 0
    })
    return series(drawn).p50
  }
  const ratios = Array.from({ length: 1000 }, () => pick(ours) / pick(peer)).sort((x, y) => x - y)
  return { value, low: quantile(ratios, 0.025), high: quantile(ratios, 0.975) }
}

export type Figure = {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it is compared with, e.g. "zeromq to stock ipykernel: 8.1 ms". */
  readonly against?: string
  readonly interval?: readonly [number, number]
  readonly detail?: string
}

export const ratioFigure = (
  name: string,
  ours: readonly number[],
  peer: readonly number[],
  peerName: string,
  unit: string,
): Figure => {
  const r = ratio(ours, peer)
  return {
    name,
    value: r.value,
    unit: '×',
    interval: [r.low, r.high],
    against: `${peerName} ${fixed(series(peer).p50)} ${unit}`,
    detail: `ours p50 ${fixed(series(ours).p50)} p95 ${fixed(series(ours).p95)} ${unit}, peer p95 ${fixed(series(peer).p95)} ${unit}, n ${ours.length}/${peer.length}`,
  }
}

export const fixed = (n: number): string => (n >= 100 ? n.toFixed(0) : n >= 10 ? n.toFixed(1) : n.toFixed(2))
export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`
export const sleep = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms))
