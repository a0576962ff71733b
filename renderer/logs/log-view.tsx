// One log: read by line, only what is seen; follows its end until the reader scrolls away; search runs in the engine over the whole log.
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { type Problem, toProblem } from '../../engine/contract/problem.ts'
import { useFeed, useLink } from '../link/hooks.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { Field, FieldToggle } from '../parts/field.tsx'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { bytes, count, plural } from '../parts/units.ts'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.tsx'
import { Wait } from '../parts/wait.tsx'
import { LogLines, readLine } from './log-lines.ts'
import './logs.css'

const ROW = 20

export function LogView({ log, leading }: { readonly log: string; readonly leading?: ReactNode }): ReactNode {
  const link = useLink()
  const { state, status, problem } = useFeed('log', { log })
  const lines = useMemo(() => new LogLines(link, log), [link, log])
  useSyncExternalStore(lines.listen, lines.snapshot)
  const [follow, setFollow] = useState(true)
  const [query, setQuery] = useState('')
  const [regex, setRegex] = useState(false)
  const search = useSearch(log, query, regex)
  const [at, setAt] = useState(0)
  const list = useRef<VirtualListHandle>(null)
  const seen = useRef({ first: 0, last: 60 })
  const total = state?.lines ?? 0

  // a log that grew has more to show.
  useEffect(() => {
    if (follow) list.current?.scrollToEnd()
    lines.want(seen.current.first, Math.max(seen.current.last, seen.current.first + 60), total)
  }, [total, follow, lines])
  useEffect(() => setAt(0), [])
  const hit = search.lines[Math.min(at, search.lines.length - 1)]
  useEffect(() => {
    if (hit === undefined) return
    setFollow(false)
    list.current?.show(hit, 'centre')
  }, [hit])
  const step = (by: number) => search.lines.length > 0 && setAt((n) => (n + by + search.lines.length) % search.lines.length)

  return (
    <section className="log-view" aria-label={state?.title ?? log}>
      <div className="page-bar">
        {leading}
        <Field
          label="Search in this log"
          placeholder="Search in this log"
          icon="search"
          value={query}
          onChange={setQuery}
          onEnter={() => step(1)}
        >
          <FieldToggle label="Regular expression" text=".*" on={regex} onChange={setRegex} />
        </Field>
        {query !== '' && (
          <span className="num small" role="status">
            {search.busy
              ? 'searching…'
              : search.lines.length === 0
                ? 'not found'
                : `${count(Math.min(at, search.lines.length - 1) + 1)} of ${count(search.total)}`}
          </span>
        )}
        {search.lines.length > 1 && (
          <>
            <IconButton icon="arrow-up" label="Previous hit" onPress={() => step(-1)} />
            <IconButton icon="arrow-down" label="Next hit" onPress={() => step(1)} />
          </>
        )}
        <span className="grow" />
        {state !== undefined && (
          <span className="num small">
            {plural(total, 'line')} · {bytes(state.bytes)}
            {state.ended ? ' · ended' : ''}
          </span>
        )}
        <Button kind={follow ? 'quiet' : 'plain'} icon={follow ? 'pass-filled' : 'arrow-down'} onPress={() => setFollow(!follow)}>
          {follow ? 'Following' : 'Follow'}
        </Button>
      </div>
      {problem !== undefined || search.problem !== undefined ? (
        <div className="text-remark">
          <ProblemCard tone="warn" problem={(problem ?? search.problem) as Problem} />
        </div>
      ) : null}
      {state === undefined ? (
        status === 'ended' ? null : (
          <Wait text="Opening the log" />
        )
      ) : total === 0 ? (
        <EmptyState icon="output" title="Nothing was written yet" why="Lines appear here as they are written." />
      ) : (
        <VirtualList
          ref={list}
          className="log"
          count={total}
          rowHeight={ROW}
          role="log"
          label={state.title}
          elementProps={{ tabIndex: 0, 'aria-live': 'off' }}
          onRange={(first, last, atEnd) => {
            seen.current = { first, last }
            lines.want(first - 50, last + 50, total)
            if (atEnd !== follow && document.activeElement !== null) setFollow(atEnd)
          }}
          row={(i) => {
            const raw = lines.line(i)
            const line = raw === undefined ? undefined : readLine(raw)
            return (
              <div key={i} className={`log-row ${i === hit ? 'hit' : ''} ${line?.level ?? ''}`} style={{ height: ROW }}>
                <span className="t">{line?.time}</span>
                <span className="l">{line?.level}</span>
                <span className="x" title={line !== undefined && line.text.length > 160 ? line.text.slice(0, 2000) : undefined}>
                  {line === undefined ? '…' : line.text}
                </span>
              </div>
            )
          }}
        />
      )}
    </section>
  )
}

function useSearch(
  log: string,
  query: string,
  regex: boolean,
): { readonly lines: readonly number[]; readonly total: number; readonly busy: boolean; readonly problem: Problem | undefined } {
  const link = useLink()
  const [found, setFound] = useState<{ lines: readonly number[]; total: number; busy: boolean; problem: Problem | undefined }>({
    lines: [],
    total: 0,
    busy: false,
    problem: undefined,
  })
  useEffect(() => {
    if (query === '') return setFound({ lines: [], total: 0, busy: false, problem: undefined })
    const stop = new AbortController()
    const timer = setTimeout(() => {
      setFound((old) => ({ ...old, busy: true }))
      link.call('logs.search', { log, query, regex, limit: 5000 }, stop.signal).then(
        (answer) => setFound({ lines: answer.lines, total: answer.total, busy: false, problem: undefined }),
        (error) =>
          !stop.signal.aborted && setFound({ lines: [], total: 0, busy: false, problem: toProblem(error, console.error) }),
      )
    }, 150)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [link, log, query, regex])
  return found
}
