// Logs are read, not pushed: a feed says how long a log is, a call reads the lines a window shows. A log is what a run printed
// (its spool), Ray's own log, or the engine's.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'

export type LogState = {
  readonly id: string
  readonly title: string
  readonly bytes: number
  readonly lines: number
  readonly ended: boolean
}
export type LogChange = { readonly type: 'grew'; readonly bytes: number; readonly lines: number } | { readonly type: 'ended' }

export function reduceLog(state: LogState, change: LogChange): LogState {
  return change.type === 'grew' ? { ...state, bytes: change.bytes, lines: change.lines } : { ...state, ended: true }
}

const log = z.string().check(z.minLength(1), z.maxLength(512))
const count = z.int().check(z.nonnegative())

export const logFeeds = { log: feed<{ log: string }, LogState, LogChange>(z.object({ log }), reduceLog) }

export const logCalls = {
  /** Raw lines `from … from + lines.length - 1` (0-based), at most 5,000 and 1 MB; a longer line is cut and marked. */
  'logs.read': call<{ from: number; lines: readonly string[]; total: number; bytes: number }>()(
    z.object({ log, from: count, count }),
  ),
  /** Line numbers that match, in order, at most `limit`; `total` counts all up to the end or `until` when stopped early. */
  'logs.search': call<{ lines: readonly number[]; total: number; until: number }>()(
    z.object({
      log,
      query: z.string(),
      regex: z.optional(z.boolean()),
      caseSensitive: z.optional(z.boolean()),
      from: z.optional(count),
      limit: z.optional(count),
    }),
  ),
}
