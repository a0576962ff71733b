// Things the user should know, each with at most two actions. Progress of long work is a notice with phases, a clock and a cancel.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { ProblemAction } from '../problem.ts'

export type Notice = {
  readonly id: string
  readonly level: 'info' | 'warning' | 'error' | 'progress'
  readonly message: string
  readonly hint?: string
  readonly detail?: string
  readonly actions: readonly ProblemAction[]
  readonly atMs: number
  readonly progress?: {
    readonly phase: string
    readonly startedMs: number
    readonly percent?: number
    readonly cancellable: boolean
  }
}
export type NoticesState = { readonly list: readonly Notice[] }
export type NoticesChange =
  | { readonly type: 'notice-set'; readonly notice: Notice }
  | { readonly type: 'notice-gone'; readonly id: string }

export function reduceNotices(state: NoticesState, change: NoticesChange): NoticesState {
  const id = change.type === 'notice-set' ? change.notice.id : change.id
  const rest = state.list.filter((n) => n.id !== id)
  return { list: change.type === 'notice-set' ? [...rest, change.notice] : rest }
}

export const noticeFeeds = { notices: feed<null, NoticesState, NoticesChange>(z.null(), reduceNotices) }
export const noticeCalls = {
  'notices.dismiss': call<null>()(z.object({ id: z.string() })),
  'notices.cancel': call<null>()(z.object({ id: z.string() })),
}
