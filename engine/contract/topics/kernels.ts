// Kernels and environments: which interpreters and kernelspecs are here, which kernels run where.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { Problem } from '../problem.ts'

export type Environment = {
  readonly id: string
  readonly kind: 'base' | 'venv' | 'uv' | 'conda' | 'pyenv' | 'system' | 'kernelspec' | 'torch'
  readonly title: string
  readonly python?: string
  readonly version?: string
  /** Names and versions that matter here, e.g. ray, torch, ipykernel; empty until probed. */
  readonly packages: { readonly [name: string]: string }
  readonly state: 'found' | 'probing' | 'ready' | 'needs-kernel' | 'broken' | 'untrusted'
  readonly problem?: Problem
  /** The one command that would put kernel support in place, shown before it runs. */
  readonly install?: { readonly command: string; readonly running?: boolean }
  /** How its kernels run, and why not directly. */
  readonly path?: { readonly kind: 'direct' | 'bridge'; readonly reason?: string }
}
export type EnvironmentsState = { readonly list: readonly Environment[]; readonly scanning: boolean; readonly preferred?: string }
export type EnvironmentsChange = { readonly type: 'environments-changed'; readonly set: Partial<EnvironmentsState> }

export type Session = {
  readonly id: string
  readonly title: string
  readonly notebook?: string
  readonly environment: string
  readonly place: string
  readonly state: 'starting' | 'idle' | 'busy' | 'restarting' | 'dead' | 'unreachable'
  readonly pid?: number
  readonly path?: 'direct' | 'bridge'
  readonly startedMs: number
  readonly rssBytes?: number
  readonly cpuPercent?: number
  readonly problem?: Problem
}
export type SessionsState = { readonly list: readonly Session[] }
export type SessionsChange = { readonly type: 'sessions-changed'; readonly list: readonly Session[] }

export const kernelFeeds = {
  environments: feed<null, EnvironmentsState, EnvironmentsChange>(z.null(), (s, c) => ({ ...s, ...c.set })),
  sessions: feed<null, SessionsState, SessionsChange>(z.null(), (_s, c) => ({ list: c.list })),
}

export const kernelCalls = {
  'environments.refresh': call<null>()(z.null()),
  /** Runs the shown install command of an environment; progress is a notice. */
  'environments.install-kernel': call<null>()(z.object({ environment: z.string() })),
  'environments.add': call<{ environment: string }>()(z.object({ python: z.string() })),
  'sessions.stop': call<null>()(z.object({ session: z.string() })),
}
