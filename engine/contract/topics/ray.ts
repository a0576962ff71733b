// Ray on this workstation: started by us (always with token authentication) or adopted. The token itself never crosses the wire.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { Problem } from '../problem.ts'

export type RayNode = {
  readonly id: string
  readonly ip: string
  readonly name: string
  readonly alive: boolean
  readonly head: boolean
  readonly cpu: { readonly used: number; readonly total: number }
  readonly gpu: { readonly used: number; readonly total: number }
  readonly memoryBytes: { readonly used: number; readonly total: number }
  readonly objectStoreBytes: { readonly used: number; readonly total: number }
}

export type RayState = {
  readonly state: 'absent' | 'stopped' | 'starting' | 'running' | 'stopping' | 'failed' | 'lost'
  readonly owner: 'ours' | 'adopted' | 'none'
  readonly address?: string
  readonly dashboard?: string
  readonly version?: string
  readonly pid?: number
  readonly startedMs?: number
  /** Named phases with their clock, while starting or stopping. */
  readonly phases: readonly {
    readonly name: string
    readonly startedMs: number
    readonly endedMs?: number
    readonly problem?: Problem
  }[]
  readonly nodes: readonly RayNode[]
  /** Age of `nodes` in engine wall-clock time. */
  readonly sampledMs?: number
  readonly log?: string
  readonly problem?: Problem
  /** A Ray that somebody else started on this machine and that could be adopted. */
  readonly found: readonly {
    readonly address: string
    readonly pid: number
    readonly version?: string
    readonly token: boolean
  }[]
}
export type RayChange = {
  readonly type: 'ray-changed'
  readonly set: Partial<RayState>
  readonly unset?: readonly (keyof RayState)[]
}

export function reduceRay(state: RayState, change: RayChange): RayState {
  const next: Record<string, unknown> = { ...state, ...change.set }
  for (const key of change.unset ?? []) delete next[key]
  return next as RayState
}

export type HostSample = {
  readonly atMs: number
  readonly cpuPercent: number
  readonly memoryBytes: { readonly used: number; readonly total: number }
  readonly gpus: readonly {
    readonly index: number
    readonly name: string
    readonly utilPercent: number | null
    readonly memoryBytes: { readonly used: number; readonly total: number } | null
    readonly temperatureC: number | null
    readonly powerW: number | null
  }[]
  /** Why there are none: "no NVIDIA driver on this machine", "not measurable under MIG". */
  readonly noGpu?: string
}
export type HostState = { readonly samples: readonly HostSample[] }
export type HostChange = { readonly type: 'sampled'; readonly sample: HostSample }
/** Two minutes at one sample per 2 s. */
export const reduceHost = (state: HostState, change: HostChange): HostState => ({
  samples: [...state.samples.slice(-59), change.sample],
})

export const rayFeeds = {
  ray: feed<null, RayState, RayChange>(z.null(), reduceRay),
  host: feed<null, HostState, HostChange>(z.null(), reduceHost),
}

export const rayCalls = {
  'ray.start': call<null>()(z.object({ cpus: z.optional(z.int()), gpus: z.optional(z.int()) })),
  'ray.stop': call<null>()(z.null()),
  'ray.restart': call<null>()(z.null()),
  /** Joins a Ray found on this machine. Without a token only when `withoutToken` is said, after the warning was shown. */
  'ray.adopt': call<null>()(z.object({ address: z.string(), withoutToken: z.optional(z.boolean()) })),
}
