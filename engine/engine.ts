// The composition root: builds every room of the engine by hand, in order, and joins what they offer into one service. Nothing else in the
// engine knows more than its neighbours.
import { mkdir } from 'node:fs/promises'
import { cpus, homedir } from 'node:os'
import { join } from 'node:path'
import type { Room, SendBytes } from './contract/rooms.ts'
import { Environments } from './environments/environments.ts'
import { createEnvironmentsRoom } from './environments/environments-room.ts'
import { leave } from './leaving.ts'
import { BlobStore } from './live/blob-store.ts'
import { createExecutions } from './live/executions.ts'
import { LineFile } from './live/line-file.ts'
import { createLogsRoom } from './live/logs-room.ts'
import { SpoolStore } from './live/spool-store.ts'
import { createTablesRoom } from './live/tables-room.ts'
import { localSessions } from './local-place.ts'
import { createNoticesRoom, Notices } from './notices/notices.ts'
import { createRunningNotebooks } from './open-notebooks-running.ts'
import { torchPython } from './pythons.ts'
import { HostSampler } from './ray/host-sampler.ts'
import { LocalRay } from './ray/local-ray.ts'
import { createRayRoom } from './ray/ray-room.ts'
import { RayAtStart } from './ray-at-start.ts'
import type { RoomName } from './serve/api-owners.ts'
import { blobRoute, filesRoute } from './serve/content-routes.ts'
import { createEngineRoom, type EngineRoom } from './serve/engine-room.ts'
import type { Route } from './serve/http-server.ts'
import { type Joined, joinRooms, type Offers } from './serve/join-rooms.ts'
import { createSessionsRoom } from './sessions/sessions-room.ts'
import { createSettingsRoom, Settings } from './settings/settings-room.ts'
import type { EngineLog } from './support/engine-log.ts'
import type { Folders } from './support/folders.ts'
import { nodeTimers } from './support/timers.ts'
import { createTerminalsRoom } from './terminals/terminals-room.ts'
import { Workspace } from './workspace/workspace.ts'
import { createWorkspaceRoom } from './workspace/workspace-room.ts'

export type EngineOptions = {
  readonly folders: Folders
  readonly log: EngineLog
  readonly version: string
  /** Where examples/ and kernels/outpost lie: the checkout, or the package's resources. */
  readonly programFolder: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly sendBytes: SendBytes
  readonly signInUrl: (path?: string) => string
  /** Ends the process that holds this engine, after the answer has left. */
  readonly stop: (how: { readonly all: boolean }) => void
}

export type Engine = Joined & {
  readonly engineRoom: EngineRoom
  readonly routes: readonly Route[]
  /** Opens the folder that the command line named. */
  openFolder(folder: string): Promise<void>
  /** Cells run or wait, or Ray that this engine started is up. */
  busy(): boolean
  /** An end in good order: kernels and Ray by the setting, or `all`. Answers a sentence for each thing that stays. */
  leave(all: boolean): Promise<readonly string[]>
  /** Closes the rooms in reverse order; kernels, Ray and terminals stay. */
  close(): Promise<void>
}

const COLLECT_AFTER_MS = 60_000
/** Electron kills an engine that has not ended 9 s after it was asked. */
const LEAVE_MS = 5_000

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { folders, log, env } = options
  const rooms = new Map<RoomName, Pick<Room, 'answers' | 'sources' | 'close'>>()
  const later = (what: string, work: Promise<unknown>) => void work.catch((error: unknown) => log.error(error, `${what} failed`))
  const examples = join(options.programFolder, 'examples')
  const ownNotebooks = join(folders.data, 'notebooks')
  await mkdir(ownNotebooks, { recursive: true })

  const settings = new Settings(folders.config)
  await settings.open()
  rooms.set('settings', createSettingsRoom(settings))

  const notices = new Notices()
  rooms.set('notices', createNoticesRoom(notices))

  const workspace = new Workspace(folders.state, [examples, ownNotebooks])
  await workspace.start()
  rooms.set('workspace', createWorkspaceRoom({ workspace, settings, notices, stateFolder: folders.state, home: homedir() }))

  const spools = new SpoolStore(join(folders.data, 'runs'))
  const blobs = new BlobStore({ folder: join(folders.data, 'blobs') })
  const logs = createLogsRoom({ spools, engineLogFile: log.file })
  rooms.set('logs', logs)
  const executions = createExecutions(folders.state, nodeTimers)
  const tables = createTablesRoom()
  tables.provide('executions', executions.table)
  rooms.set('tables', { ...tables, close: () => executions.close() })

  const basePython = env['UPDRAFT_BASE_PYTHON'] ?? env['UPDRAFT_PYTHON']
  const environments = new Environments({
    workspace,
    notices,
    cacheFolder: folders.cache,
    stateFolder: folders.state,
    basePython,
    torchPython: await torchPython(env, folders.cache),
    env,
    home: homedir(),
  })
  rooms.set('environments', createEnvironmentsRoom(environments))
  later('finding environments', environments.start())

  // Ray's logs by path (`file:<path>`): only files that Ray's own room has named.
  const rayLogs = new Set<string>()
  logs.provide('file', async (file) => (rayLogs.has(file) ? LineFile.open(file, "Ray's log") : undefined))
  const ray = new LocalRay({
    python: () => basePython,
    stateFolder: folders.state,
    runtimeFolder: folders.runtime,
    env,
    cpus: () => cpus().length,
    onLog: (file) => void rayLogs.add(file),
  })
  const rayAtStart = new RayAtStart(ray, settings)
  const rayRoom = createRayRoom(ray, new HostSampler())
  rooms.set('ray', {
    ...rayRoom,
    close: () => {
      rayAtStart.close()
      return rayRoom.close()
    },
  })
  // Without a Python of ours there is no Ray to start.
  later('taking back Ray', basePython === undefined ? ray.open() : rayAtStart.open())

  const sessions = await localSessions({
    folders,
    programFolder: options.programFolder,
    basePython,
    env,
    environments,
    notices,
    kernelEnv: (python) => (basePython === undefined ? ray.kernelEnv(python) : rayAtStart.kernelEnv(python)),
    settings,
  })
  rooms.set('sessions', createSessionsRoom(sessions))

  const notebooks = createRunningNotebooks({
    stateFolder: folders.state,
    ownNotebooks,
    log,
    workspace,
    sessions,
    environments,
    blobs,
    spools,
    logs,
    executions,
  })
  rooms.set('notebooks', notebooks.room)

  const terminals = createTerminalsRoom({
    runtimeFolder: folders.runtime,
    settings,
    workspace,
    sendBytes: options.sendBytes,
    env,
    // A shell never waits for a Ray that is starting (up to a minute on a busy machine): without the address `ray` in it finds none yet.
    shellEnv: () =>
      Promise.race([ray.kernelEnv(), new Promise<Record<string, string>>((none) => setTimeout(none, 1000, {}).unref())]),
  })
  rooms.set('terminals', terminals)
  later('finding terminals', terminals.start())

  const engineRoom = createEngineRoom({
    ...options,
    examples,
    ownNotebooks,
    runningCells: () => notebooks.runningCells(),
    trustedFolder: () => (workspace.feed.state.trusted ? workspace.folder : undefined),
  })
  rooms.set('engine', engineRoom)
  later('reading the examples', engineRoom.start())

  const collecting = setTimeout(
    () => later('removing what nobody refers to', Promise.all([blobs.collect(), spools.collect()])),
    COLLECT_AFTER_MS,
  ).unref()
  return {
    ...joinRooms(Object.fromEntries(rooms) as Offers),
    engineRoom,
    routes: [blobRoute(blobs), filesRoute(() => (workspace.feed.state.trusted ? workspace.folder : undefined))],
    openFolder: (folder) => workspace.open(folder),
    busy: () => notebooks.runningCells() > 0 || (ray.feed.state.owner === 'ours' && ray.feed.state.state !== 'stopped'),
    async leave(all) {
      rayAtStart.close()
      const keep = all ? 'none' : settings.get<'running' | 'all' | 'none'>('kernel.keepAfterExit')
      const keepRay = !all && settings.get<boolean>('ray.keepAfterExit')
      return leave({ keep, keepRay, sessions, ray, signal: AbortSignal.timeout(LEAVE_MS) })
    },
    async close() {
      clearTimeout(collecting)
      for (const [name, room] of [...rooms].reverse())
        await room.close().catch((error: unknown) => log.error(error, `closing ${name} failed`))
    },
  }
}
