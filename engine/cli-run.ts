// `updraft run FILE.ipynb`: runs a notebook to its end through the same engine and the same calls as a window, on a copy where an output is
// named, and says on stderr how it goes. Parameters as papermill does them: a cell after the one tagged `parameters`.
import { randomUUID } from 'node:crypto'
import { copyFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { type CliEngine, stateOf, until } from './cli-engine.ts'
import { sayPhases } from './cli-ray.ts'
import type { Link, Watching } from './contract/link.ts'
import { ProblemError, problem } from './contract/problem.ts'
import type { Cell, NotebookState } from './contract/topics/notebook.ts'
import { parametersCell } from './parameters-cell.ts'
import { makeRunCopy, sweepRunCopies } from './run-copy.ts'
import { foldersFor } from './support/folders.ts'

export type RunArguments = {
  readonly file: string
  readonly output?: string
  readonly parameters: readonly (readonly [string, string])[]
  readonly allowErrors: boolean
  readonly environment?: string
}

export type CellReport = {
  readonly index: number
  readonly id: string
  readonly state: string
  readonly seconds: number
  readonly error?: string
}
export type RunReport = {
  readonly ok: boolean
  readonly notebook: string
  readonly output: string
  readonly seconds: number
  readonly cells: readonly CellReport[]
  readonly failed?: CellReport
}

type Say = (line: string) => void
const ENDED = new Set(['done', 'failed', 'interrupted', 'aborted', 'lost'])

/** A cell that does not listen to an interrupt ends with its kernel. */
const INTERRUPT_MS = 10_000
const SAVE_MS = 15_000

type Run = {
  readonly link: Link
  readonly lost: AbortSignal
  readonly say: Say
  /** The user's Ctrl-C. */
  readonly signal: AbortSignal
}

/** Throws Problems; `signal` interrupts the cell that runs and ends the run, with what was made until then saved. */
export async function runNotebook(asked: RunArguments, engine: CliEngine, say: Say, signal: AbortSignal): Promise<RunReport> {
  const { link, lost } = engine
  const file = resolve(asked.file)
  const info = await stat(file).catch(() => undefined)
  if (info === undefined) throw problem('missing', `There is no file ${file}.`, { hint: 'Nothing was run.' })
  if (!info.isFile()) throw problem('invalid', `${file} is not a file.`, { hint: 'Nothing was run. Name an .ipynb file.' })
  if (asked.parameters.length > 0 && asked.output === undefined)
    throw problem('invalid', '--param changes the notebook.', {
      hint: 'Nothing was run. Say with --output where the result goes.',
    })
  const beganMs = Date.now()
  const output = asked.output === undefined ? undefined : resolve(asked.output)
  const records = join(foldersFor().state, 'run-copies')
  const left = await sweepRunCopies(records, (copy) => endKernelsOf(copy, link, lost))
  const copy = output === undefined ? undefined : await makeRunCopy(file, output, records, left)
  const work = copy?.path ?? file
  try {
    // To name this file on the command line is to trust it: this file, not the folder it lies in.
    await link.call('workspace.trust', { folder: work, trusted: true })
    const cells = await runOpened(work, asked, { link, lost, say, signal }).catch(async (error: unknown) => {
      // What was saved until the engine went is the result so far.
      if (lost.aborted && output !== undefined) await moveTo(work, output)
      throw lost.aborted ? lost.reason : error
    })
    if (output !== undefined) await moveTo(work, output)
    const failed = cells.find((cell) => cell.state !== 'done' && cell.state !== 'skipped' && cell.state !== 'expected')
    const ok = failed === undefined || (asked.allowErrors && failed.state === 'failed')
    return {
      ok,
      notebook: file,
      output: output ?? file,
      seconds: (Date.now() - beganMs) / 1000,
      cells,
      ...(failed === undefined ? {} : { failed }),
    }
  } finally {
    copy?.release()
  }
}

/** A run that was killed could not end its kernel. */
async function endKernelsOf(notebook: string, link: Link, signal: AbortSignal): Promise<void> {
  const { list } = await stateOf(link, 'sessions', null, signal)
  for (const { id } of list.filter((session) => session.notebook === notebook))
    await link.call('sessions.stop', { session: id }, signal).catch(() => undefined)
}

async function moveTo(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch {
    // Another file system.
    await copyFile(from, to).catch((error: unknown) => {
      throw problem(
        'denied',
        `The result can't be written to ${to} (${error instanceof Error && 'code' in error ? error.code : error}).`,
        { hint: 'The notebook ran; name another --output and run it again.' },
      )
    })
    await rm(from, { force: true })
  }
}

async function runOpened(path: string, asked: RunArguments, run: Run): Promise<CellReport[]> {
  const { link, lost, say } = run
  const signal = AbortSignal.any([run.signal, lost])
  const { notebook } = await link.call('notebook.open', { path }, signal)
  const watching = link.watch('notebook', { notebook })
  try {
    const state = await until(watching, () => true, signal)
    for (const remark of state.remarks) say(remark.message)
    if (asked.environment !== undefined)
      await link.call('notebook.choose-environment', { notebook, environment: asked.environment }, signal)
    if (asked.parameters.length > 0) {
      const ops = parametersCell(state, asked.parameters)
      await link.call('notebook.edit', { notebook, ops: [...ops], title: 'Parameters' }, signal)
      // The answer may come before the change: what is run is what the notebook then holds.
      await until(watching, (now) => ops.every((op) => op.op !== 'insert-cell' || now.cells[op.cell.id] !== undefined), signal)
    }
    // The first cell waits for the kernel, and the kernel for a Ray that is starting: said, so that nobody wonders.
    const stopPhases = sayPhases(link, say)
    const stopInput = answerInputs(link, notebook, watching, say)
    try {
      return await runCells(notebook, watching, asked.allowErrors, run)
    } finally {
      stopInput()
      stopPhases()
      if (!lost.aborted) {
        // Also after an interrupt: what was made is kept.
        const soon = AbortSignal.any([lost, AbortSignal.timeout(SAVE_MS)])
        await link.call('notebook.save', { notebook }, soon)
        await link.call('notebook.shutdown', { notebook }, soon).catch(() => undefined)
      }
    }
  } finally {
    watching.close()
    if (!lost.aborted) await link.call('notebook.close', { notebook }, AbortSignal.timeout(SAVE_MS)).catch(() => undefined)
  }
}

async function runCells(
  notebook: string,
  watching: Watching<NotebookState>,
  allowErrors: boolean,
  run: Run,
): Promise<CellReport[]> {
  const { say, lost } = run
  const state = await until(watching, () => true, AbortSignal.any([run.signal, lost]))
  const cells = state.order.flatMap((id, i) => (state.cells[id]?.kind === 'code' ? [{ id, index: i + 1 }] : []))
  const reports: CellReport[] = []
  for (const [n, { id, index }] of cells.entries()) {
    const report = await runCell(notebook, watching, run, id, index)
    reports.push(report)
    const code = (watching.view.state?.cells[id]?.source ?? '').split('\n').find((line) => line.trim() !== '') ?? ''
    say(
      `[${n + 1}/${cells.length}] ${report.state === 'failed' ? 'FAILED ' : ''}${report.seconds.toFixed(1)} s  ${code.slice(0, 80)}`,
    )
    if (report.state === 'done' || report.state === 'skipped' || report.state === 'expected') continue
    if (report.error !== undefined) say(report.error)
    if (!allowErrors || report.state !== 'failed') break
  }
  return reports
}

async function runCell(
  notebook: string,
  watching: Watching<NotebookState>,
  { link, lost, signal }: Run,
  id: string,
  index: number,
): Promise<CellReport> {
  const execution = randomUUID()
  const beganMs = Date.now()
  const ask = async (): Promise<readonly string[]> => {
    try {
      return (await link.call('notebook.run', { notebook, cells: [id], ids: [execution] }, AbortSignal.any([signal, lost])))
        .executions
    } catch (error) {
      // The engine went while it was asked. The id is ours: asked again, the cell does not run twice.
      if (!(error instanceof ProblemError && error.problem.code === 'unreachable') || lost.aborted) throw error
      await until(watching, () => true, AbortSignal.any([signal, lost]))
      return ask()
    }
  }
  if ((await ask()).length === 0) return { index, id, state: 'skipped', seconds: 0 }
  const deaf = new AbortController()
  let waiting: NodeJS.Timeout | undefined
  const interrupt = () => {
    void link.call('notebook.interrupt', { notebook }).catch(() => undefined)
    waiting = setTimeout(() => deaf.abort(), INTERRUPT_MS)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  if (signal.aborted) interrupt()
  try {
    const fits = (state: NotebookState) => {
      const run = state.cells[id]?.run
      return run?.execution === execution && ENDED.has(run.state)
    }
    const state = await until(watching, fits, AbortSignal.any([lost, deaf.signal])).catch((error: unknown) => {
      if (!deaf.signal.aborted || lost.aborted) throw error
      return undefined
    })
    const seconds = (Date.now() - beganMs) / 1000
    if (state === undefined)
      return { index, id, state: 'interrupted', seconds, error: 'It did not listen to the interrupt: its kernel is ended.' }
    const cell = state.cells[id]
    const error = cell === undefined ? undefined : errorOf(cell)
    const expected =
      cell?.run?.state === 'failed' && Array.isArray(cell.metadata['tags']) && cell.metadata['tags'].includes('raises-exception')
    return {
      index,
      id,
      state: expected ? 'expected' : (cell?.run?.state ?? 'lost'),
      seconds,
      ...(error === undefined ? {} : { error }),
    }
  } finally {
    clearTimeout(waiting)
    signal.removeEventListener('abort', interrupt)
  }
}

function errorOf(cell: Cell): string | undefined {
  const error = cell.outputs.find((output) => output.type === 'error')
  if (error?.type === 'error') return error.traceback.length > 0 ? error.traceback.join('\n') : `${error.name}: ${error.value}`
  const said = cell.run?.problem
  return said === undefined ? undefined : [said.message, said.hint].filter(Boolean).join(' ')
}

/** `input()` in a notebook that runs from a terminal asks there; without one nobody can answer, and the cell is interrupted. */
function answerInputs(link: Link, notebook: string, watching: Watching<NotebookState>, say: Say): () => void {
  let answering = ''
  return watching.view.listen(() => {
    const input = watching.view.state?.input
    const key = input === undefined ? '' : `${input.execution} ${input.prompt}`
    if (input === undefined || key === answering) {
      if (input === undefined) answering = ''
      return
    }
    answering = key
    if (process.stdin.isTTY !== true || input.password) {
      say(
        `The cell asks "${input.prompt.trim()}" and there is ${input.password ? 'no safe way to type a password here' : 'no terminal to answer from'}: it is interrupted.`,
      )
      void link.call('notebook.interrupt', { notebook }).catch(() => undefined)
      return
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    void terminal
      .question(input.prompt)
      .then((text) => link.call('notebook.answer-input', { notebook, execution: input.execution, text }))
      .catch(() => undefined)
      .finally(() => terminal.close())
  })
}
