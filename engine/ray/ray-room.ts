// Answers and feeds of Ray on this workstation, and of the machine's own load.
import type { Room } from '../contract/rooms.ts'
import type { HostSampler } from './host-sampler.ts'
import type { LocalRay } from './local-ray.ts'

export function createRayRoom(ray: LocalRay, host: HostSampler): Room {
  return {
    answers: {
      'ray.start': async (wish) => ray.start(wish).then(() => null),
      'ray.stop': async () => ray.stop().then(() => null),
      'ray.restart': async () => ray.restart().then(() => null),
      'ray.adopt': async ({ address, withoutToken }) => ray.adopt(address, withoutToken === true).then(() => null),
    },
    sources: {
      ray: async () => ({ feed: ray.feed, release: ray.watch() }),
      host: async () => ({ feed: host.feed, release: host.watch() }),
    },
    close: async () => {
      host.close()
      await ray.close()
    },
  }
}
