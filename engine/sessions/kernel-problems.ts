// What a person reads when a kernel died, can't be reached or can't be started: what happened, what is safe, what to do next.
import { type Exit, OutpostError, type OutpostProblem } from '../../kernels/index.ts'
import { type Problem, type ProblemCode, ProblemError } from '../contract/problem.ts'

const SAFE = 'The notebook and the outputs so far are safe; the variables are lost.'

/** `undefined` for an end that somebody asked for. */
export function deathProblem(exit: Pick<Exit, 'how' | 'code' | 'signalName' | 'oom' | 'stderrTail'>): Problem | undefined {
  if (exit.how === 'clean') return undefined
  const detail = exit.stderrTail === '' ? {} : { detail: exit.stderrTail }
  if (exit.oom) {
    const hint = `${SAFE} Restart the kernel and work on less at a time, or on a machine with more memory.`
    return {
      code: 'full',
      message: `The kernel was ended (${exit.signalName ?? 'SIGKILL'}) because memory ran out.`,
      hint,
      where: 'kernel',
      ...detail,
    }
  }
  return { code: 'unreachable', message: cause(exit), hint: `${SAFE} Restart the kernel to go on.`, where: 'kernel', ...detail }
}

function cause({ how, code, signalName }: Pick<Exit, 'how' | 'code' | 'signalName'>): string {
  if (how === 'signal') return `The kernel was ended by ${signalName ?? 'a signal'}${MEANING[signalName ?? ''] ?? ''}.`
  if (how === 'code') return `The kernel ended by itself with exit code ${code ?? 'unknown'}.`
  return 'The kernel ended, and nobody was there to see how.'
}

const MEANING: { readonly [signal: string]: string } = {
  SIGSEGV: ', a crash in native code',
  SIGABRT: ', an abort in native code',
  SIGBUS: ', a memory access that failed (often a full disk or shared memory)',
  SIGILL: ': a native library was built for another processor',
  SIGFPE: ', an arithmetic fault in native code',
  SIGKILL: ' from outside',
}

export function unreachableProblem(why: OutpostProblem, cause: unknown): Problem {
  const said = cause instanceof ProblemError ? cause.problem : undefined
  return {
    code: 'unreachable',
    message: 'The kernel can’t be reached at the moment.',
    hint: said?.hint ?? why.hint ?? 'Nothing is lost: it is tried again by itself.',
    where: 'kernel',
    detail: said?.detail === undefined ? why.message : `${why.message}\n${said.detail}`,
  }
}

export const replacedProblem: Problem = {
  code: 'conflict',
  message: 'Another Updraft has taken over the kernels of this place.',
  hint: 'Nothing is lost. Go on in the other one, or close it and restart this one.',
  where: 'kernel',
}

const CODES: { readonly [code: string]: ProblemCode } = {
  'start.no-command': 'missing',
  'start.no-folder': 'missing',
  'start.exists': 'conflict',
  'run.unknown': 'missing',
  'run.ended': 'conflict',
  'outpost.replaced': 'conflict',
  'outpost.closed': 'cancelled',
}

/** Errors of the outpost and its client as the one error that crosses the wire. */
export function kernelError(error: unknown): unknown {
  if (!(error instanceof OutpostError)) return error
  // The place itself has said it better.
  if (error.cause instanceof ProblemError) return error.cause
  const code = CODES[error.code] ?? (error.code.startsWith('start.') ? 'invalid' : 'unreachable')
  const hint = error.hint ?? (code === 'unreachable' ? 'Nothing is lost: it is tried again by itself.' : undefined)
  return new ProblemError({ code, message: error.message, where: 'kernel', ...(hint === undefined ? {} : { hint }) })
}

export const notRunning = (state: string): ProblemError =>
  new ProblemError({
    code: 'conflict',
    message: `The kernel is not running (${state}).`,
    hint: 'Nothing was run. Restart the kernel, then run the cell again.',
    where: 'kernel',
  })
