// The list of kernels for windows, with what each uses, and the way to end one. Figures come from the outpost's samples, only while somebody looks.
import { randomUUID } from 'node:crypto'
import type { OutpostEvent, RunSample } from '../../kernels/index.ts'
import { Feed } from '../contract/feed.ts'
import { problem } from '../contract/problem.ts'
import type { Room } from '../contract/rooms.ts'
import type { Session, SessionsChange, SessionsState } from '../contract/topics/kernels.ts'
import type { OutpostSessions, SessionInfo } from './sessions.ts'

const SAMPLE_MS = 2000

export function createSessionsRoom(sessions: OutpostSessions): Room {
  const { connection } = sessions
  const feed = new Feed<SessionsState, SessionsChange>({ list: [] }, (_state, change) => ({ list: change.list }), randomUUID())
  let samples: Readonly<Record<string, RunSample>> = {}
  let viewers = 0

  const tell = (): void => {
    const list = sessions.list().flatMap((info) => row(info, samples[info.session.run.name]))
    if (JSON.stringify(list) !== JSON.stringify(feed.state.list)) feed.change({ type: 'sessions-changed', list })
  }
  // A sample belongs to one connection: it is asked again whenever there is a new one.
  const ask = (): void => {
    if (connection.state.state === 'up')
      connection.call('sample', { everyMs: viewers > 0 ? SAMPLE_MS : 0 }).catch(() => undefined)
  }
  const onEvent = (event: OutpostEvent): void => {
    if (event.event !== 'sample') return
    samples = event.runs
    tell()
  }
  const stops = [
    sessions.onChange(tell),
    connection.onEvent(onEvent),
    connection.onState((state) => state.state === 'up' && viewers > 0 && ask()),
  ]

  // What an earlier engine left running is seen from the start. When the place can't be reached, the first kernel says so.
  const closing = new AbortController()
  sessions.findAll(closing.signal).catch(() => undefined)

  return {
    answers: {
      'sessions.stop': async ({ session }, asker) => {
        if (!sessions.list().some((info) => info.session.id === session)) {
          throw problem('missing', 'This kernel is not there any more.', { hint: 'Nothing was ended.', where: 'kernel' })
        }
        await sessions.stop(session, asker.signal)
        return null
      },
    },
    sources: {
      sessions: async () => {
        if (++viewers === 1) ask()
        tell()
        let left = false
        const release = (): void => {
          if (left) return
          left = true
          if (--viewers === 0) ask()
        }
        return { feed, release }
      },
    },
    close: async () => {
      closing.abort()
      for (const stop of stops) stop()
      feed.end()
      await sessions.close()
    },
  }
}

/** A session as windows see it; none for one whose kernel was ended on purpose. */
function row({ session, request }: SessionInfo, sample: RunSample | undefined): Session[] {
  const { state, problem: said, place } = session.summary.state
  if (state === 'none') return []
  const { run } = session
  return [
    {
      id: session.id,
      title: request.title,
      environment: request.environment,
      place: place.id,
      state,
      startedMs: Math.round(run.startedUs / 1000),
      ...(request.notebook === undefined ? {} : { notebook: request.notebook }),
      ...(run.pid === null ? {} : { pid: run.pid }),
      ...(run.path === 'direct' || run.path === 'bridge' ? { path: run.path } : {}),
      ...(typeof sample?.rssBytes === 'number' ? { rssBytes: sample.rssBytes } : {}),
      ...(typeof sample?.cpuPercent === 'number' ? { cpuPercent: Math.round(sample.cpuPercent) } : {}),
      ...(said === undefined ? {} : { problem: said }),
    },
  ]
}
