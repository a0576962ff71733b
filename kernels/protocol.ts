// What an outpost says in JSON (outpost/PROTOCOL.md §3, §6, §7), as types. Unknown fields are ignored, so an outpost may say more.
import type { JsonObject } from './messages.ts'

export type RunPath = 'direct' | 'bridge' | 'job' | 'terminal'
export type Ready = {
  readonly pid: number
  readonly path: RunPath
  readonly ms: number
  readonly python?: string
  readonly executable?: string
  readonly ipykernel?: string
  readonly ipython?: string
  readonly debugger?: boolean
  /** On the bridge: why not direct. */
  readonly why?: string
  readonly kernelInfo?: JsonObject
}
export type Exit = {
  readonly how: 'clean' | 'code' | 'signal' | 'unknown'
  readonly code: number | null
  readonly signal: number | null
  readonly signalName: string | null
  readonly oom: boolean
  readonly stderrTail: string
  readonly message: string
}
export type RunState = {
  readonly name: string
  readonly kind: 'kernel' | 'process' | 'terminal'
  readonly path: RunPath
  readonly pid: number | null
  readonly log: string
  readonly first: number
  readonly size: number
  readonly state: 'starting' | 'ready' | 'ended'
  readonly busy: boolean
  readonly blocked: null | 'disk' | 'quota'
  readonly startedUs: number
  readonly cwd: string
  readonly argv: readonly string[]
  readonly python: string | null
  readonly ready: Ready | null
  readonly exit: Exit | null
}
export type SpareState = {
  readonly python: string
  readonly state: 'starting' | 'ready' | 'failed' | 'none'
  readonly why?: string
}
export type Hello = {
  readonly version: number
  /** Id of the outpost's folder (lasts) and of this supervisor process. */
  readonly outpost: string
  readonly boot: string
  readonly pid: number
  readonly python: string
  readonly platform: string
  readonly host: string
  readonly base: string
  readonly nowUs: number
  readonly runs: { readonly [name: string]: RunState }
  readonly spares: readonly SpareState[]
}
export type OutpostProblem = { readonly code: string; readonly message: string; readonly hint?: string }

export type GpuSample = {
  readonly index: number
  readonly uuid: string
  readonly name: string
  readonly memoryTotalBytes: number | null
  readonly memoryUsedBytes: number | null
  readonly utilisationPercent: number | null
  readonly temperatureC: number | null
  readonly powerWatts: number | null
}
export type RunSample = {
  readonly rssBytes: number | null
  readonly pssBytes: number | null
  readonly cpuPercent: number | null
  readonly processes: number | null
}
export type Sample = {
  readonly atUs: number
  readonly host: {
    readonly cpus: number
    readonly cpuPercent: number | null
    readonly load1: number | null
    readonly memoryTotalBytes: number | null
    readonly memoryAvailableBytes: number | null
    readonly memoryLimitBytes: number | null
    readonly swapUsedBytes: number | null
    readonly disks: readonly { readonly path: string; readonly totalBytes: number; readonly freeBytes: number }[]
    readonly uptimeSeconds: number | null
  }
  readonly gpus: { readonly state: 'ok' | 'none' | 'error'; readonly why: string | null; readonly list: readonly GpuSample[] }
  readonly runs: { readonly [name: string]: RunSample }
}

/** Events run ahead of the log: for showing at once. The log is the truth. */
export type OutpostEvent =
  | { readonly event: 'started'; readonly name: string; readonly run: RunState }
  | { readonly event: 'ready'; readonly name: string; readonly ready: Ready }
  | { readonly event: 'busy' | 'idle'; readonly name: string; readonly parent: number; readonly id: string }
  | {
      readonly event: 'error'
      readonly name: string
      readonly parent: number
      readonly id: string
      readonly ename: string
      readonly evalue: string
    }
  | { readonly event: 'exit'; readonly name: string; readonly exit: Exit }
  | { readonly event: 'blocked'; readonly name: string; readonly why: 'disk' | 'quota'; readonly freeBytes?: number }
  | { readonly event: 'unblocked' | 'forgotten'; readonly name: string }
  | {
      readonly event: 'refused'
      readonly name: string
      readonly stream: number
      readonly id?: string
      readonly problem: OutpostProblem
    }
  | { readonly event: 'replaced'; readonly epoch: number }
  | ({ readonly event: 'sample' } & Sample)
  | ({ readonly event: 'spare' } & SpareState)
  | { readonly event: 'closing'; readonly why: string }

export type JournalEntry = {
  readonly parent: number
  readonly id: string
  readonly type: string
  readonly state: 'queued' | 'running' | 'done' | 'error' | 'aborted' | 'lost'
  readonly acceptedUs: number | null
  readonly startedUs: number | null
  readonly finishedUs: number | null
  readonly offset: number
}
export type Kernelspec = {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly interrupt_mode?: 'signal' | 'message'
  readonly dir?: string
}
type Env = { readonly [key: string]: string | null }
type Common = {
  readonly name: string
  readonly cwd?: string
  readonly env?: Env
  readonly segmentBytes?: number
  readonly quotaBytes?: number
}
export type StartRun = Common &
  (
    | {
        readonly kind: 'kernel'
        readonly python?: string
        readonly kernelspec?: Kernelspec
        readonly path?: 'auto' | 'direct' | 'bridge'
        readonly args?: readonly string[]
        readonly useSpare?: boolean
      }
    | { readonly kind: 'process'; readonly argv: readonly string[]; readonly stdin?: 'null' | 'pipe' }
    | { readonly kind: 'terminal'; readonly argv?: readonly string[]; readonly rows?: number; readonly cols?: number }
  )

/** Every call with what it takes and what it answers. */
export type OutpostCalls = {
  start: { input: StartRun; output: { readonly name: string; readonly run: RunState; readonly spare: boolean } }
  spare: {
    input: { python: string; cwd?: string; env?: Env; args?: readonly string[]; keep?: boolean }
    output: { readonly state: SpareState['state'] }
  }
  signal: { input: { name: string; signal: number | string; group?: boolean }; output: object }
  stop: { input: { name: string; graceMs?: number }; output: { readonly exit: Exit } }
  forget: { input: { name: string }; output: object }
  ack: { input: { name: string; offset: number }; output: { readonly first: number } }
  resize: { input: { name: string; rows: number; cols: number }; output: object }
  journal: {
    input: { name: string; last?: number }
    output: { readonly executions: readonly JournalEntry[]; readonly size: number }
  }
  sample: { input: { everyMs: number; disks?: readonly string[] }; output: object }
  linger: { input: { seconds: number | null }; output: object }
  shutdown: { input: { force?: boolean }; output: object }
  open: {
    input: { name: string; stream: number; since: number | 'end'; window?: number; log?: string }
    output: {
      readonly log: string
      readonly first: number
      readonly from: number
      readonly size: number
      readonly skipped: number
    }
  }
  close: { input: { stream: number }; output: object }
  follow: {
    input: { path: string; stream: number; since?: { inode: string; offset: number } | 'end' | null; window?: number }
    output: { readonly inode: string | null; readonly from: number; readonly size: number }
  }
}
