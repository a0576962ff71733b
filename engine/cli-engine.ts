// The command line's engine: the one that runs for this user, or one started for this command and ended after it when nobody else has come.
import { spawn } from 'node:child_process'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connectEngine } from './client.ts'
import type { FeedKey, FeedName, FeedState } from './contract/index.ts'
import type { Link, Watching } from './contract/link.ts'
import { ProblemError, problem } from './contract/problem.ts'
import { type Discovery, findEngine } from './serve/single-engine.ts'
import { type Folders, foldersFor, makeFolders } from './support/folders.ts'

const START_MS = 20_000
/** An engine that was killed is started again by its shell within seconds; after this nobody will. */
const LOST_MS = 20_000
const LEAVE_MS = 5_000

export type CliEngine = {
  readonly link: Link
  readonly found: Discovery
  /** Aborts with a Problem once the engine has gone and no other came. What waits for the engine waits for this, too. */
  readonly lost: AbortSignal
  /** Ends the engine if it is one of ours that nobody else uses, and closes the link. */
  leave(options?: { readonly keep?: boolean }): Promise<void>
}

export async function useEngine(): Promise<CliEngine> {
  const folders = foldersFor()
  await makeFolders(folders)
  const found = (await findEngine(folders)) ?? (await startInBackground(folders))
  const link = connectEngine(() => findEngine(folders), 'updraft command line')
  return {
    link,
    found,
    lost: lostSignal(link),
    async leave({ keep = false } = {}) {
      try {
        if (keep || !found.background || link.state.status === 'waiting' || link.state.status === 'refused') return
        const soon = AbortSignal.timeout(LEAVE_MS)
        // An engine that does not answer ends by itself when nobody is left.
        if (await nobodyElse(link, soon).catch(() => false)) await link.call('engine.stop', {}, soon).catch(() => undefined)
      } finally {
        link.close()
      }
    },
  }
}

function lostSignal(link: Link): AbortSignal {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const lose = () =>
    controller.abort(
      problem('unreachable', `The engine has gone, and no other came within ${LOST_MS / 1000} s.`, {
        hint: 'Kernels outlive it: `npm start` shows what still runs. Or run the command again.',
      }),
    )
  const look = () => {
    const { status } = link.state
    if (status === 'connected' || status === 'closed') {
      clearTimeout(timer)
      timer = undefined
    } else timer ??= setTimeout(lose, LOST_MS)
  }
  link.listen(look)
  look()
  return controller.signal
}

export const runningEngine = (): Promise<Discovery | undefined> => findEngine(foldersFor())

async function startInBackground(folders: Folders): Promise<Discovery> {
  await mkdir(folders.state, { recursive: true })
  const log = await open(join(folders.state, 'engine-output.log'), 'w', 0o600)
  const main = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? './main.ts' : './main.js', import.meta.url))
  const child = spawn(process.execPath, [main, '--no-open', '--background'], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) =>
      reject(
        problem('unreachable', `The engine could not be started (exit code ${code}).`, {
          hint: `Nothing was run. ${join(folders.state, 'engine-output.log')} says why.`,
        }),
      ),
    )
  })
  failed.catch(() => undefined)
  child.unref()
  await log.close()
  const untilMs = Date.now() + START_MS
  while (Date.now() < untilMs) {
    const found = await Promise.race([findEngine(folders), failed])
    if (found !== undefined) return found
    await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), failed])
  }
  throw problem('unreachable', 'The engine was started and did not answer within 20 s.', {
    hint: `Nothing was run. ${join(folders.state, 'engine-output.log')} may say why.`,
  })
}

async function nobodyElse(link: Link, signal: AbortSignal): Promise<boolean> {
  const [e, s] = await Promise.all([stateOf(link, 'engine', null, signal), stateOf(link, 'sessions', null, signal)])
  return e.windows === 0 && s.list.every((session) => session.state === 'dead')
}

/** The state once it fits; rejects with the feed's Problem, or when `signal` aborts: with its Problem if it has one. Pass through `onChange` to see every state. */
export function until<State>(watching: Watching<State>, fits: (state: State) => boolean, signal?: AbortSignal): Promise<State> {
  const { view } = watching
  return new Promise((resolve, reject) => {
    const end = (run: () => void) => {
      stop()
      signal?.removeEventListener('abort', abort)
      run()
    }
    const abort = () =>
      end(() => reject(signal?.reason instanceof ProblemError ? signal.reason : problem('cancelled', 'Cancelled.')))
    const look = () => {
      const { state } = view
      if (view.status === 'ended')
        end(() => reject(new ProblemError(view.problem ?? { code: 'missing', message: 'It is gone.' })))
      else if (state !== undefined && view.status === 'live' && fits(state)) end(() => resolve(state))
    }
    const stop = view.listen(look)
    signal?.addEventListener('abort', abort, { once: true })
    if (signal?.aborted) abort()
    else look()
  })
}

/** Watches, waits for the first state, and lets go. */
export async function stateOf<N extends FeedName>(
  link: Link,
  name: N,
  key: FeedKey<N>,
  signal?: AbortSignal,
): Promise<FeedState<N>> {
  const watching = link.watch(name, key)
  try {
    return await until(watching, () => true, signal)
  } finally {
    watching.close()
  }
}
