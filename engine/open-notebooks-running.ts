// Notebooks and what runs in them, joined: each open document gets its execution, its outputs their places, and the room its answers.
import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Room } from './contract/rooms.ts'
import type { Environments } from './environments/environments.ts'
import type { BlobStore } from './live/blob-store.ts'
import { type Executions, firstLine } from './live/executions.ts'
import { LineFile } from './live/line-file.ts'
import type { LogsRoom } from './live/logs-room.ts'
import type { SpoolStore } from './live/spool-store.ts'
import type { RunReport } from './notebooks/execution/execution.ts'
import { NotebookExecution } from './notebooks/execution/notebook-execution.ts'
import { createNotebookRoom, type ExecutionAnswers } from './notebooks/notebook-room.ts'
import type { OpenNotebook } from './notebooks/open-notebook.ts'
import { OpenNotebooks } from './notebooks/open-notebooks.ts'
import type { OutpostSessions } from './sessions/sessions.ts'
import type { EngineLog } from './support/engine-log.ts'
import type { Workspace } from './workspace/workspace.ts'

export type RunningNotebooksOptions = {
  readonly stateFolder: string
  readonly ownNotebooks: string
  readonly log: EngineLog
  readonly workspace: Workspace
  readonly sessions: OutpostSessions
  readonly environments: Environments
  readonly blobs: BlobStore
  readonly spools: SpoolStore
  readonly logs: LogsRoom
  readonly executions: Executions
}

export type RunningNotebooks = {
  readonly room: Room
  readonly notebooks: OpenNotebooks
  /** Cells that run or wait. */
  runningCells(): number
}

export function createRunningNotebooks(options: RunningNotebooksOptions): RunningNotebooks {
  const { blobs, spools, workspace, log } = options
  const folder = join(options.stateFolder, 'notebooks')
  const running = new Map<string, NotebookExecution>()
  const viewers = new Map<string, number>()

  const notebooks = new OpenNotebooks({
    folder,
    store: {
      blob: (hash) => blobs.get(hash),
      log: async (id, from, to) => {
        if (id.startsWith('notebook:')) return notebooks.logText(id.slice('notebook:'.length))?.subarray(from, to)
        return id.startsWith('run:') ? (await spools.find(id.slice('run:'.length)))?.bytesAt(from, to) : undefined
      },
    },
    workspace: () => workspace.folder,
    home: homedir(),
    trusted: (path) => workspace.trust.isTrusted(path),
    log: (error) => log.error(error, 'notebook'),
  })
  // Pictures that came with a file are stored when a window first asks for them.
  blobs.provides((hash) => notebooks.blob(hash))
  notebooks.onOpened = (notebook) => {
    const execution = new NotebookExecution({
      document: notebook.document,
      blobs,
      spools,
      watched: () => (viewers.get(notebook.id) ?? 0) > 0,
      sessions: options.sessions,
      environments: options.environments,
      sessionId: notebook.id,
      folder: () => dirname(notebook.path),
      trustFolder: () => trustFolder(notebook.path, workspace.folder),
      onRun: (run) => record(options.executions, notebook, run),
    })
    running.set(notebook.id, execution)
    // Not awaited: the page shows at once, and the kernel that may still run is found meanwhile.
    void execution.open().catch((error: unknown) => log.error(error, 'finding the kernel of a notebook again'))
    void workspace.remember(notebook.path, 'notebook').catch((error: unknown) => log.error(error, 'recent list'))
  }
  notebooks.onClosing = async (notebook) => {
    const execution = running.get(notebook.id)
    running.delete(notebook.id)
    await execution?.close()
  }
  notebooks.isBusy = (notebook) => notebook.state.queue.length > 0 || isRunning(notebook)
  workspace.onChange(() => void notebooks.trustChanged().catch((error: unknown) => log.error(error, 'trust')))

  // A long stream that came with a file: put by its hash into the blob store, and read there like any log.
  options.logs.provide('notebook', async (name) => {
    const text = notebooks.logText(name)
    return text === undefined ? undefined : LineFile.open(blobs.path((await blobs.put(text)).blob), 'Output')
  })
  // Journals name what notebooks still refer to, also those that are not open.
  blobs.refersTo(() => namedIn(folder, /\b[0-9a-f]{64}\b/g))
  spools.refersTo(() => namedIn(folder, /(?<=run:)[\w.-]+/g))

  const room = createNotebookRoom({
    notebooks,
    openLog: (id, signal) => options.logs.find(id, signal),
    execution: executionAnswers(async (id) => {
      const notebook = await notebooks.get(id)
      const execution = running.get(notebook.id)
      if (execution === undefined) throw new Error('a notebook is open without its execution')
      return execution
    }),
    closeExecution: async () => {
      await Promise.allSettled([...running.values()].map((execution) => execution.close()))
      running.clear()
    },
  })
  return {
    notebooks,
    room: { ...room, sources: { ...room.sources, notebook: counted(room, viewers) } },
    runningCells: () => notebooks.all.reduce((sum, n) => sum + n.state.queue.length + (isRunning(n) ? 1 : 0), 0),
  }
}

const isRunning = (notebook: OpenNotebook) =>
  notebook.state.order.some((id) => notebook.state.cells[id]?.run?.state === 'running')

/** The folder whose trust decides: the open one when the notebook lies in it. */
const trustFolder = (path: string, workspace: string | undefined) =>
  workspace !== undefined && path.startsWith(`${workspace}/`) ? workspace : dirname(path)

/** Windows that look: cells that end while none does go to the "while you were away" list. */
function counted(room: Room, viewers: Map<string, number>): NonNullable<Room['sources']['notebook']> {
  const source = room.sources.notebook
  if (source === undefined) throw new Error('the notebook room has no feed')
  return async (key, asker) => {
    const watched = await source(key, asker)
    const count = (by: number) => viewers.set(key.notebook, (viewers.get(key.notebook) ?? 0) + by)
    const looks = asker.role === 'window' ? 1 : 0
    count(looks)
    let left = false
    return {
      feed: watched.feed,
      release: () => {
        if (!left) count(-looks)
        left = true
        watched.release()
      },
    }
  }
}

function executionAnswers(of: (notebook: string) => Promise<NotebookExecution>): ExecutionAnswers {
  const done = async (work: Promise<unknown>) => {
    await work
    return null
  }
  return {
    'notebook.run': async ({ notebook, cells, ids }) => (await of(notebook)).run({ cells, ids }),
    'notebook.interrupt': async ({ notebook }) => done((await of(notebook)).interrupt()),
    'notebook.restart': async ({ notebook, clear, runAll }) => done((await of(notebook)).restart({ clear, runAll })),
    'notebook.shutdown': async ({ notebook }) => done((await of(notebook)).shutdown()),
    'notebook.answer-input': async ({ notebook, execution, text }) => done((await of(notebook)).answerInput({ execution, text })),
    'notebook.choose-environment': async ({ notebook, environment }) => done((await of(notebook)).chooseEnvironment(environment)),
    'notebook.complete': async ({ notebook, code, position }, asker) =>
      (await of(notebook)).complete({ code, position }, asker.signal),
    'notebook.inspect': async ({ notebook, code, position, detail }, asker) =>
      (await of(notebook)).inspect({ code, position, detail }, asker.signal),
  }
}

function record(executions: Executions, notebook: OpenNotebook, report: RunReport): void {
  const { run } = report
  executions.record({
    id: report.id,
    notebook: notebook.path,
    cell: report.cell,
    state: run.state,
    queuedMs: run.queuedAtMs,
    ...(report.code === undefined ? {} : { code: firstLine(report.code) }),
    ...(run.startedAtMs === undefined ? {} : { startedMs: run.startedAtMs }),
    ...(run.endedAtMs === undefined ? {} : { endedMs: run.endedAtMs }),
    ...(report.count === undefined ? {} : { count: report.count }),
    ...(report.error === undefined && run.problem === undefined ? {} : { error: report.error ?? run.problem?.message ?? '' }),
  })
}

async function namedIn(folder: string, pattern: RegExp): Promise<Set<string>> {
  const names = new Set<string>()
  for (const id of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, id, 'journal.jsonl'), 'utf8').catch(() => '')
    for (const [name] of text.matchAll(pattern)) names.add(name)
  }
  return names
}
