// The noun "engine": who it is, what this machine has, signing in, ending, the examples, and the bundle that `diagnose` shows.
import { randomUUID } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { Feed } from '../contract/feed.ts'
import type { Answers } from '../contract/index.ts'
import { problem } from '../contract/problem.ts'
import type { Room, Sources } from '../contract/rooms.ts'
import { type EngineChange, type EngineState, engineFeeds } from '../contract/topics/engine.ts'
import type { EngineLog } from '../support/engine-log.ts'
import type { Folders } from '../support/folders.ts'
import { diagnose } from './diagnose.ts'
import { copyExample, listExamples } from './examples.ts'
import { lookAround } from './look-around.ts'

export type EngineRoomOptions = {
  readonly folders: Folders
  readonly log: EngineLog
  readonly version: string
  readonly signInUrl: (path?: string) => string
  readonly stop: (how: { readonly all: boolean }) => void
  /** Folder of the examples that ship. */
  readonly examples: string
  /** Where notebooks go that belong to no folder. */
  readonly ownNotebooks: string
  readonly trustedFolder: () => string | undefined
  /** Cells that run or wait right now, over all notebooks. */
  readonly runningCells?: () => number
  readonly env: Readonly<Record<string, string | undefined>>
}

export type EngineRoom = Room & {
  readonly answers: Pick<Answers, 'engine.sign-in' | 'engine.stop' | 'engine.diagnose' | 'engine.open-example'>
  readonly sources: Pick<Sources, 'engine'>
  readonly feed: Feed<EngineState, EngineChange>
  set(values: Partial<EngineState>): void
  /** Looks at the machine and the examples; the feed says what was found. */
  start(): Promise<void>
}

export function createEngineRoom(options: EngineRoomOptions): EngineRoom {
  const feed = new Feed<EngineState, EngineChange>(
    {
      version: options.version,
      startedMs: Date.now(),
      pid: process.pid,
      platform: `${process.platform} ${process.arch}`,
      host: hostname(),
      home: homedir(),
      dataFolder: options.folders.data,
      windows: 0,
      examples: [],
      found: [],
    },
    engineFeeds.engine.reduce,
    randomUUID(),
  )
  const set = (values: Partial<EngineState>) => feed.change({ type: 'engine-changed', set: values })
  return {
    feed,
    set,
    async start() {
      set({ examples: await listExamples(options.examples) })
      set({ found: await lookAround(options.folders, options.env) })
    },
    answers: {
      'engine.sign-in': async ({ path }) => ({ url: options.signInUrl(path) }),
      'engine.stop': async ({ all, force }) => {
        const running = options.runningCells?.() ?? 0
        if (all === true && force !== true && running > 0) {
          throw problem('busy', running === 1 ? 'One cell is running.' : `${running} cells are running or waiting.`, {
            hint: 'Nothing was stopped. Stopping everything ends their kernels; stopping only the engine lets them go on.',
            action: { title: 'Stop everything all the same', command: 'engine.stop', input: { all: true, force: true } },
          })
        }
        options.stop({ all: all === true })
        return null
      },
      'engine.diagnose': async () => {
        options.log.flush()
        return { files: await diagnose(options.folders, options.log.file, feed.state) }
      },
      'engine.open-example': async ({ path }) => ({
        path: await copyExample(path, feed.state.examples, options.trustedFolder() ?? options.ownNotebooks),
      }),
    },
    sources: { engine: async () => ({ feed, release: () => {} }) },
    async close() {
      feed.end()
    },
  }
}
