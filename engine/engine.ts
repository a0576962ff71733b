// The composition root: builds every room of the engine by hand, in order, and joins what they offer into one service. Nothing else in the
// engine knows more than its neighbours.
import { randomUUID } from 'node:crypto'
import { Feed } from './contract/feed.ts'
import type { Asker } from './contract/index.ts'
import type { Room } from './contract/rooms.ts'
import { createEngineRoom, type EngineRoom } from './serve/engine-room.ts'
import { type Joined, joinRooms } from './serve/join-rooms.ts'
import type { EngineLog } from './support/engine-log.ts'
import type { Folders } from './support/folders.ts'

export type EngineOptions = {
  readonly folders: Folders
  readonly log: EngineLog
  readonly version: string
  /** Bytes to one asker's channel, see SendBytes. */
  readonly sendBytes: (asker: Asker, channel: string, seq: number, payload: Uint8Array) => boolean
  readonly signInUrl: (path?: string) => string
  /** Ends the process that holds this engine, after the answer has left. */
  readonly stop: (how: { readonly all: boolean }) => void
}

export type Engine = Joined & {
  readonly engineRoom: EngineRoom
  /** Closes the rooms in reverse order; kernels, Ray and terminals stay. */
  close(): Promise<void>
}

export async function createEngine(options: EngineOptions): Promise<Engine> {
  const rooms: Record<string, Room> = {}
  const engineRoom = createEngineRoom(options)
  rooms['engine'] = engineRoom

  const joined = joinRooms(rooms)
  return {
    ...joined,
    engineRoom,
    async close() {
      for (const [name, room] of Object.entries(rooms).reverse()) {
        await room.close().catch((error: unknown) => options.log.error(error, `closing ${name} failed`))
      }
    },
  }
}

/** A feed of a value that lives as long as the engine. */
export const lasting = <State, Change>(state: State, reduce: (state: State, change: Change) => State) => new Feed<State, Change>(state, reduce, randomUUID())
