// The engine itself: who it is, what this machine has, and how it ends.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'

export type EngineState = {
  readonly version: string
  readonly startedMs: number
  readonly pid: number
  readonly platform: string
  readonly host: string
  readonly home: string
  readonly dataFolder: string
  readonly windows: number
  /** Examples that ship with Updraft, in order; `environment` 'torch' needs the heavy tier. */
  readonly examples: readonly {
    readonly path: string
    readonly title: string
    readonly summary: string
    readonly environment: 'base' | 'torch'
  }[]
  readonly found: readonly { readonly name: string; readonly value: string; readonly ok: boolean; readonly hint?: string }[]
}
export type EngineChange = { readonly type: 'engine-changed'; readonly set: Partial<EngineState> }

export const engineFeeds = { engine: feed<null, EngineState, EngineChange>(z.null(), (s, c) => ({ ...s, ...c.set })) }

export const engineCalls = {
  /** A new single-use sign-in address, valid 60 s: for another browser tab, the command line, a second start. */
  'engine.sign-in': call<{ url: string }>()(z.object({ path: z.optional(z.string()) })),
  /** Ends the engine. Kernels and Ray stay unless `all`; refused with `busy` while cells run and `all` is set without `force`. */
  'engine.stop': call<null>()(z.object({ all: z.optional(z.boolean()), force: z.optional(z.boolean()) })),
  /** What `diagnose` would send: file names and text with secrets removed. */
  'engine.diagnose': call<{ files: readonly { readonly name: string; readonly text: string }[] }>()(z.null()),
  /** Copies an example into the workspace (or the user's data folder) and answers where it is. */
  'engine.open-example': call<{ path: string }>()(z.object({ path: z.string() })),
}
