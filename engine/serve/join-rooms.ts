// Joins what the rooms offer into the whole API, and says at once (at start, and in the golden test) what is offered twice, not at all, or
// under a name that the contract does not know.
import { type Asker, type CallName, calls, type FeedName, feeds } from '../contract/index.ts'
import { problem } from '../contract/problem.ts'
import type { Room } from '../contract/rooms.ts'
import { createService, type Service } from '../contract/service.ts'

export type Joined = {
  readonly service: Service
  /** Which room answers which call and feeds which feed; '' = none yet. */
  readonly calls: Readonly<Record<CallName, string>>
  readonly feeds: Readonly<Record<FeedName, string>>
}

type AnyAnswer = (input: never, asker: Asker) => Promise<unknown>

export function joinRooms(rooms: Readonly<Record<string, Pick<Room, 'answers' | 'sources'>>>): Joined {
  const answers: Record<string, AnyAnswer | undefined> = {}
  const sources: Record<string, AnyAnswer | undefined> = {}
  const callOwners = Object.fromEntries(Object.keys(calls).map((name) => [name, ''])) as Record<CallName, string>
  const feedOwners = Object.fromEntries(Object.keys(feeds).map((name) => [name, ''])) as Record<FeedName, string>
  for (const [room, offer] of Object.entries(rooms)) {
    add(room, offer.answers, answers, callOwners, 'call')
    add(room, offer.sources, sources, feedOwners, 'feed')
  }
  const missing = (name: string) => () =>
    Promise.reject(problem('missing', `This part of Updraft ("${name}") is not there.`, { hint: 'Nothing was changed.' }))
  for (const name of Object.keys(callOwners)) answers[name] ??= missing(name)
  for (const name of Object.keys(feedOwners)) sources[name] ??= missing(name)
  return {
    service: createService({ calls: calls as Parameters<typeof createService>[0]['calls'], feeds, answers, sources }),
    calls: callOwners,
    feeds: feedOwners,
  }
}

function add(
  room: string,
  offers: object,
  into: Record<string, AnyAnswer | undefined>,
  owners: Record<string, string>,
  kind: string,
): void {
  for (const [name, offer] of Object.entries(offers)) {
    if (!Object.hasOwn(owners, name))
      throw new Error(`Room "${room}" offers the ${kind} "${name}", which the contract does not have.`)
    if (owners[name] !== '') throw new Error(`The ${kind} "${name}" is offered by both "${owners[name]}" and "${room}".`)
    owners[name] = room
    into[name] = offer as AnyAnswer
  }
}
