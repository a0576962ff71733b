// Shells on this machine. They live in a host that outlives the engine; bytes travel as binary frames on the channel `terminal:<id>`.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'

export type Terminal = {
  readonly id: string
  readonly title: string
  readonly cwd: string
  readonly state: 'running' | 'ended'
  readonly exitCode?: number
  readonly rows: number
  readonly columns: number
}
export type TerminalsState = { readonly list: readonly Terminal[] }
export type TerminalsChange = { readonly type: 'terminals-changed'; readonly list: readonly Terminal[] }

const terminal = z.string().check(z.maxLength(128))
const size = z.int().check(z.minimum(1), z.maximum(1000))

export const terminalFeeds = { terminals: feed<null, TerminalsState, TerminalsChange>(z.null(), (_s, c) => ({ list: c.list })) }

export const terminalCalls = {
  'terminals.open': call<{ terminal: string }>()(z.object({ rows: size, columns: size, cwd: z.optional(z.string()) })),
  /** Bytes from offset `since` on flow as binary frames on `terminal:<id>` until detach; the viewer gives credit with `terminals.seen`. */
  'terminals.attach': call<{ since: number }>()(z.object({ terminal, since: z.optional(z.number()) })),
  'terminals.detach': call<null>()(z.object({ terminal })),
  'terminals.seen': call<null>()(z.object({ terminal, upTo: z.number() })),
  'terminals.write': call<null>()(z.object({ terminal, text: z.string() })),
  'terminals.resize': call<null>()(z.object({ terminal, rows: size, columns: size })),
  'terminals.close': call<null>()(z.object({ terminal })),
}
