// The noun "log": finds a log by its id (`run:<name>`, `engine`, and what other rooms add, e.g. `ray:<file>`), tells how long it is while
// somebody watches, and answers reading and searching. A log is closed a little after the last one has let go of it.

import { Feed } from '../contract/feed.ts'
import type { Answers, Asker } from '../contract/index.ts'
import { ProblemError, problem } from '../contract/problem.ts'
import type { Sources } from '../contract/rooms.ts'
import { type LogChange, type LogState, reduceLog } from '../contract/topics/logs.ts'
import { LineFile, type LogSource } from './line-file.ts'
import type { SpoolStore } from './spool-store.ts'

/** Finds the log of an id's part after the colon; undefined: there is none. `close` of what it returns ends that use. */
export type LogFinder = (name: string, signal: AbortSignal) => Promise<LogSource | undefined>

export type LogsRoom = {
  readonly answers: Pick<Answers, 'logs.read' | 'logs.search'>
  readonly sources: Pick<Sources, 'log'>
  /** Another room's logs: `provide('ray', …)` answers ids that begin with `ray:`. */
  provide(kind: string, find: LogFinder): void
  /** A log for another room; undefined when there is none. Its `close` ends that use. */
  find(id: string, signal: AbortSignal): Promise<LogSource | undefined>
  close(): Promise<void>
}

export type LogsRoomOptions = { readonly spools: SpoolStore; readonly engineLogFile: string }

type Open = {
  readonly source: LogSource
  readonly feed: Feed<LogState, LogChange>
  readonly stop: () => void
  users: number
  timer: NodeJS.Timeout | undefined
}

const LINGER_MS = 10_000

export function createLogsRoom(options: LogsRoomOptions): LogsRoom {
  const finders = new Map<string, LogFinder>()
  const open = new Map<string, Promise<Open>>()

  const find = async (id: string, signal: AbortSignal): Promise<LogSource> => {
    const cut = id.indexOf(':')
    const [kind, name] = cut < 0 ? [id, ''] : [id.slice(0, cut), id.slice(cut + 1)]
    const source = await finders.get(kind)?.(name, signal)
    if (source === undefined)
      throw problem('missing', 'This log is not there.', {
        hint: 'It may have been removed with the notebook it belonged to.',
        where: `log:${id.slice(0, 80)}`,
      })
    return source
  }

  const start = async (id: string, signal: AbortSignal): Promise<Open> => {
    const source = await find(id, signal)
    const state = { id, title: source.title, bytes: source.bytes, lines: source.lines, ended: source.ended }
    // The epoch is this opening's own: after a reopen the viewer takes one small snapshot.
    const feed = new Feed<LogState, LogChange>(state, reduceLog, crypto.randomUUID(), 8)
    const stop = source.listen(() => {
      if (source.bytes !== feed.state.bytes) feed.change({ type: 'grew', bytes: source.bytes, lines: source.lines })
      if (source.ended && !feed.state.ended) feed.change({ type: 'ended' })
    })
    return { source, feed, stop, users: 0, timer: undefined }
  }

  const letGo = (id: string, log: Open) => {
    if (--log.users > 0) return
    log.timer = setTimeout(() => {
      open.delete(id)
      log.stop()
      void log.source.close().catch(() => undefined)
    }, LINGER_MS)
    log.timer.unref()
  }

  const use = async (id: string, signal: AbortSignal): Promise<{ log: Open; release: () => void }> => {
    let opening = open.get(id)
    if (opening === undefined) {
      opening = start(id, signal)
      open.set(id, opening)
      opening.catch(() => open.delete(id))
    }
    const log = await opening
    clearTimeout(log.timer)
    log.users++
    let held = true
    const release = () => {
      if (held) letGo(id, log)
      held = false
    }
    return { log, release }
  }

  const during = async <T>(id: string, asker: Asker, work: (source: LogSource) => Promise<T>): Promise<T> => {
    const { log, release } = await use(id, asker.signal)
    try {
      return await work(log.source)
    } finally {
      release()
    }
  }

  finders.set('run', async (name) => {
    const spool = await options.spools.find(name)
    // The spool belongs to its writer and the store: a reader that leaves closes nothing.
    return spool === undefined ? undefined : shared(spool)
  })
  finders.set('engine', async () => LineFile.open(options.engineLogFile, 'Engine log'))

  return {
    answers: {
      'logs.read': ({ log, from, count }, asker) => during(log, asker, (source) => source.read(from, count, asker.signal)),
      'logs.search': ({ log, query, regex, caseSensitive, from, limit }, asker) =>
        during(log, asker, (source) =>
          source.search(
            {
              query,
              regex: regex === true,
              caseSensitive: caseSensitive === true,
              ...(from === undefined ? {} : { from }),
              ...(limit === undefined ? {} : { limit }),
            },
            asker.signal,
          ),
        ),
    },
    sources: {
      log: async ({ log: id }, asker) => {
        const { log, release } = await use(id, asker.signal)
        return { feed: log.feed, release }
      },
    },
    async find(id, signal) {
      const used = await use(id, signal).catch((error: unknown) => {
        if (error instanceof ProblemError && error.problem.code === 'missing') return undefined
        throw error
      })
      return used === undefined ? undefined : shared(used.log.source, used.release)
    },
    provide(kind, finder) {
      finders.set(kind, finder)
    },
    async close() {
      for (const opening of open.values()) {
        const log = await opening.catch(() => undefined)
        if (log === undefined) continue
        clearTimeout(log.timer)
        log.stop()
        await log.source.close().catch(() => undefined)
      }
      open.clear()
      await options.spools.closeAll()
    },
  }
}

function shared(source: LogSource, release: () => void = () => {}): LogSource {
  return {
    get title() {
      return source.title
    },
    get bytes() {
      return source.bytes
    },
    get lines() {
      return source.lines
    },
    get ended() {
      return source.ended
    },
    read: (from, count, signal) => source.read(from, count, signal),
    search: (query, signal) => source.search(query, signal),
    listen: (listener) => source.listen(listener),
    close: async () => release(),
  }
}
