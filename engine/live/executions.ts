// The table `executions`: every run of every cell, newest last. Notebook rooms record what they know as it becomes known; it is kept in a
// JSON-lines file in the state folder, so that the list outlives the engine. A convenience, not a truth: notebooks keep their own journal.
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Timers } from '../contract/timers.ts'
import type { CellRun } from '../contract/topics/notebook.ts'
import type { TableRow } from '../contract/topics/tables.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import { TableSource } from './table-source.ts'

export type ExecutionRow = {
  /** The execution id. */
  readonly id: string
  /** Path of the notebook when it ran. */
  readonly notebook: string
  readonly cell: string
  /** The first line of code that is not empty, at most 200 characters. */
  readonly code: string
  readonly state: CellRun['state']
  readonly queuedMs: number
  readonly startedMs?: number
  readonly endedMs?: number
  /** Execution count. */
  readonly count?: number
  readonly environment?: string
  readonly place?: string
  /** One line: the error's name and value, or the Problem's message. */
  readonly error?: string
}

/** What the notebook rooms see. */
export interface Executions {
  /** Adds a run, or what became known of it since. Never throws, never waits. */
  record(row: Pick<ExecutionRow, 'id'> & Partial<ExecutionRow>): void
  /** The table as it stands, for questions like "where did I leave off". */
  readonly table: TableSource
  close(): Promise<void>
}

const LIMIT = 20_000
const FLUSH_MS = 500
/** The file is written anew, one line per run, when it holds this many lines more than runs. */
const COMPACT_LINES = 50_000

export function createExecutions(stateFolder: string, timers: Timers): Executions {
  const file = join(stateFolder, 'executions.jsonl')
  const table = new TableSource({ timers, limit: LIMIT, asOf })
  let lines = load(file, table)
  // A line that a killed engine left unfinished is ended first, or it would swallow the next one.
  let pending: string[] = isTorn(file) ? ['\n'] : []
  let callOff: (() => void) | undefined
  let compacting = Promise.resolve()

  const flush = () => {
    callOff = undefined
    if (pending.length === 0) return
    const text = pending.join('')
    lines += pending.length
    pending = []
    try {
      appendFileSync(file, text, { mode: 0o600 })
    } catch {
      // A full disk costs this list some lines, nothing else; the notebooks say that the disk is full.
    }
    if (lines > table.size + COMPACT_LINES) compact()
  }
  const compact = () => {
    lines = table.size
    // In turn with later appends: they go to the new file only after it is in place.
    compacting = compacting
      .then(() =>
        writeAtomic(
          file,
          `${table
            .all()
            .map((row) => JSON.stringify(row))
            .join('\n')}\n`,
          { mode: 0o600 },
        ),
      )
      .catch(() => undefined)
  }
  return {
    table,
    record(row) {
      const merged = { ...table.get(row.id), ...row }
      table.set(merged as TableRow)
      pending.push(`${JSON.stringify(row)}\n`)
      callOff ??= timers.after(FLUSH_MS, flush)
    },
    async close() {
      callOff?.()
      flush()
      await compacting
    },
  }
}

function isTorn(file: string): boolean {
  try {
    const last = readFileSync(file, 'utf8').at(-1)
    return last !== undefined && last !== '\n'
  } catch {
    return false
  }
}

function load(file: string, table: TableSource): number {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return 0
  }
  let lines = 0
  for (const line of text.split('\n')) {
    if (line === '') continue
    lines++
    try {
      const row = JSON.parse(line) as ExecutionRow
      if (typeof row.id === 'string') table.set({ ...table.get(row.id), ...row } as TableRow)
    } catch {
      // A torn last line of a killed engine.
    }
  }
  return lines
}

/** A run as it stood at an instant: its times say what was not yet known. */
function asOf(row: TableRow, atMs: number): TableRow | undefined {
  const run = row as unknown as ExecutionRow
  if (run.queuedMs > atMs) return undefined
  if (run.endedMs !== undefined && run.endedMs <= atMs) return row
  const { endedMs: _ended, error: _error, startedMs, ...rest } = run
  const running = startedMs !== undefined && startedMs <= atMs
  return { ...rest, state: running ? 'running' : 'queued', ...(running ? { startedMs } : {}) } as unknown as TableRow
}
