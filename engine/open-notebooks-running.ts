// Notebooks and what runs in them, joined: each open document gets its execution, its outputs their places, and the room its answers.
import { readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Room } from './contract/rooms.ts'
import type { Environments } from './environments/environments.ts'
import type { BlobStore } from './live/blob-store.ts'
import type { Executions } from './live/executions.ts'
import { LineFile } from './live/line-file.ts'
import type { LogsRoom } from './live/logs-room.ts'
import type { SpoolStore } from './live/spool-store.ts'
import { createExecution } from './notebooks/execution/execution-room.ts'
import { createNotebookRoom } from './notebooks/notebook-room.ts'
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
  const execution = createExecution({
    notebooks,
    sessions: options.sessions,
    environments: options.environments,
    blobs,
    spools,
    trustFolder: (path) => trustFolder(path, workspace.folder),
    executions: options.executions,
    log: (error) => log.error(error, 'execution'),
  })
  const attach = notebooks.onOpened
  notebooks.onOpened = async (notebook) => {
    await attach(notebook)
    void workspace.remember(notebook.path, 'notebook').catch((error: unknown) => log.error(error, 'recent list'))
  }
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
    execution: execution.answers,
    closeExecution: () => execution.close(),
  })
  return {
    notebooks,
    room,
    runningCells: () => notebooks.all.reduce((sum, n) => sum + n.state.queue.length + (isRunning(n) ? 1 : 0), 0),
  }
}

const isRunning = (notebook: OpenNotebook) =>
  notebook.state.order.some((id) => notebook.state.cells[id]?.run?.state === 'running')

/** The folder whose trust decides: the open one when the notebook lies in it. */
const trustFolder = (path: string, workspace: string | undefined) =>
  workspace !== undefined && path.startsWith(`${workspace}/`) ? workspace : dirname(path)

async function namedIn(folder: string, pattern: RegExp): Promise<Set<string>> {
  const names = new Set<string>()
  for (const id of await readdir(folder).catch(() => [])) {
    const text = await readFile(join(folder, id, 'journal.jsonl'), 'utf8').catch(() => '')
    for (const [name] of text.matchAll(pattern)) names.add(name)
  }
  return names
}
