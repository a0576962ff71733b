// The link as React sees it: one link per window, feeds and calls as hooks. Components never hold a copy of what a feed says.
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { CallInput, CallName, CallOutput, FeedKey, FeedName, FeedState } from '../../engine/contract/index.ts'
import { type Problem, toProblem } from '../../engine/contract/problem.ts'
import type { EngineLink, FeedNow, LinkStatus } from './engine-link.ts'

const LinkContext = createContext<EngineLink | undefined>(undefined)

export function LinkProvider({ link, children }: { readonly link: EngineLink; readonly children: ReactNode }): ReactNode {
  return <LinkContext value={link}>{children}</LinkContext>
}

export function useLink(): EngineLink {
  const link = useContext(LinkContext)
  if (link === undefined) throw new Error('no LinkProvider above')
  return link
}

const NOTHING: FeedNow<never> = { state: undefined, status: 'waiting', problem: undefined }

/** Watches a feed while mounted. `key` undefined: watches nothing. */
export function useFeed<N extends FeedName>(name: N, key: FeedKey<N> | undefined): FeedNow<FeedState<N>> {
  return useFeedPart(name, key, whole as (state: FeedState<N>) => FeedState<N>)
}
const whole = (state: unknown): unknown => state

/** Watches a part of a feed: renders again only when `select`'s value is another one (compared with Object.is). */
export function useFeedPart<N extends FeedName, Part>(
  name: N,
  key: FeedKey<N> | undefined,
  select: (state: FeedState<N>) => Part,
): FeedNow<Part> {
  const link = useLink()
  const id = key === undefined ? undefined : JSON.stringify(key)
  const pick = useRef(select)
  pick.current = select
  // the key is compared by its text, not by its object.
  const source = useMemo(() => {
    let now: FeedNow<Part> = NOTHING
    let watching: { readonly view: () => FeedNow<FeedState<N>> } | undefined
    return {
      subscribe: (changed: () => void) => {
        if (key === undefined) return () => {}
        const mine = link.watch(name, key, { onView: changed })
        watching = mine
        changed()
        return () => {
          watching = undefined
          mine.stop()
        }
      },
      get: (): FeedNow<Part> => {
        const view = watching?.view()
        if (view === undefined) return now
        const state = view.state === undefined ? undefined : pick.current(view.state)
        if (!Object.is(state, now.state) || view.status !== now.status || view.problem !== now.problem)
          now = { state, status: view.status, problem: view.problem }
        return now
      },
    }
  }, [link, name, id])
  return useSyncExternalStore(source.subscribe, source.get)
}

export type CallHandle<N extends CallName> = {
  /** Asks; answers undefined when it failed (then `problem` is set). */
  readonly run: (input: CallInput<N>, signal?: AbortSignal) => Promise<CallOutput<N> | undefined>
  readonly busy: boolean
  readonly problem: Problem | undefined
  readonly clear: () => void
}

/** A call with its state, for a button or a form. */
export function useCall<N extends CallName>(name: N): CallHandle<N> {
  const link = useLink()
  const [busy, setBusy] = useState(0)
  const [problem, setProblem] = useState<Problem>()
  const mounted = useRef(true)
  useEffect(() => {
    mounted.current = true
    return () => {
      mounted.current = false
    }
  }, [])
  const run = useCallback(
    async (input: CallInput<N>, signal?: AbortSignal) => {
      setBusy((n) => n + 1)
      setProblem(undefined)
      try {
        return await link.call(name, input, signal)
      } catch (error) {
        const p = toProblem(error, console.error)
        if (mounted.current && p.code !== 'cancelled') setProblem(p)
        return undefined
      } finally {
        if (mounted.current) setBusy((n) => n - 1)
      }
    },
    [link, name],
  )
  const clear = useCallback(() => setProblem(undefined), [])
  return { run, busy: busy > 0, problem, clear }
}

export function useLinkStatus(): LinkStatus {
  const link = useLink()
  return useSyncExternalStore(
    useCallback((changed) => link.onStatus(changed), [link]),
    () => link.status,
  )
}
