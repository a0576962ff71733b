// What happens to kernels and to Ray when the engine ends in good order: by the setting `kernel.keepAfterExit`. After a kill everything stays.

import type { LocalRay } from './ray/local-ray.ts'
import type { OutpostSessions } from './sessions/sessions.ts'

export type Leaving = {
  /** `all`: everything ends, whatever the setting. */
  readonly keep: 'running' | 'all' | 'none'
  readonly sessions: OutpostSessions
  readonly ray: LocalRay
  /** Bounds the whole: what has not ended by then stays and is said. */
  readonly signal: AbortSignal
}

/** Ends what should end; answers a sentence for each thing that stays. */
export async function leave({ keep, sessions, ray, signal }: Leaving): Promise<readonly string[]> {
  const said: string[] = []
  let stays = 0
  await Promise.all(
    sessions.list().map(async ({ session, request }) => {
      const { state } = session.summary.state
      if (state === 'none' || state === 'dead') return
      const busy = state === 'busy' || state === 'restarting'
      if (keep === 'all' || (keep === 'running' && busy)) {
        stays++
        said.push(`The kernel of ${request.title} goes on${busy ? ': its cell is running' : ''}. Start Updraft again to see it.`)
        return
      }
      await sessions.stop(session.id, signal).catch(() => {
        stays++
        said.push(`The kernel of ${request.title} could not be ended and may still run.`)
      })
    }),
  )
  const { owner, state } = ray.feed.state
  if (owner !== 'ours' || (state !== 'running' && state !== 'starting')) return said
  if (stays > 0 || keep === 'all') return [...said, 'Ray goes on for them.']
  await Promise.race([
    ray.stop(),
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  ]).catch(() => undefined)
  return said
}
