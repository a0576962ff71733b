// What is said about a cell that did not end by itself. How a kernel died is said in sessions/kernel-problems.ts; here it is told to the cells. Pure.
import type { Problem } from '../../contract/problem.ts'
import type { TextEdit } from '../../contract/text-edit.ts'
import type { Cell, NotebookOp } from '../../contract/topics/notebook.ts'
import { deathProblem } from '../../sessions/kernel-problems.ts'
import type { KernelEvent } from '../../sessions/session.ts'
import { isRayInitConflict, rayInitFix } from './ray-init-fix.ts'

type Exit = Extract<KernelEvent, { type: 'exit' }>

export const restarted: Problem = { code: 'cancelled', message: 'The kernel was restarted while this cell ran.', where: 'kernel' }
export const shutDown: Problem = { code: 'cancelled', message: 'The kernel was shut down while this cell ran.', where: 'kernel' }
export const endedByItself: Problem = {
  code: 'cancelled',
  message: 'The kernel ended while this cell ran: it was asked to (exit, quit).',
  where: 'kernel',
}
export const cellDeleted: Problem = { code: 'cancelled', message: 'Not run: the cell was deleted.', where: 'kernel' }
export const restartedBefore: Problem = {
  code: 'cancelled',
  message: 'Not run: the kernel was restarted before its turn.',
  where: 'kernel',
}

/** The engine came back and the kernel is not there any more. */
export const goneMeanwhile: Problem = {
  code: 'unreachable',
  message: 'The kernel ended while Updraft was not running. How far this cell came is not known.',
  hint: 'The outputs so far are kept, the variables are lost. The cell is not run again by itself.',
  where: 'kernel',
}

/** The running cell's own word about a dead kernel; undefined when its end was asked for. */
export function lostInDeath(exit: Exit): Problem | undefined {
  const { code, signal, oom, clean, stderrTail } = exit
  if (clean) return undefined
  const how = signal !== null ? 'signal' : code !== null ? 'code' : 'unknown'
  const died = deathProblem({ how, code, signalName: signal, oom, stderrTail })
  return died === undefined ? goneMeanwhile : { ...died, message: `${died.message} How far this cell came is not known.` }
}

export function untrusted(folder: string): Problem {
  return {
    code: 'denied',
    message: 'Nothing was run: this folder is not trusted.',
    hint: 'Look at the notebook first. Code that you run can do whatever you can.',
    action: { title: 'Trust this folder', command: 'workspace.trust', input: { folder, trusted: true } },
    where: 'notebook',
  }
}

export const deadKernel = (notebook: string): Problem => ({
  code: 'conflict',
  message: 'Nothing was run: the kernel is dead.',
  hint: 'The variables are lost. Restart the kernel, then run again.',
  action: { title: 'Restart kernel', command: 'notebook.restart', input: { notebook } },
  where: 'kernel',
})

/** Errors that Updraft knows how to mend offer it: a Problem with the edit, else nothing. */
export function mendable(notebook: string, cell: Cell | undefined, name: string, value: string): Problem | undefined {
  if (cell === undefined || !isRayInitConflict(name, value)) return undefined
  const edit: TextEdit | undefined = rayInitFix(cell.source)
  const about = {
    code: 'invalid',
    message: 'Ray is running already, so ray.init() joins it and can’t size it.',
    where: 'ray',
  } as const
  if (edit === undefined)
    return { ...about, hint: 'Leave num_cpus, num_gpus and resources out of ray.init(): the running Ray has its own.' }
  const op: NotebookOp = { op: 'edit-source', cell: cell.id, version: cell.version, edit }
  const input = { notebook, ops: [op], title: 'Join the running Ray' }
  return {
    ...about,
    hint: 'The arguments that only a new Ray takes can go; everything else stays.',
    action: { title: 'Remove them', command: 'notebook.edit', input },
  }
}
