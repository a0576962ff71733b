// A window on an output that is too long to hold: lines are read as they come into view, searched in the engine, followed while the cell
// runs, copied and saved whole. The page never holds more than some ten thousand lines of it.
import { type ReactNode, useEffect, useMemo, useReducer, useRef, useState } from 'react'
import { toProblem } from '../../../engine/contract/problem.ts'
import { useLink } from '../../link/hooks.tsx'
import { IconButton } from '../../parts/button.tsx'
import { Field } from '../../parts/field.tsx'
import { bytes, count, plural } from '../../parts/units.ts'
import { VirtualList, type VirtualListHandle } from '../../parts/virtual-list.tsx'
import { AnsiLine } from './ansi-lines.tsx'
import { LogLines } from './log-lines.ts'

const LINE_PX = 18
const BOX_LINES = 24
const TALL_LINES = 44
/** Above this a copy would stall other programs: then it is saved as a file. */
const COPY_LIMIT_BYTES = 20_000_000

type Props = {
  readonly log: { readonly id: string; readonly head: string; readonly tail: string }
  readonly bytes: number
  readonly lines: number
  readonly running: boolean
}
type Hits = {
  readonly query: string
  readonly lines: readonly number[]
  readonly total: number
  readonly at: number
  readonly until: number
}

export function LogWindow({ log, bytes: size, lines: total, running }: Props): ReactNode {
  const link = useLink()
  const [, redraw] = useReducer((n: number) => n + 1, 0)
  const source = useMemo(() => new LogLines(link, log.id, redraw), [link, log.id])
  useEffect(() => () => source.stop(), [source])
  const list = useRef<VirtualListHandle>(null)
  const [following, setFollowing] = useState(running)
  const [tall, setTall] = useState(false)
  const [searching, setSearching] = useState(false)
  const [query, setQuery] = useState('')
  const [hits, setHits] = useState<Hits>()
  const [saving, setSaving] = useState<string>()
  const head = useMemo(() => log.head.split('\n'), [log.head])

  // Follows when the log grew.
  useEffect(() => {
    if (following) list.current?.scrollToEnd()
  }, [total, following])

  const search = async (text: string): Promise<void> => {
    if (text === '') return setHits(undefined)
    const found = await link.call('logs.search', { log: log.id, query: text, limit: 2000 }).catch(() => undefined)
    if (found === undefined) return
    setHits({ query: text, lines: found.lines, total: found.total, at: 0, until: found.until })
    setFollowing(false)
    const first = found.lines[0]
    if (first !== undefined) list.current?.show(first, 'centre')
  }
  const next = (by: number): void => {
    if (hits === undefined || hits.lines.length === 0) return
    const at = (hits.at + by + hits.lines.length) % hits.lines.length
    setHits({ ...hits, at })
    list.current?.show(hits.lines[at] ?? 0, 'centre')
  }
  const whole = async (then: (parts: string[]) => Promise<void> | void): Promise<void> => {
    const controller = new AbortController()
    setSaving('0 %')
    try {
      await then(await source.all((n) => setSaving(`${Math.floor((100 * n) / Math.max(1, total))} %`), controller.signal))
      setSaving(undefined)
    } catch (error) {
      setSaving(toProblem(error).message)
    }
  }
  const copy = () => whole((parts) => navigator.clipboard.writeText(parts.join('')))
  const save = () =>
    whole((parts) => {
      const a = document.createElement('a')
      a.href = URL.createObjectURL(new Blob(parts, { type: 'text/plain' }))
      a.download = 'output.txt'
      a.click()
      setTimeout(() => URL.revokeObjectURL(a.href), 10_000)
    })

  const found = new Set(hits?.lines)
  const rows = Math.min(total, tall ? TALL_LINES : BOX_LINES)
  return (
    <div className="log-window" data-context="cellCommand=">
      <div style={{ height: rows * LINE_PX + 8 }} className="log-box">
        <VirtualList
          ref={list}
          count={total}
          rowHeight={LINE_PX}
          role="region"
          label={`Output, ${count(total)} lines`}
          elementProps={{ tabIndex: 0 }}
          onRange={(_first, _last, atEnd) => setFollowing(atEnd)}
          row={(i) => {
            const spans = source.line(i, total)
            return (
              <div
                key={i}
                className={`out-line log-line ${found.has(i) ? 'found' : ''} ${hits?.lines[hits.at] === i ? 'at' : ''}`}
                style={{ height: LINE_PX }}
              >
                {spans === undefined ? (head[i] ?? '') : <AnsiLine spans={spans} />}
              </div>
            )
          }}
        />
      </div>
      <div className="out-foot">
        <span>
          {plural(total, 'line')} · {bytes(size)}
        </span>
        {running && !following && (
          <button
            type="button"
            className="link"
            onClick={() => {
              setFollowing(true)
              list.current?.scrollToEnd()
            }}
          >
            Follow the end
          </button>
        )}
        {searching ? (
          <span className="log-search">
            <Field
              label="Search this output"
              value={query}
              autoFocus
              onChange={setQuery}
              onEnter={() => (hits?.query === query ? next(1) : void search(query))}
              onEscape={() => setSearching(false)}
              placeholder="Search, Enter"
            />
            {hits !== undefined && <span>{hits.total === 0 ? 'nothing found' : `${hits.at + 1} of ${count(hits.total)}`}</span>}
            <IconButton icon="arrow-up" label="Previous" onPress={() => next(-1)} />
            <IconButton icon="arrow-down" label="Next" onPress={() => next(1)} />
          </span>
        ) : (
          <button type="button" className="link" onClick={() => setSearching(true)}>
            Search
          </button>
        )}
        <button type="button" className="link" onClick={() => setTall(!tall)}>
          {tall ? 'Smaller' : 'Taller'}
        </button>
        {size <= COPY_LIMIT_BYTES && (
          <button type="button" className="link" onClick={() => void copy()}>
            Copy
          </button>
        )}
        <button type="button" className="link" onClick={() => void save()}>
          Save as file
        </button>
        {saving !== undefined && <span role="status">{saving}</span>}
      </div>
    </div>
  )
}
