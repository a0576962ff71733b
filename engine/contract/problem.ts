// Problem: the only error that crosses the wire. A letter to the person who must act: what happened, what is safe, what to do next.
// Never holds a secret, a token or a raw trace first; `detail` is shown one click away.

export type ProblemCode =
  | 'invalid' // the input can't be right; the message names the field
  | 'missing' // what was asked for does not exist (any more)
  | 'denied' // not allowed: not trusted, not signed in, read-only
  | 'conflict' // the thing changed meanwhile
  | 'busy' // not now; the hint says when
  | 'unreachable' // a process, host or file system does not answer
  | 'full' // disk, memory or quota
  | 'cancelled'
  | 'internal' // our own fault; the engine log has the stack

/** A command the user can press to go on: a call's name with its input, or a window command (`ui.*`). */
export type ProblemAction = { readonly title: string; readonly command: string; readonly input?: unknown }

export type Problem = {
  readonly code: ProblemCode
  readonly message: string
  readonly hint?: string
  readonly action?: ProblemAction
  /** What it concerns, e.g. `notebook:analysis.ipynb`, `kernel`, `ray`. */
  readonly where?: string
  readonly detail?: string
}

/** Throwable form of a Problem. Everything else that is thrown becomes `internal` at the wire. */
export class ProblemError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.message)
    this.name = 'ProblemError'
    this.problem = problem
  }
}

export const problem = (code: ProblemCode, message: string, more: Omit<Problem, 'code' | 'message'> = {}): ProblemError =>
  new ProblemError({ code, message, ...more })

/** Any thrown value as a Problem. The stack of a programmer's error goes to `log`, never to the viewer. */
export function toProblem(error: unknown, log?: (error: unknown) => void): Problem {
  if (error instanceof ProblemError) return error.problem
  if (typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError') {
    return { code: 'cancelled', message: 'Cancelled.' }
  }
  log?.(error)
  return {
    code: 'internal',
    message: 'Something in Updraft went wrong.',
    hint: 'Nothing was lost. Try again; `./updraft.mjs diagnose` collects what happened.',
  }
}
