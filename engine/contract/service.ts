// What the answering end of a wire stands on: names are looked up, input is checked, and only then a room's code runs.
import * as z from 'zod/mini'
import type { AnyCall } from './define.ts'
import type { Feed } from './feed.ts'
import { payloadFault } from './frame-check.ts'
import type { Asker } from './index.ts'
import { problem } from './problem.ts'

export type AnyWatched = { readonly feed: Feed<unknown, unknown>; readonly release: () => void }

/** The answering half of a peer. Both throw ProblemError; anything else that is thrown becomes `internal` at the wire. */
export type Service = {
  call(name: string, input: unknown, asker: Asker): Promise<unknown>
  watch(feed: string, key: unknown, asker: Asker): Promise<AnyWatched>
}

type AnyFeed = { readonly kind: 'feed'; readonly key: z.ZodMiniType }
type AnyAnswer = (input: never, asker: Asker) => Promise<unknown>
type AnySource = (key: never, asker: Asker) => Promise<unknown>

export type ServiceParts = {
  readonly calls: Readonly<Record<string, AnyCall>>
  readonly feeds: Readonly<Record<string, AnyFeed | { readonly kind: 'feed'; readonly key: unknown }>>
  readonly answers: Readonly<Record<string, AnyAnswer | undefined>>
  readonly sources: Readonly<Record<string, AnySource | undefined>>
}

export function createService(parts: ServiceParts): Service {
  // Maps: a call named "constructor" or "__proto__" must find nothing.
  const calls = new Map(Object.entries(parts.calls))
  const feeds = new Map(Object.entries(parts.feeds))
  const answers = new Map(Object.entries(parts.answers))
  const sources = new Map(Object.entries(parts.sources))
  return {
    async call(name, input, asker) {
      const definition = calls.get(name)
      if (definition === undefined)
        throw problem('missing', `There is no call "${printable(name)}".`, {
          hint: 'The window and the engine may be of different versions: reload the page.',
        })
      const answer = answers.get(name)
      if (answer === undefined)
        throw problem('missing', `"${name}" is not answered by this engine.`, { hint: 'Nothing was changed.' })
      return answer(checked(name, definition.input as z.ZodMiniType, input) as never, asker)
    },
    async watch(name, key, asker) {
      const definition = feeds.get(name)
      if (definition === undefined)
        throw problem('missing', `There is no feed "${printable(name)}".`, {
          hint: 'The window and the engine may be of different versions: reload the page.',
        })
      const source = sources.get(name)
      if (source === undefined) throw problem('missing', `"${name}" is not fed by this engine.`)
      return (await source(checked(name, definition.key as z.ZodMiniType, key) as never, asker)) as AnyWatched
    },
  }
}

function checked(name: string, schema: z.ZodMiniType, value: unknown): unknown {
  const fault = payloadFault(value)
  if (fault !== undefined) throw problem('invalid', `The input of "${name}" is refused: ${fault}.`)
  const result = z.safeParse(schema, value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field =
    issue === undefined || issue.path.length === 0 ? 'the input' : issue.path.map((p) => printable(String(p))).join('.')
  const expected = issue !== undefined && 'expected' in issue ? `, expected ${String(issue.expected)}` : ''
  throw problem('invalid', `"${name}": ${field} is not right (${issue?.code ?? 'unknown'}${expected}).`, {
    hint: 'Nothing was changed.',
  })
}

/** What a stranger sent, short and without control characters, so that it can stand in a message. */
const printable = (text: string) => text.slice(0, 80).replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, '?')
