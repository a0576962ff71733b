// The queue of one kernel: decides, from what is known, which facts follow a wish. Pure: it answers facts (run-facts.ts), execution.ts carries
// them out. One cell runs at a time; the engine, not the kernel, holds the rest, so that a queued cell can still be taken back.
import type { Problem } from '../../contract/problem.ts'
import type { EndState, KnownRun, QueuedRun, RunFact, RunsState } from './run-facts.ts'

export type RunWish = { readonly id: string; readonly cell: string; readonly code: string; readonly stopOnError: boolean }

/**
 * Queues cells in the order given. An id that was asked before stands for the execution it made then, whatever became of it: a repeated call
 * runs nothing. A cell that still waits is not queued twice: the second wish joins it, with the newest source.
 */
export function askRuns(state: RunsState, wishes: readonly RunWish[], atMs: number): { facts: RunFact[]; executions: string[] } {
  const facts: RunFact[] = []
  const known = (id: string): string | undefined => state.joined.get(id) ?? state.runs.get(id)?.id
  const asked = new Map<string, string>()
  const waits = new Map(state.waiting.map((id) => [state.runs.get(id)?.cell ?? '', id]))
  const executions = wishes.map((wish) => {
    const before = asked.get(wish.id) ?? known(wish.id)
    if (before !== undefined) return before
    const execution = waits.get(wish.cell) ?? wish.id
    if (execution === wish.id) facts.push({ fact: 'queued', run: { ...wish, queuedAtMs: atMs } satisfies QueuedRun })
    else facts.push({ fact: 'joined', id: wish.id, execution, code: wish.code })
    waits.set(wish.cell, execution)
    asked.set(wish.id, execution)
    return execution
  })
  return { facts, executions }
}

/** The run to deliver now, if the kernel is free. */
export const nextRun = (state: RunsState): KnownRun | undefined =>
  state.running === undefined ? state.runs.get(state.waiting[0] ?? '') : undefined

/** Takes waiting cells back: an interrupt before anything runs, a deleted cell (`cell`), a restart, a shutdown. */
export function takeBack(state: RunsState, atMs: number, problem?: Problem, cell?: string): RunFact[] {
  const taken = state.waiting.filter((id) => cell === undefined || state.runs.get(id)?.cell === cell)
  return taken.map((execution) => ({
    fact: 'ended',
    execution,
    state: 'aborted',
    atMs,
    ...(problem === undefined ? {} : { problem }),
  }))
}

const behindAnError: Problem = { code: 'cancelled', message: 'Not run: a cell before it failed.', where: 'kernel' }
const behindADeath: Problem = {
  code: 'cancelled',
  message: 'Not run: the kernel stopped before its turn.',
  hint: 'Nothing of this cell ran. Run it again.',
  where: 'kernel',
}

/** The running execution ended by itself. An error or an interrupt takes the cells behind it out of the queue. */
export function endRun(state: RunsState, execution: string, end: EndState, atMs: number, problem?: Problem): RunFact[] {
  const run = state.running === execution ? state.runs.get(execution) : undefined
  const stops = run !== undefined && end !== 'done' && (run.stopOnError || end !== 'failed')
  return [
    { fact: 'ended', execution, state: end, atMs, ...(problem === undefined ? {} : { problem }) },
    ...(stops ? takeBack(state, atMs, end === 'interrupted' ? undefined : behindAnError) : []),
  ]
}

/** The kernel is gone or replaced: what ran ends as `end`, what waited is aborted; both say why. */
export function dropAll(
  state: RunsState,
  end: EndState,
  atMs: number,
  why: Problem,
  waitedWhy: Problem = behindADeath,
): RunFact[] {
  const ended: RunFact[] =
    state.running === undefined ? [] : [{ fact: 'ended', execution: state.running, state: end, atMs, problem: why }]
  return [...ended, ...takeBack(state, atMs, waitedWhy)]
}
