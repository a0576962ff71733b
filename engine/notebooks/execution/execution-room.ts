// Execution for all open notebooks: attaches itself to each when it is opened, and answers the calls of the notebook topic that run something.
// The document's half is ../notebook-room.ts; the composition root builds both.
import type { Asker } from '../../contract/index.ts'
import type { Sessions } from '../../sessions/session.ts'
import type { ExecutionAnswers } from '../notebook-room.ts'
import type { OpenNotebook } from '../open-notebook.ts'
import type { OpenNotebooks } from '../open-notebooks.ts'
import type { EnvironmentChoice } from './kernel-link.ts'
import type { BlobSink } from './mime-values.ts'
import { NotebookExecution } from './notebook-execution.ts'
import type { RunReport } from './run-ledger.ts'
import { type RunRow, reportRow } from './run-report.ts'
import type { Spools } from './stream-output.ts'

export type ExecutionRoomOptions = {
  readonly notebooks: OpenNotebooks
  readonly sessions: Sessions
  readonly environments: EnvironmentChoice
  readonly blobs: BlobSink
  readonly spools: Spools
  /** The folder to trust before anything of this notebook may run. */
  readonly trustFolder: (notebookPath: string) => string
  /** Takes what becomes known of each run (live/executions.ts). */
  readonly executions?: { record(row: RunRow): void }
  /** Unexpected errors; never shown as they are. */
  readonly log: (error: unknown) => void
  readonly now?: () => number
}

export type ExecutionRoom = {
  readonly answers: ExecutionAnswers
  /** The running half of an open notebook. */
  of(notebook: string): Promise<NotebookExecution>
  /** Lets go of all notebooks; kernels run on. Before the notebooks themselves are closed. */
  close(): Promise<void>
}

export function createExecution(options: ExecutionRoomOptions): ExecutionRoom {
  const { notebooks, log } = options
  const held = new Map<string, NotebookExecution>()
  const letGo = async (id: string): Promise<void> => {
    const execution = held.get(id)
    held.delete(id)
    await execution?.close()
  }
  notebooks.onOpened = (notebook) => {
    const execution = attach(options, notebook)
    held.set(notebook.id, execution)
    // In the background: a notebook opens also when its kernel's place can't be reached.
    execution.open().catch(log)
  }
  notebooks.onClosing = (notebook) => letGo(notebook.id)
  notebooks.isBusy = (notebook) => held.get(notebook.id)?.busy ?? false

  const of = async (id: string): Promise<NotebookExecution> => {
    const notebook = await notebooks.get(id)
    const execution = held.get(notebook.id) ?? attach(options, notebook)
    held.set(notebook.id, execution)
    return execution
  }
  const nothing = async (work: Promise<void>): Promise<null> => {
    await work
    return null
  }
  return {
    of,
    answers: {
      'notebook.run': async ({ notebook, ...wish }) => (await of(notebook)).run(wish),
      'notebook.interrupt': async ({ notebook }) => nothing((await of(notebook)).interrupt()),
      'notebook.restart': async ({ notebook, ...wish }) => nothing((await of(notebook)).restart(wish)),
      'notebook.shutdown': async ({ notebook }) => nothing((await of(notebook)).shutdown()),
      'notebook.answer-input': async ({ notebook, ...answer }) => nothing((await of(notebook)).answerInput(answer)),
      'notebook.choose-environment': async ({ notebook, environment }) =>
        nothing((await of(notebook)).chooseEnvironment(environment)),
      'notebook.complete': async ({ notebook, ...at }, asker: Asker) => (await of(notebook)).complete(at, asker.signal),
      'notebook.inspect': async ({ notebook, ...at }, asker: Asker) => (await of(notebook)).inspect(at, asker.signal),
    },
    async close() {
      for (const id of [...held.keys()]) await letGo(id).catch(log)
    },
  }
}

function attach(options: ExecutionRoomOptions, notebook: OpenNotebook): NotebookExecution {
  const { notebooks, sessions, environments, blobs, spools, trustFolder, executions, now } = options
  const { document } = notebook
  const onRun = (report: RunReport): void => executions?.record(reportRow(report, document.state))
  return new NotebookExecution({
    document,
    sessions,
    environments,
    blobs,
    spools,
    sessionId: notebook.id,
    folder: () => notebook.path.slice(0, notebook.path.lastIndexOf('/')) || '/',
    trustFolder: () => trustFolder(notebook.path),
    watched: () => notebooks.isWatched(notebook),
    onRun,
    log: options.log,
    ...(now === undefined ? {} : { now }),
  })
}
