// Find and replace over cells and outputs. The engine searches (whole spooled text too); a match in a source is shown selected in its
// cell, one in an output by going to it.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { toProblem } from '../../engine/contract/problem.ts'
import type { FindMatch } from '../../engine/contract/topics/notebook.ts'
import { Button, IconButton } from '../parts/button.tsx'
import { Field, FieldToggle } from '../parts/field.tsx'
import { count } from '../parts/units.ts'
import { arrivals } from './arrivals.ts'
import { openMarkdown } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'

const LIMIT = 5000
const TYPING_MS = 150

type Found = { readonly matches: readonly FindMatch[]; readonly total: number }

export function FindBar({ view, replacing }: { readonly view: NotebookView; readonly replacing: boolean }): ReactNode {
  const [query, setQuery] = useState('')
  const [by, setBy] = useState('')
  const [regex, setRegex] = useState(false)
  const [caseSensitive, setCase] = useState(false)
  const [wholeWord, setWord] = useState(false)
  const [outputs, setOutputs] = useState(true)
  const [found, setFound] = useState<Found>()
  const [at, setAt] = useState(-1)
  const [problem, setProblem] = useState<string>()
  const [again, setAgain] = useState(0)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [])

  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` asks anew after a replacement.
  useEffect(() => {
    setAt(-1)
    if (query === '') {
      setFound(undefined)
      setProblem(undefined)
      return
    }
    const stop = new AbortController()
    const timer = setTimeout(() => {
      view.model
        .flush()
        .then(() =>
          view.link.call(
            'notebook.find',
            { notebook: view.id, query, regex, caseSensitive, wholeWord, outputs, limit: LIMIT },
            stop.signal,
          ),
        )
        .then((answer) => {
          setFound(answer)
          setProblem(undefined)
        })
        .catch((error: unknown) => !stop.signal.aborted && setProblem(toProblem(error).message))
    }, TYPING_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [view, query, regex, caseSensitive, wholeWord, outputs, again])

  const show = (step: number): void => {
    const list = found?.matches ?? []
    if (list.length === 0) return
    // The first press goes to the first match at or behind the active cell.
    const order = view.doc.order
    const from = order.indexOf(view.selection.get().active ?? '')
    const start = Math.max(
      0,
      list.findIndex((m) => order.indexOf(m.cell) >= from),
    )
    const next = at < 0 ? (step > 0 ? start : (start - 1 + list.length) % list.length) : (at + step + list.length) % list.length
    setAt(next)
    const match = list[next]
    if (match !== undefined) showMatch(view, match)
    field.current?.focus()
  }
  const close = (): void => {
    view.panel.set(undefined)
    view.focus()
  }
  const replace = async (cells?: readonly string[]): Promise<void> => {
    const answer = await view.attempt(async () => {
      await view.model.flush()
      return view.link.call('notebook.replace', {
        notebook: view.id,
        query,
        with: by,
        regex,
        caseSensitive,
        wholeWord,
        ...(cells === undefined ? {} : { cells: [...cells] }),
      })
    })
    if (answer !== undefined) view.say(`${count(answer.replaced)} replaced.`)
    setAgain((n) => n + 1)
  }
  const here = at >= 0 ? found?.matches[at] : undefined
  return (
    <search className="find-bar" data-context="findFocus" aria-label="Find in the notebook">
      <div className="find-row">
        <Field
          ref={field}
          label="Find"
          icon="search"
          value={query}
          onChange={setQuery}
          onEnter={() => show(1)}
          onEscape={close}
          placeholder="Find in code, text and outputs"
          problem={problem}
        >
          <FieldToggle label="Match case" text="Aa" on={caseSensitive} onChange={setCase} />
          <FieldToggle label="Whole word" text="ab" on={wholeWord} onChange={setWord} />
          <FieldToggle label="Regular expression" text=".*" on={regex} onChange={setRegex} />
          <FieldToggle label="In outputs too" text="out" on={outputs} onChange={setOutputs} />
        </Field>
        <span className="find-count num" role="status">
          {found === undefined
            ? ''
            : found.total === 0
              ? 'nothing found'
              : `${at < 0 ? '' : `${at + 1} of `}${count(found.total)}`}
          {found !== undefined && found.total > found.matches.length && ` (first ${count(found.matches.length)} here)`}
        </span>
        <IconButton icon="arrow-up" label="Previous match" onPress={() => show(-1)} />
        <IconButton icon="arrow-down" label="Next match" onPress={() => show(1)} />
        {!replacing && <IconButton icon="replace" label="Replace" onPress={() => view.panel.set('replace')} />}
        <IconButton icon="close" label="Close" onPress={close} />
      </div>
      {here !== undefined && (
        <div className="find-here tiny soft cut">
          {here.in === 'output' ? 'In an output: ' : ''}
          <span className="mono">{here.text.trim().slice(0, 200)}</span>
        </div>
      )}
      {replacing && (
        <div className="find-row">
          <Field
            label="Replace by"
            icon="replace"
            value={by}
            onChange={setBy}
            onEscape={close}
            onEnter={() => here !== undefined && void replace([here.cell])}
            placeholder="Replace by"
          />
          <Button
            isDisabled={here === undefined || here.in === 'output'}
            onPress={() => here !== undefined && void replace([here.cell])}
          >
            Replace in this cell
          </Button>
          <Button isDisabled={found === undefined || found.total === 0} onPress={() => void replace()}>
            Replace all
          </Button>
        </div>
      )}
    </search>
  )
}

function showMatch(view: NotebookView, match: FindMatch): void {
  if (match.in === 'source') {
    arrivals.set(match.cell, placeOf(view.model.text(match.cell), match))
    if (view.cell(match.cell)?.kind === 'markdown') openMarkdown(view, [match.cell], true)
    view.choose(match.cell, 'edit')
  } else view.choose(match.cell, 'command', false)
  view.scrollTo(match.cell, 'centre')
}

/** Offsets of a source are UTF-16 units of the whole text. */
function placeOf(text: string, match: FindMatch): { line: number; column: number; endColumn: number } {
  const start = text.lastIndexOf('\n', match.from - 1) + 1
  return { line: text.slice(0, match.from).split('\n').length, column: match.from - start + 1, endColumn: match.to - start + 1 }
}
