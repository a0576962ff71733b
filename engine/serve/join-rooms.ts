// Joins what the rooms offer into the whole API, and refuses at once (at start, and in the golden test) what is offered twice, not at all, by
// another room than the list says, or under a name that the contract does not know.
import { type Asker, type CallName, calls, type FeedName, feeds } from '../contract/index.ts'
import type { Room } from '../contract/rooms.ts'
import { createService, type Service } from '../contract/service.ts'
import { callOwners, feedOwners, type RoomName } from './api-owners.ts'

export type Joined = {
  readonly service: Service
  /** Which room answers which call and feeds which feed. */
  readonly calls: Readonly<Record<CallName, RoomName>>
  readonly feeds: Readonly<Record<FeedName, RoomName>>
}

export type Offers = { readonly [N in RoomName]: Pick<Room, 'answers' | 'sources'> }

type AnyAnswer = (input: never, asker: Asker) => Promise<unknown>

export function joinRooms(rooms: Offers): Joined {
  const answers = gather('call', callOwners, rooms, (room) => room.answers)
  const sources = gather('feed', feedOwners, rooms, (room) => room.sources)
  return {
    service: createService({ calls: calls as Parameters<typeof createService>[0]['calls'], feeds, answers, sources }),
    calls: callOwners,
    feeds: feedOwners,
  }
}

function gather(
  kind: string,
  owners: Readonly<Record<string, RoomName>>,
  rooms: Offers,
  part: (room: Pick<Room, 'answers' | 'sources'>) => object,
): Record<string, AnyAnswer> {
  const all: Record<string, AnyAnswer> = {}
  for (const [name, room] of Object.entries(rooms)) {
    for (const [key, offer] of Object.entries(part(room))) {
      if (!Object.hasOwn(owners, key))
        throw new Error(`The room "${name}" offers the ${kind} "${key}", which has no line in api-owners.ts.`)
      if (owners[key] !== name)
        throw new Error(`The ${kind} "${key}" is offered by "${name}" and belongs to "${owners[key]}" (api-owners.ts).`)
      all[key] = offer as AnyAnswer
    }
  }
  const missing = Object.keys(owners).filter((key) => all[key] === undefined)
  if (missing.length > 0)
    throw new Error(`No room answers the ${kind}s ${missing.map((key) => `"${key}" (${owners[key]})`).join(', ')}.`)
  return all
}
