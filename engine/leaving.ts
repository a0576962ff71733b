// What happens to kernels, their outpost and Ray when the engine ends in good order: by the settings `kernel.keepAfterExit` and
// `ray.keepAfterExit`. After a kill everything stays and the next engine takes it back.

import type { LocalRay } from './ray/local-ray.ts'
import type { OutpostSessions } from './sessions/sessions.ts'

export type Leaving = {
  /** `all`: everything ends, whatever the setting. */
  readonly keep: 'running' | 'all' | 'none'
  readonly keepRay: boolean
  readonly sessions: OutpostSessions
  readonly ray: LocalRay
  /** Bounds the whole: what has not ended by then stays and is said. */
  readonly signal: AbortSignal
}

/** Ends what should end; answers a sentence for each thing that stays, and for Ray if it ended. */
export async function leave({ keep, keepRay, sessions, ray, signal }: Leaving): Promise<readonly string[]> {
  const said: string[] = []
  const ending: string[] = []
  for (const { session, request } of sessions.list()) {
    const { state } = session.summary.state
    if (state === 'none' || state === 'dead') continue
    const busy = state === 'busy' || state === 'restarting'
    if (keep === 'all' || (keep === 'running' && busy))
      said.push(`The kernel of ${request.title} goes on${busy ? ': its cell is running' : ''}. Start Updraft again to see it.`)
    else ending.push(session.id)
  }
  const titles = new Map(sessions.list().map(({ session, request }) => [session.id, request.title]))
  const needed = said.length > 0
  const endKernels = async () => {
    await Promise.all(
      ending.map((id) =>
        sessions.stop(id, signal).catch(() => said.push(`The kernel of ${titles.get(id)} could not be ended and may still run.`)),
      ),
    )
    // Refused while it keeps a run. One that can't be asked ends by itself (`outpost.lingerMinutes`).
    await sessions.endOutpost(signal).catch(() => undefined)
  }
  // Together, not one after the other: a kernel that does not listen takes 3 s, Ray 2.5 s, and the whole may take 5.
  const [, ofRay] = await Promise.all([within(endKernels(), signal), endRay(ray, keepRay, needed, signal)])
  return ofRay === undefined ? said : [...said, ofRay]
}

/** Ends Ray if it is ours; answers what has become of it. */
async function endRay(ray: LocalRay, keep: boolean, needed: boolean, signal: AbortSignal): Promise<string | undefined> {
  const { owner, state } = ray.feed.state
  if (owner !== 'ours' || (state !== 'running' && state !== 'starting')) return undefined
  if (needed) return 'Ray goes on for them.'
  if (keep)
    return 'Ray goes on (setting ray.keepAfterExit). Start Updraft again to see it, or end it with `./updraft.mjs ray stop`.'
  const ended = await within(
    ray.stop().then(
      () => true,
      () => false,
    ),
    signal,
  )
  return ended === true ? 'Ray has been stopped.' : 'Ray could not be stopped in time and may still run.'
}

/** Undefined when `signal` comes first. */
function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
    work.then(resolve, reject)
  })
}
