// An engine's end with one feed, and viewers with a seeded life: what the wire tests try their trouble on.
import { Feed } from '../../engine/contract/feed.ts'
import { calls, feeds } from '../../engine/contract/index.ts'
import { Link } from '../../engine/contract/link.ts'
import { Peer } from '../../engine/contract/peer.ts'
import { problem } from '../../engine/contract/problem.ts'
import { createService, type Service } from '../../engine/contract/service.ts'
import type { NoticesChange, NoticesState } from '../../engine/contract/topics/notices.ts'
import { Clock, type Pair, type Random, seeded, simulatedPair } from './simulated-net.ts'

export const notice = (n: number, text: string): NoticesChange => ({
  type: 'notice-set',
  notice: { id: `n${n}`, level: 'info', message: text, actions: [], atMs: n },
})

export type World = {
  clock: Clock
  random: Random
  feed: Feed<NoticesState, NoticesChange>
  service: Service
  restart(): void
  released: () => number
  watched: () => number
}

export function world(seed: number, remembered = 32): World {
  const clock = new Clock()
  const random = seeded(seed)
  let lives = 0
  let watched = 0
  let released = 0
  const fresh = (state: NoticesState) =>
    new Feed<NoticesState, NoticesChange>(state, feeds.notices.reduce, `life-${lives++}`, remembered)
  const w: World = {
    clock,
    random,
    feed: fresh({ list: [] }),
    service: createService({
      calls: calls as Parameters<typeof createService>[0]['calls'],
      feeds,
      answers: {
        'notices.dismiss': async () => null,
        'engine.sign-in': async (input: { path?: string }) => ({ url: input.path ?? '' }),
      },
      sources: {
        notices: async () => {
          watched++
          let held = true
          const release = () => {
            released += held ? 1 : 0
            held = false
          }
          return { feed: w.feed, release }
        },
      },
    }),
    /** The engine is killed and started again: the same truth, another life of the feed. */
    restart: () => {
      w.feed = fresh(w.feed.state)
    },
    released: () => released,
    watched: () => watched,
  }
  return w
}

export class Viewer {
  readonly link: Link
  pair: Pair | undefined
  readonly #world: World
  server: Peer | undefined

  constructor(w: World, n: number, delayMs: number, slowMs: number) {
    this.#world = w
    this.link = new Link({
      role: n % 2 === 0 ? 'window' : 'test',
      name: `viewer ${n}`,
      timers: w.clock.timers,
      whenShown: (seen) => void w.clock.timers.after(w.random() * slowMs, seen),
      connect: async () => {
        if (w.random() < 0.2) throw problem('unreachable', 'not now')
        const pair = simulatedPair(w.clock, w.random, delayMs)
        this.pair = pair
        this.server = new Peer(pair.far, {
          role: 'engine',
          name: 'engine',
          timers: w.clock.timers,
          service: w.service,
          askerId: `v${n}`,
        })
        return pair.near
      },
    })
  }

  trouble(): void {
    const dice = this.#world.random()
    if (dice < 0.02) this.pair?.cut()
    else if (dice < 0.05) this.pair?.stall()
    else if (dice < 0.2) this.pair?.flow()
  }
}
