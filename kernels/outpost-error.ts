// The one error of this folder. Codes are the outpost's own (PROTOCOL.md §7) and, from this side: `outpost.timeout` (no answer in time),
// `outpost.broken` (the stream broke before the answer to something that must not be asked twice), `outpost.closed`, `outpost.unreachable`.
import type { OutpostProblem } from './protocol.ts'

export class OutpostError extends Error {
  readonly code: string
  readonly hint: string | undefined
  /** `cause`: what the dial threw, for whoever knows its kind. */
  constructor(problem: OutpostProblem, cause?: unknown) {
    super(problem.message, { cause })
    this.name = 'OutpostError'
    this.code = problem.code
    this.hint = problem.hint
  }
}
