// A Problem on a terminal: what happened, what to do next. A programmer's error keeps its stack.
import { ProblemError } from './contract/problem.ts'

export function sayProblem(error: unknown, what: string): void {
  if (error instanceof ProblemError) {
    const { message, hint, detail } = error.problem
    process.stderr.write(`${[message, hint, detail].filter((line) => line !== undefined && line !== '').join('\n')}\n`)
  } else process.stderr.write(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
}
