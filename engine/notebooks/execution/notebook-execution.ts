// The running half of an open notebook, as its room calls it: one object per notebook that answers run, interrupt, restart, input, completion.
// Joins execution.ts (queue and outputs) with kernel-link.ts (the kernel); what the calls mean is in contract/topics/notebook.ts.
import { randomUUID } from 'node:crypto'
import { ProblemError, problem } from '../../contract/problem.ts'
import type { Cell } from '../../contract/topics/notebook.ts'
import type { KernelMessage } from '../../sessions/session.ts'
import { type Completions, noCompletions, readCompletions, readInspection, toCodePoints } from './completion.ts'
import { Execution, type ExecutionOptions } from './execution.ts'
import { KernelLink, type KernelLinkOptions } from './kernel-link.ts'
import { untrusted } from './run-problems.ts'
import { SlowQuestions } from './slow-questions.ts'

export type NotebookExecutionOptions = Omit<ExecutionOptions, 'kernel'> &
  Omit<KernelLinkOptions, 'execution'> & {
    /** The folder to trust, when nothing of this notebook may run yet. */
    readonly trustFolder: () => string
  }

export class NotebookExecution {
  readonly #options: NotebookExecutionOptions
  readonly #execution: Execution
  readonly #link: KernelLink
  readonly #questions: SlowQuestions<KernelMessage>

  /** Goes on with what an earlier engine left, as soon as `open` is called. */
  constructor(options: NotebookExecutionOptions) {
    this.#options = options
    this.#execution = new Execution({ ...options, kernel: () => this.#link.kernel() })
    this.#link = new KernelLink({ ...options, execution: this.#execution })
    this.#questions = new SlowQuestions((type, content, deadline) => this.#link.ask(type, content, 'control', deadline))
  }

  /** A cell runs or waits: the notebook must stay open. */
  get busy(): boolean {
    return this.#execution.unfinished
  }

  /** Finds a kernel that runs still. Rejects when the outpost can't be reached: then nothing is lost and the next run tries again. */
  async open(): Promise<void> {
    if (this.#execution.hadKernel || this.#execution.unfinished) await this.#link.adopt()
  }

  /** Runs code cells in the order given; others are skipped, empty ones only lose their outputs. Answers the executions, one per cell that runs. */
  async run({
    cells,
    ids,
  }: {
    readonly cells: readonly string[]
    readonly ids?: readonly string[] | undefined
  }): Promise<{ executions: string[] }> {
    const { document } = this.#options
    if (!document.state.trusted) throw new ProblemError(untrusted(this.#options.trustFolder()))
    if (ids !== undefined && ids.length !== cells.length)
      throw problem('invalid', 'One id per cell is needed.', { where: 'notebook.run' })
    this.#link.checkAlive()
    const asked = cells.map((id, i) => ({ cell: document.cell(id), id: ids?.[i] ?? randomUUID() }))
    for (const { cell } of asked) if (cell?.kind === 'code' && cell.source.trim() === '') this.#clear(cell)
    const wishes = asked.flatMap(({ cell, id }) =>
      cell === undefined || cell.kind !== 'code' || cell.source.trim() === ''
        ? []
        : [{ id, cell: cell.id, code: cell.source, stopOnError: !mayFail(cell) }],
    )
    return { executions: await this.#execution.run(wishes) }
  }

  interrupt(): Promise<void> {
    return this.#link.interrupt()
  }

  /** `clear`: outputs of all cells go first, as one undo step. `runAll`: every code cell is queued for the new kernel. */
  async restart({
    clear,
    runAll,
  }: {
    readonly clear?: boolean | undefined
    readonly runAll?: boolean | undefined
  }): Promise<void> {
    const { document } = this.#options
    if (!document.state.trusted) throw new ProblemError(untrusted(this.#options.trustFolder()))
    await this.#link.restart()
    const { order } = document.state
    if (clear === true)
      document.apply(
        order.map((cell) => ({ op: 'clear-outputs', cell })),
        { title: 'Clear all outputs' },
      )
    if (runAll === true) await this.run({ cells: order })
  }

  shutdown(): Promise<void> {
    return this.#link.shutdown()
  }

  chooseEnvironment(environment: string): Promise<void> {
    return this.#link.chooseEnvironment(environment)
  }

  /** Answers `input()` or getpass. What was typed goes to the kernel only; the prompt with the answer stays as text, a password as dots. */
  async answerInput({ execution, text }: { readonly execution: string; readonly text: string }): Promise<void> {
    const session = this.#link.session
    const asked = this.#execution.input
    if (session === undefined || asked?.execution !== execution)
      throw problem('conflict', 'That question is not asked any more.', { where: 'kernel' })
    session.answerInput(execution, text)
    this.#execution.answered(asked, asked.password ? '········' : text)
  }

  async complete(
    { code, position }: { readonly code: string; readonly position: number },
    signal: AbortSignal,
  ): Promise<Completions> {
    const content = { code, cursor_pos: toCodePoints(code, position) }
    const reply = await this.#questions.ask('complete_request', content, signal)
    if (reply === 'later') return { ...noCompletions(position), later: true }
    return reply === undefined ? noCompletions(position) : readCompletions(code, position, reply.content)
  }

  async inspect(
    { code, position, detail }: { readonly code: string; readonly position: number; readonly detail?: '0' | '1' | undefined },
    signal: AbortSignal,
  ): Promise<{ found: boolean; data: { readonly [mime: string]: string }; later?: true }> {
    const content = { code, cursor_pos: toCodePoints(code, position), detail_level: detail === '1' ? 1 : 0 }
    const reply = await this.#questions.ask('inspect_request', content, signal)
    if (reply === 'later') return { found: false, data: {}, later: true }
    return reply === undefined ? { found: false, data: {} } : readInspection(reply.content)
  }

  /** Writes down where the log was read to and lets go; the kernel runs on. */
  async close(): Promise<void> {
    await this.#link.close()
    await this.#execution.close()
  }

  #clear(cell: Cell): void {
    if (cell.outputs.length > 0 || cell.count !== null) this.#options.document.apply([{ op: 'clear-outputs', cell: cell.id }])
  }
}

/** nbformat's tag for cells whose error is part of the story. */
function mayFail(cell: Cell): boolean {
  const { tags } = cell.metadata
  return Array.isArray(tags) && tags.includes('raises-exception')
}
