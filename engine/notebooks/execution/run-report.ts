// A run as the list of all runs of all notebooks shows it. Pure.
import type { CellRun, NotebookState } from '../../contract/topics/notebook.ts'
import type { RunReport } from './run-ledger.ts'

/** What `executions` (live/executions.ts) takes. */
export type RunRow = {
  readonly id: string
  readonly notebook: string
  readonly cell: string
  readonly state: CellRun['state']
  readonly queuedMs: number
  readonly code?: string
  readonly startedMs?: number
  readonly endedMs?: number
  readonly count?: number
  readonly environment?: string
  readonly place?: string
  readonly error?: string
}

const firstLine = (code: string): string => (code.split('\n', 200).find((line) => line.trim() !== '') ?? '').slice(0, 200)

export function reportRow({ id, cell, run, code, count, error }: RunReport, notebook: NotebookState): RunRow {
  const { environment, place } = notebook.kernel
  return {
    id,
    notebook: notebook.path,
    cell,
    state: run.state,
    queuedMs: run.queuedAtMs,
    ...(code === undefined ? {} : { code: firstLine(code) }),
    ...(run.startedAtMs === undefined ? {} : { startedMs: run.startedAtMs }),
    ...(run.endedAtMs === undefined ? {} : { endedMs: run.endedAtMs }),
    ...(count === undefined ? {} : { count }),
    ...(environment === undefined ? {} : { environment }),
    place: place.title,
    ...(error === undefined ? {} : { error }),
  }
}
