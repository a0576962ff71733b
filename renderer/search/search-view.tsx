// Search in files, in the side bar: the engine searches while one types, a new question cancels the old one. Notebooks are found by cell.
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { type Problem, toProblem } from '../../engine/contract/problem.ts'
import type { SearchHit } from '../../engine/contract/topics/workspace.ts'
import { useFeedPart, useLink } from '../link/hooks.tsx'
import { Field, FieldToggle } from '../parts/field.tsx'
import { go, speak } from '../parts/go.ts'
import { fileIcon, Icon } from '../parts/icon.tsx'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { count, plural } from '../parts/units.ts'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.tsx'
import './search.css'

type Found = { readonly hits: readonly SearchHit[]; readonly files: number; readonly cut: boolean }
type Line =
  | { readonly kind: 'file'; readonly path: string; readonly hits: number }
  | { readonly kind: 'hit'; readonly hit: SearchHit }

const ROW = 24
const PAUSE_MS = 180

export function SearchView(): ReactNode {
  const link = useLink()
  const folder = useFeedPart('workspace', null, (s) => s.folder).state
  const [query, setQuery] = useState('')
  const [regex, setRegex] = useState(false)
  const [caseSensitive, setCase] = useState(false)
  const [wholeWord, setWord] = useState(false)
  const [include, setInclude] = useState('')
  const [exclude, setExclude] = useState('')
  const [more, setMore] = useState(false)
  const [found, setFound] = useState<Found>()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [at, setAt] = useState(0)
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<VirtualListHandle>(null)

  useEffect(() => {
    if (query === '' || folder === undefined) {
      setFound(undefined)
      setProblem(undefined)
      setBusy(false)
      return
    }
    const stop = new AbortController()
    const timer = setTimeout(async () => {
      setBusy(true)
      try {
        const answer = await link.call(
          'files.search',
          {
            query,
            regex,
            caseSensitive,
            wholeWord,
            limit: 5000,
            ...(include === '' ? {} : { include }),
            ...(exclude === '' ? {} : { exclude }),
          },
          stop.signal,
        )
        setFound(answer)
        setProblem(undefined)
        setAt(0)
        setClosed(new Set())
        speak(`${answer.hits.length} found in ${answer.files} files`)
      } catch (error) {
        if (!stop.signal.aborted) setProblem(toProblem(error, console.error))
      } finally {
        if (!stop.signal.aborted) setBusy(false)
      }
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [link, folder, query, regex, caseSensitive, wholeWord, include, exclude])

  const lines = useMemo(() => {
    const out: Line[] = []
    const byFile = new Map<string, SearchHit[]>()
    for (const hit of found?.hits ?? []) (byFile.get(hit.path) ?? byFile.set(hit.path, []).get(hit.path))?.push(hit)
    for (const [path, hits] of byFile) {
      out.push({ kind: 'file', path, hits: hits.length })
      if (!closed.has(path)) for (const hit of hits) out.push({ kind: 'hit', hit })
    }
    return out
  }, [found, closed])

  const activate = (line: Line | undefined) => {
    if (line === undefined) return
    if (line.kind === 'file')
      return setClosed((old) =>
        old.has(line.path) ? new Set([...old].filter((p) => p !== line.path)) : new Set(old).add(line.path),
      )
    const { hit } = line
    go({
      kind: 'file',
      path: hit.path,
      line: hit.line,
      column: hit.from + 1,
      ...(hit.cell === undefined ? {} : { cell: hit.cell }),
    })
  }
  const move = (to: number) => {
    const next = Math.max(0, Math.min(lines.length - 1, to))
    setAt(next)
    list.current?.show(next)
  }
  return (
    <div className="search">
      <div className="side-head">
        <h6>Search</h6>
      </div>
      <div className="search-fields">
        <Field
          label="Search in files"
          placeholder="Search in files"
          value={query}
          onChange={setQuery}
          autoFocus
          onEnter={() => list.current?.element?.focus()}
        >
          <FieldToggle label="Match case" text="Aa" on={caseSensitive} onChange={setCase} />
          <FieldToggle label="Whole word" text="ab" on={wholeWord} onChange={setWord} />
          <FieldToggle label="Regular expression" text=".*" on={regex} onChange={setRegex} />
        </Field>
        <button type="button" className="link tiny" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? 'Fewer options' : 'Files to include or leave out'}
        </button>
        {more && (
          <>
            <Field label="Only in" showLabel placeholder="src/**, *.py" value={include} onChange={setInclude} />
            <Field label="Not in" showLabel placeholder="data/**" value={exclude} onChange={setExclude} />
          </>
        )}
        <div className="tiny faint" role="status">
          {busy
            ? 'Searching…'
            : found === undefined
              ? ''
              : `${plural(found.hits.length, 'hit')} in ${plural(found.files, 'file')}${found.cut ? '; cut there, narrow the search' : ''}`}
        </div>
      </div>
      {problem !== undefined && (
        <div className="search-fields">
          <ProblemCard problem={problem} tone="warn" />
        </div>
      )}
      {found === undefined && problem === undefined ? (
        <EmptyState
          icon="search"
          title="Nothing searched yet"
          why={
            folder === undefined
              ? 'Open a folder first: search looks into its files.'
              : 'What you type is looked for in every file of the folder that git does not ignore, notebooks by cell.'
          }
        />
      ) : (
        <VirtualList
          ref={list}
          className="search-list"
          count={lines.length}
          rowHeight={ROW}
          role="listbox"
          label="Found"
          elementProps={{
            tabIndex: 0,
            'aria-activedescendant': lines.length > 0 ? `hit-${at}` : undefined,
            onKeyDown: (e) => {
              if (e.key === 'ArrowDown') move(at + 1)
              else if (e.key === 'ArrowUp') move(at - 1)
              else if (e.key === 'PageDown') move(at + 20)
              else if (e.key === 'PageUp') move(at - 20)
              else if (e.key === 'Enter' || e.key === ' ') activate(lines[at])
              else return
              e.preventDefault()
            },
          }}
          row={(i) => {
            const line = lines[i]
            if (line === undefined) return null
            return (
              // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the list has the focus and the keys.
              <div
                key={
                  line.kind === 'file' ? line.path : `${line.hit.path}:${line.hit.cell ?? ''}:${line.hit.line}:${line.hit.from}`
                }
                id={`hit-${i}`}
                role="option"
                aria-selected={i === at}
                className={`search-row ${line.kind}`}
                style={{ height: ROW }}
                onClick={() => {
                  setAt(i)
                  activate(line)
                }}
              >
                {line.kind === 'file' ? (
                  <>
                    <Icon name={closed.has(line.path) ? 'chevron-right' : 'chevron-down'} />
                    <Icon name={fileIcon(line.path)} />
                    <span className="cut grow">{line.path}</span>
                    <span className="chip s num">{count(line.hits)}</span>
                  </>
                ) : (
                  <Hit hit={line.hit} />
                )}
              </div>
            )
          }}
        />
      )}
    </div>
  )
}

function Hit({ hit }: { readonly hit: SearchHit }): ReactNode {
  // A hit far to the right is brought into view by leaving out what stands before it.
  const from = Math.max(0, hit.from - 24)
  return (
    <span className="cut mono">
      {from > 0 && '…'}
      {hit.text.slice(from, hit.from).trimStart()}
      <mark>{hit.text.slice(hit.from, hit.to)}</mark>
      {hit.text.slice(hit.to, hit.to + 200)}
    </span>
  )
}
