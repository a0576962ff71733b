// What state a kernel is in, as a window shows it: follows from the connection, the run, and what the session itself is about.
import type { ConnectionState, RunState } from '../../kernels/index.ts'
import type { Problem } from '../contract/problem.ts'
import type { KernelSummary } from '../contract/topics/notebook.ts'
import { deathProblem, replacedProblem, unreachableProblem } from './kernel-problems.ts'

export type Leaving = 'restart' | 'shutdown' | undefined

export function sessionState(
  connection: ConnectionState,
  run: RunState,
  leaving: Leaving,
): Pick<KernelSummary, 'state' | 'phase' | 'problem'> {
  if (leaving === 'restart') return { state: 'restarting' }
  if (connection.state === 'replaced') return { state: 'unreachable', problem: replacedProblem }
  if (run.state === 'ended') {
    const died = run.exit === null ? undefined : deathProblem(run.exit)
    return leaving === 'shutdown' || died === undefined ? { state: 'none' } : { state: 'dead', problem: died }
  }
  if (connection.state === 'down')
    return { state: 'unreachable', problem: unreachableProblem(connection.problem, connection.cause) }
  if (run.blocked !== null) return { state: 'busy', problem: blocked(run.blocked) }
  if (run.state === 'starting') return { state: 'starting', phase: 'starting the kernel' }
  return { state: run.busy ? 'busy' : 'idle' }
}

const blocked = (why: 'disk' | 'quota'): Problem => ({
  code: 'full',
  message:
    why === 'disk'
      ? 'The disk is full: the kernel waits before it prints on.'
      : 'The output of this kernel reached its limit: it waits before it prints on.',
  hint: 'Nothing is lost. Free some disk space and it goes on by itself, or interrupt the cell.',
  where: 'kernel',
})
