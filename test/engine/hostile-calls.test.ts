// Every call of a real engine with inputs that are wrong in kind, size or sense: each is answered with a Problem that is not "internal", nothing
// hangs, and the engine serves on. Calls that touch files by path are asked with inputs that fail their schema only.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CallName, calls } from '../../engine/contract/index.ts'
import type { Link } from '../../engine/contract/link.ts'
import { ProblemError } from '../../engine/contract/problem.ts'
import { seeded } from '../fuzz/simulated-net.ts'
import { EngineWorld, stateWhen } from '../worlds/engine.ts'

/** They do what they are asked whatever the input says: tried by their own tests. */
const OBEY = new Set<CallName>([
  'engine.stop',
  'engine.sign-in',
  'engine.diagnose',
  'ray.start',
  'ray.stop',
  'ray.restart',
  'environments.refresh',
  'terminals.open',
])
/** With a schema-proof input these would write where they are told to. */
const WRITE = /^(files\.|workspace\.|notebook\.(create|open|save-as)|environments\.|settings\.|keybindings\.)/

let world: EngineWorld
let link: Link
beforeAll(async () => {
  world = new EngineWorld()
  await world.start()
  link = world.link()
}, 60_000)
afterAll(() => world.close())

for (const seed of [1, 2]) {
  test(`no input makes the engine fail by its own fault (seed ${seed})`, async () => {
    const random = seeded(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
    const faults: string[] = []
    for (const name of Object.keys(calls) as CallName[]) {
      if (OBEY.has(name)) continue
      for (let n = 0; n < 12; n++) {
        const wrongKind = pick<unknown>([7, 'x', [], true, [[[]]], { constructor: 1 }, { toString: null }])
        // Names that nothing has, in the fields that such calls have.
        const nonsense = {
          notebook: 'none',
          cells: ['none'],
          cell: 'none',
          execution: 'none',
          text: '\u0000\u202e',
          code: '🙂'.repeat(300),
          position: pick([0, 1, 1e9]),
          session: 'none',
          id: 'x'.repeat(10_000),
          terminal: 'none',
          upTo: -1,
          rows: 3,
          columns: 3,
          log: pick(['run:none', 'constructor:x', 'engine']),
          from: pick([0, 1e15]),
          count: pick([0, 1e15]),
          query: pick(['(', '', 'x'.repeat(9999)]),
          regex: random() < 0.5,
          address: 'nowhere',
          environment: 'none',
          ops: [],
          with: '',
          path: 'none',
        }
        const input = WRITE.test(name) || random() < 0.3 ? wrongKind : nonsense
        const signal = AbortSignal.timeout(10_000)
        await link.call(name, input as never, signal).catch((error: unknown) => {
          const code = error instanceof ProblemError ? error.problem.code : String(error)
          if (code === 'internal' || code === 'unreachable' || signal.aborted)
            faults.push(`${name} ${JSON.stringify(input).slice(0, 120)}: ${code}`)
        })
      }
    }
    expect(faults).toEqual([])
    expect((await stateWhen(link, 'engine', null, () => true)).pid).toBeGreaterThan(0)
  }, 120_000)
}
