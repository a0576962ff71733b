// Answers and feed of the environment picker.
import type { Room } from '../contract/rooms.ts'
import type { Environments } from './environments.ts'

export function createEnvironmentsRoom(environments: Environments): Room {
  return {
    answers: {
      'environments.refresh': async () => environments.refresh().then(() => null),
      'environments.install-kernel': async ({ environment }) => environments.installKernel(environment).then(() => null),
      'environments.add': async ({ python }) => ({ environment: await environments.add(python) }),
    },
    sources: { environments: async () => ({ feed: environments.feed, release: () => {} }) },
    close: async () => environments.close(),
  }
}
