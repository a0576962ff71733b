// A dead kernel, said to the person whose cell it ran: which signal, the last words on stderr, and memory when that was it. Pure.
import type { Problem } from '../../contract/problem.ts'
import type { KernelEvent } from '../../sessions/session.ts'

export type KernelExit = Omit<Extract<KernelEvent, { type: 'exit' }>, 'type' | 'position'>

const SIGNALS: { readonly [name: string]: string } = {
  SIGKILL: 'was killed from outside (SIGKILL)',
  SIGSEGV: 'crashed in native code (SIGSEGV)',
  SIGABRT: 'gave up in native code (SIGABRT)',
  SIGBUS: 'crashed on a memory access (SIGBUS)',
  SIGILL: 'met an instruction that this processor does not have (SIGILL)',
  SIGFPE: 'crashed in native arithmetic (SIGFPE)',
  SIGTERM: 'was told to end (SIGTERM)',
}

function whatHappened(exit: KernelExit): string {
  if (exit.oom) return 'was killed because memory ran out'
  if (exit.signal !== null) return SIGNALS[exit.signal] ?? `was ended by ${exit.signal}`
  return exit.code === null ? 'ended; how is not known' : `ended with exit code ${exit.code}`
}

/** The Problem of a kernel that ended without being asked. */
export function kernelDied(exit: KernelExit, notebook: string): Problem {
  const hint = exit.oom
    ? 'The outputs so far are kept, the variables are lost. Use smaller pieces or less at a time, then restart and run again.'
    : 'The outputs so far are kept, the variables are lost. Restart the kernel and run again.'
  return {
    code: exit.oom ? 'full' : 'unreachable',
    message: `The kernel ${whatHappened(exit)}.`,
    hint,
    action: { title: 'Restart kernel', command: 'notebook.restart', input: { notebook } },
    where: 'kernel',
    ...(exit.stderrTail.trim() === '' ? {} : { detail: exit.stderrTail }),
  }
}

/** The running cell's own word: its outcome can't be known and it is never run again by itself. */
export const lostInDeath = (died: Problem): Problem => ({
  ...died,
  message: `${died.message} This cell was running: how far it came is not known.`,
})

export const restarted: Problem = { code: 'cancelled', message: 'The kernel was restarted while this cell ran.', where: 'kernel' }
export const shutDown: Problem = { code: 'cancelled', message: 'The kernel was shut down while this cell ran.', where: 'kernel' }

/** The engine came back and the kernel that ran this cell is not there any more. */
export const goneMeanwhile: Problem = {
  code: 'unreachable',
  message: 'The kernel of this notebook ended while Updraft was not running.',
  hint: 'The outputs so far are kept, the variables are lost. How far the running cell came is not known; it is not run again by itself.',
  where: 'kernel',
}
