// `updraft run FILE.ipynb`: runs a notebook to its end through the same engine and the same calls as a window, on a copy where an output is
// named, and says on stderr how it goes. Parameters as papermill does them: a cell after the one tagged `parameters`.
import { randomBytes, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { type CliEngine, until } from './cli-engine.ts'
import { sayPhases } from './cli-ray.ts'
import type { Link, Watching } from './contract/link.ts'
import { problem } from './contract/problem.ts'
import type { Cell, NotebookState } from './contract/topics/notebook.ts'
import { parametersCell } from './parameters-cell.ts'

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

export async function runNotebook(asked: RunArguments, { link }: CliEngine, say: Say, signal: AbortSignal): Promise<RunReport> {
  const file = resolve(asked.file)
  const info = await stat(file).catch(() => undefined)
  if (info === undefined) throw problem('missing', `There is no file ${file}.`, { hint: 'Nothing was run.' })
  if (!info.isFile()) throw problem('invalid', `${file} is not a file.`, { hint: 'Nothing was run. Name an .ipynb file.' })
  if (asked.parameters.length > 0 && asked.output === undefined)
    throw problem('invalid', '--param changes the notebook.', {
      hint: 'Nothing was run. Say with --output where the result goes.',
    })
  const beganMs = Date.now()
  const work = asked.output === undefined ? file : await copyBeside(file, resolve(asked.output))
  try {
    // To name this file on the command line is to trust it: this file, not the folder it lies in.
    await link.call('workspace.trust', { folder: work, trusted: true })
    const cells = await runOpened(work, asked, link, say, signal)
    if (asked.output !== undefined) await moveTo(work, resolve(asked.output))
    const failed = cells.find((cell) => cell.state !== 'done' && cell.state !== 'skipped' && cell.state !== 'expected')
    const ok = failed === undefined || (asked.allowErrors && failed.state === 'failed')
    return {
      ok,
      notebook: file,
      output: asked.output === undefined ? file : resolve(asked.output),
      seconds: (Date.now() - beganMs) / 1000,
      cells,
      ...(failed === undefined ? {} : { failed }),
    }
  } finally {
    if (work !== file) await rm(work, { force: true })
  }
}

/** A copy in the same folder, so that relative paths in the notebook mean what they always mean; beside the output where that can't be. */
async function copyBeside(file: string, output: string): Promise<string> {
  const stem = `.${basename(file, '.ipynb')}.run`
  // The same name each time, so that what is remembered by path (trust, the kernel's environment) does not grow with every run.
  for (const name of [`${stem}.ipynb`, `${stem}-${randomBytes(4).toString('hex')}.ipynb`]) {
    for (const folder of [dirname(file), dirname(output)]) {
      const copy = join(folder, name)
      try {
        await copyFile(file, copy, constants.COPYFILE_EXCL)
        return copy
      } catch {}
    }
  }
  throw problem('denied', `No copy can be made in ${dirname(file)} or ${dirname(output)}.`, {
    hint: 'Nothing was run. Name an --output in a folder that can be written.',
  })
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

async function runOpened(path: string, asked: RunArguments, link: Link, say: Say, signal: AbortSignal): Promise<CellReport[]> {
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
      return await runCells(notebook, watching, asked.allowErrors, link, say, signal)
    } finally {
      stopInput()
      stopPhases()
      // Also after an interrupt: what was made is kept.
      await link.call('notebook.save', { notebook })
      await link.call('notebook.shutdown', { notebook }).catch(() => undefined)
    }
  } finally {
    watching.close()
    await link.call('notebook.close', { notebook }).catch(() => undefined)
  }
}

async function runCells(
  notebook: string,
  watching: Watching<NotebookState>,
  allowErrors: boolean,
  link: Link,
  say: Say,
  signal: AbortSignal,
): Promise<CellReport[]> {
  const state = await until(watching, () => true, signal)
  const cells = state.order.flatMap((id, i) => (state.cells[id]?.kind === 'code' ? [{ id, index: i + 1 }] : []))
  const reports: CellReport[] = []
  for (const [n, { id, index }] of cells.entries()) {
    const report = await runCell(notebook, watching, link, id, index, signal)
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
  link: Link,
  id: string,
  index: number,
  signal: AbortSignal,
): Promise<CellReport> {
  const execution = randomUUID()
  const beganMs = Date.now()
  const { executions } = await link.call('notebook.run', { notebook, cells: [id], ids: [execution] }, signal)
  if (executions.length === 0) return { index, id, state: 'skipped', seconds: 0 }
  const interrupt = () => void link.call('notebook.interrupt', { notebook }).catch(() => undefined)
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const fits = (state: NotebookState) => {
      const run = state.cells[id]?.run
      return run?.execution === execution && ENDED.has(run.state)
    }
    const state = await until(watching, fits)
    const cell = state.cells[id]
    const error = cell === undefined ? undefined : errorOf(cell)
    const expected =
      cell?.run?.state === 'failed' && Array.isArray(cell.metadata['tags']) && cell.metadata['tags'].includes('raises-exception')
    return {
      index,
      id,
      state: expected ? 'expected' : (cell?.run?.state ?? 'lost'),
      seconds: (Date.now() - beganMs) / 1000,
      ...(error === undefined ? {} : { error }),
    }
  } finally {
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
