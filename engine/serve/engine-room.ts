// The noun "engine": who it is, what this machine has, signing in, ending, and the bundle that `diagnose` shows.
import { randomUUID } from 'node:crypto'
import { homedir, hostname } from 'node:os'
import { Feed } from '../contract/feed.ts'
import type { Room } from '../contract/rooms.ts'
import { type EngineChange, type EngineState, engineFeeds } from '../contract/topics/engine.ts'
import type { EngineLog } from '../support/engine-log.ts'
import type { Folders } from '../support/folders.ts'

export type EngineRoomOptions = {
  readonly folders: Folders
  readonly log: EngineLog
  readonly version: string
  readonly signInUrl: (path?: string) => string
  readonly stop: (how: { readonly all: boolean }) => void
}

export type EngineRoom = Room & { set(values: Partial<EngineState>): void; readonly feed: Feed<EngineState, EngineChange> }

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
  return {
    feed,
    set: (values) => feed.change({ type: 'engine-changed', set: values }),
    answers: {
      'engine.sign-in': async ({ path }) => ({ url: options.signInUrl(path) }),
      'engine.stop': async ({ all }) => {
        options.stop({ all: all === true })
        return null
      },
    },
    sources: { engine: async () => ({ feed, release: () => {} }) },
    async close() {
      feed.end()
    },
  }
}
