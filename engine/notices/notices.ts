// Notices: what the user should know, with its actions; and the progress of long work, with a phase, a clock and a cancel.
// Other rooms hold one Notices and never talk to a window themselves.
import { randomUUID } from 'node:crypto'
import { Feed } from '../contract/feed.ts'
import { type Problem, type ProblemAction, toProblem } from '../contract/problem.ts'
import type { Room } from '../contract/rooms.ts'
import { type Notice, type NoticesChange, type NoticesState, reduceNotices } from '../contract/topics/notices.ts'

/** More than this many are never kept: the oldest that is not progress goes. */
const KEPT = 50

export type NoticeOptions = {
  readonly hint?: string
  readonly detail?: string
  readonly actions?: readonly ProblemAction[]
  readonly id?: string
}

/** Long work as it is told: call `phase` as it goes on, `done` or `fail` once. */
export type Progress = {
  readonly signal: AbortSignal
  phase(name: string, percent?: number): void
  /** `message` absent: the notice simply goes. */
  done(message?: string): void
  fail(error: unknown): void
}

export class Notices {
  readonly feed: Feed<NoticesState, NoticesChange>
  readonly #now: () => number
  readonly #cancels = new Map<string, AbortController>()

  constructor(now: () => number = Date.now) {
    this.#now = now
    this.feed = new Feed<NoticesState, NoticesChange>({ list: [] }, reduceNotices, randomUUID())
  }

  /** The same `id` replaces the notice before it, so that a repeated fault is said once. */
  say(level: 'info' | 'warning' | 'error', message: string, options: NoticeOptions = {}): string {
    return this.#set({
      ...options,
      id: options.id ?? randomUUID(),
      level,
      message,
      actions: options.actions ?? [],
      atMs: this.#now(),
    })
  }

  problem(problem: Problem, id?: string): string {
    return this.say('error', problem.message, {
      ...(problem.hint === undefined ? {} : { hint: problem.hint }),
      ...(problem.detail === undefined ? {} : { detail: problem.detail }),
      ...(problem.action === undefined ? {} : { actions: [problem.action] }),
      ...(id === undefined ? {} : { id }),
    })
  }

  progress(message: string, cancellable: boolean, id: string = randomUUID()): Progress {
    const cancel = new AbortController()
    const startedMs = this.#now()
    this.#cancels.set(id, cancel)
    const set = (phase: string, percent?: number) =>
      this.#set({
        id,
        level: 'progress',
        message,
        actions: [],
        atMs: startedMs,
        progress: {
          phase,
          startedMs,
          cancellable,
          ...(percent === undefined ? {} : { percent }),
        },
      })
    set('starting')
    return {
      signal: cancel.signal,
      phase: set,
      done: (text) => {
        this.#cancels.delete(id)
        if (text === undefined) this.dismiss(id)
        else this.say('info', text, { id })
      },
      fail: (error) => {
        this.#cancels.delete(id)
        const problem = toProblem(error)
        if (problem.code === 'cancelled') this.dismiss(id)
        else this.problem(problem, id)
      },
    }
  }

  dismiss(id: string): void {
    if (this.feed.state.list.some((n) => n.id === id)) this.feed.change({ type: 'notice-gone', id })
  }

  cancel(id: string): void {
    this.#cancels.get(id)?.abort()
  }

  #set(notice: Notice): string {
    this.feed.change({ type: 'notice-set', notice })
    const over = this.feed.state.list.length > KEPT ? this.feed.state.list.find((n) => n.level !== 'progress') : undefined
    if (over) this.dismiss(over.id)
    return notice.id
  }
}

export function createNoticesRoom(notices: Notices): Room {
  return {
    answers: {
      'notices.dismiss': async ({ id }) => {
        notices.dismiss(id)
        return null
      },
      'notices.cancel': async ({ id }) => {
        notices.cancel(id)
        return null
      },
    },
    sources: {
      notices: async () => ({ feed: notices.feed, release: () => {} }),
    },
    close: async () => {},
  }
}
