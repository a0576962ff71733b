// One cell: number (its drag handle), code or text, the lane under it, outputs, the tools that show on hover and focus.
import { memo, type ReactNode, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { Cell, InputRequest } from '../../engine/contract/topics/notebook.ts'
import { StaticCode } from '../editor/code-editor.tsx'
import { loadMonaco, monacoNow, onMonaco } from '../editor/monaco.ts'
import { contextMenu } from '../parts/menu.tsx'
import { plural } from '../parts/units.ts'
import { arrivals } from './arrivals.ts'
import { chosenCells, foldHeading, hasFlag, openMarkdown, toggleFlag } from './cell-actions.ts'
import { lineCount } from './cell-height.ts'
import { CellTags, CellTools, cellMenu, InsertBetween } from './cell-tools.tsx'
import { EarlyCode } from './early-code.tsx'
import { InputBox } from './input-box.tsx'
import { Lane } from './lane.tsx'
import { LiveCode } from './live-code.tsx'
import { MarkdownView } from './markdown-view.tsx'
import type { NotebookView } from './notebook-view.ts'
import { headings, leadLevel } from './outline.ts'
import { OutputList } from './outputs/output-list.tsx'
import { runCells } from './run-actions.ts'

type Props = {
  readonly view: NotebookView
  readonly cell: Cell
  readonly source: string
  readonly top: number
  readonly position: number
  readonly active: boolean
  readonly editing: boolean
  readonly picked: boolean
  readonly several: boolean
  readonly open: boolean
  readonly foldedCount: number | undefined
  readonly lineNumbers: boolean
  readonly language: string
  readonly place: string
  readonly trusted: boolean
  readonly input: InputRequest | undefined
  readonly folder: string
  readonly sizes: ResizeObserver
  readonly onFrame: (id: string) => void
  readonly onDrag: (e: React.PointerEvent, cell: string) => void
}

export const CellRow = memo(function CellRow(props: Props): ReactNode {
  const { view, cell, source, top, position, active, picked, foldedCount, sizes, onFrame } = props
  const row = useRef<HTMLElement>(null)
  const [hovered, setHovered] = useState(false)
  useLayoutEffect(() => {
    const el = row.current
    if (el === null) return
    sizes.observe(el)
    return () => sizes.unobserve(el)
  }, [sizes])
  useEffect(() => {
    if (
      cell.outputs.some(
        (o) =>
          (o.type === 'display' || o.type === 'result') && Object.keys(o.data).some((m) => /html|plotly|vega|javascript/.test(m)),
      )
    )
      onFrame(cell.id)
  }, [cell.outputs, cell.id, onFrame])

  const choose = (e: React.MouseEvent): void => {
    if (e.button !== 0 && e.button !== 2) return
    if (e.shiftKey) {
      e.preventDefault()
      view.selection.set((s) => ({ active: cell.id, anchor: s.anchor ?? cell.id, mode: 'command' }))
      view.focus()
    } else if (!active || (props.editing && !(e.target as Element).closest('.cell-box'))) view.choose(cell.id, 'command', false)
  }
  const rendered = cell.kind === 'markdown' && !props.open && !props.editing
  const state = cell.run?.state
  return (
    <article
      ref={row}
      data-cell={cell.id}
      data-context={props.editing ? 'cellWaiting' : 'cellCommand'}
      className={`cell kind-${cell.kind} ${active ? 'active' : ''} ${picked ? 'picked' : ''} ${state ?? ''}`}
      style={{ transform: `translateY(${top}px)` }}
      tabIndex={active ? 0 : -1}
      {...(active ? { 'data-first-focus': '' } : {})}
      aria-label={label(cell, position, foldedCount)}
      {...(active ? { 'aria-current': true } : {})}
      onMouseDown={choose}
      onMouseMove={() => hovered || setHovered(true)}
      onMouseLeave={() => setHovered(false)}
      {...contextMenu('Cell', () => cellMenu(view, cell))}
    >
      <CellNumber {...props} />
      <div className="cell-main">
        {rendered ? <Rendered {...props} /> : <Source {...props} />}
        {cell.kind === 'code' && <Lane cell={cell} place={props.place} />}
        {(cell.outputs.length > 0 || props.input !== undefined) && <Outputs {...props} />}
        {foldedCount !== undefined && foldedCount > 0 && (
          <button type="button" className="folded-note" onClick={() => foldThis(view, cell.id, false)}>
            {plural(foldedCount, 'cell')} folded
          </button>
        )}
      </div>
      <CellTags cell={cell} />
      {(hovered || active) && <CellTools view={view} cell={cell} />}
      {hovered && <InsertBetween view={view} cell={cell.id} />}
    </article>
  )
})

function foldThis(view: NotebookView, cell: string, fold: boolean): void {
  view.choose(cell)
  foldHeading(view, fold)
}

function label(cell: Cell, position: number, foldedCount: number | undefined): string {
  const state = cell.run?.state
  const words = [`${cell.kind === 'code' ? 'Code' : cell.kind === 'markdown' ? 'Text' : 'Raw'} cell ${position}`]
  if (state === 'running' || state === 'queued' || state === 'failed' || state === 'interrupted' || state === 'lost')
    words.push(state)
  else if (cell.count !== null) words.push(`run ${cell.count}`)
  if (foldedCount !== undefined) words.push(`collapsed, ${foldedCount} cells hidden`)
  return words.join(', ')
}

function CellNumber({ view, cell, source, foldedCount, onDrag }: Props): ReactNode {
  const state = cell.run?.state
  const number = state === 'running' || state === 'queued' ? '*' : cell.count === null ? ' ' : String(cell.count)
  const level = leadLevel({ id: cell.id, kind: cell.kind, source })
  return (
    <div className="cell-number" data-context="cellCommand=" title="Drag to move" onPointerDown={(e) => onDrag(e, cell.id)}>
      {cell.kind === 'code' && (
        <>
          <button
            type="button"
            tabIndex={-1}
            className="cell-run"
            aria-label="Run this cell"
            title="Run this cell"
            onPointerDown={(e) => e.stopPropagation()}
            onClick={() => void runCells(view, [cell.id])}
          >
            <span className="codicon codicon-play" aria-hidden="true" />
          </button>
          <span className="cell-count">[{number}]</span>
        </>
      )}
      {level !== undefined && (
        <button
          type="button"
          tabIndex={-1}
          className="cell-fold"
          aria-expanded={foldedCount === undefined}
          aria-label="Section"
          onPointerDown={(e) => e.stopPropagation()}
          onClick={() => foldThis(view, cell.id, foldedCount === undefined)}
        >
          <span className={`codicon codicon-chevron-${foldedCount === undefined ? 'down' : 'right'}`} aria-hidden="true" />
        </button>
      )}
    </div>
  )
}

function Rendered({ view, cell, source, folder }: Props): ReactNode {
  if (source.trim() === '') {
    return (
      // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard way is Enter on the cell.
      <div className="markdown empty-text" onDoubleClick={() => view.choose(cell.id, 'edit')}>
        Empty text cell. Enter or a double click writes in it.
      </div>
    )
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard way is Enter on the cell.
    <div onDoubleClick={() => view.choose(cell.id, 'edit')}>
      <MarkdownView
        source={source}
        prefix={`${cell.id}-`}
        folder={folder}
        attachments={cell.attachments}
        onAnchor={(slug) => showAnchor(view, slug)}
      />
    </div>
  )
}

function showAnchor(view: NotebookView, slug: string): void {
  const { order, cells } = view.doc
  const all = headings(
    order.flatMap((id) => (cells[id] === undefined ? [] : [{ id, kind: cells[id].kind, source: view.model.text(id) }])),
  )
  const found = all.find((h) => h.slug === slug) ?? all.find((h) => h.slug.toLowerCase() === slug.toLowerCase())
  if (found === undefined) return
  view.choose(found.cell)
  view.scrollTo(found.cell, 'top')
}

function Source(props: Props): ReactNode {
  const { view, cell, source, editing, lineNumbers, language } = props
  const monaco = useSyncExternalStore(onMonaco, monacoNow)
  const [lines, setLines] = useState(() => lineCount(source))
  const shown = editing ? lines : lineCount(source)
  useEffect(() => {
    if (editing) {
      setLines(lineCount(view.model.text(cell.id)))
      if (cell.kind === 'markdown') openMarkdown(view, [cell.id], true)
      loadMonaco().catch(() => {})
    }
  }, [editing, view, cell.id, cell.kind])
  const spoken = cell.kind === 'code' ? language : cell.kind === 'markdown' ? 'markdown' : 'plaintext'
  if (hasFlag(cell.metadata, 'source_hidden') && !editing) {
    return (
      <button type="button" className="folded-note" onClick={() => void toggleFlag(view, 'source_hidden', [cell.id])}>
        {plural(lineCount(source), 'line')} of code hidden
      </button>
    )
  }
  const begin = (e: React.MouseEvent): void => {
    if (e.button !== 0 || e.shiftKey || editing) return
    const at = positionAt(e)
    if (at !== undefined) arrivals.set(cell.id, at)
    e.preventDefault()
    e.stopPropagation()
    view.choose(cell.id, 'edit')
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keyboard way is Enter on the cell.
    <div
      className={`cell-box ${editing ? 'editing' : ''} ${lineNumbers ? 'numbered' : ''}`}
      data-context="cellCommand= cellEdit"
      onMouseDown={begin}
    >
      {lineNumbers && (
        <pre className="code line-numbers" aria-hidden="true">
          {Array.from({ length: shown }, (_, i) => i + 1).join('\n')}
        </pre>
      )}
      {editing && monaco !== undefined ? (
        <LiveCode
          monaco={monaco}
          view={view}
          cell={cell.id}
          language={spoken}
          label={`${label(cell, props.position, undefined)}, text`}
          readOnly={view.doc.save.state === 'read-only'}
          onLines={setLines}
        />
      ) : editing ? (
        <EarlyCode
          view={view}
          cell={cell.id}
          source={source}
          language={spoken}
          label={`${label(cell, props.position, undefined)}, text`}
          readOnly={view.doc.save.state === 'read-only'}
        />
      ) : source === '' ? (
        <pre className="code placeholder">{cell.kind === 'code' ? '' : 'Write text, with markdown'}&#8203;</pre>
      ) : (
        <StaticCode source={source} language={spoken} />
      )}
    </div>
  )
}

/** Line and column under a click into static code. */
function positionAt(e: React.MouseEvent): { line: number; column: number } | undefined {
  const pre = (e.currentTarget as Element).querySelector('pre.code:not(.line-numbers)')
  const at = document.caretRangeFromPoint?.(e.clientX, e.clientY)
  if (pre === null || at === null || at === undefined || !pre.contains(at.startContainer)) return undefined
  const range = document.createRange()
  range.setStart(pre, 0)
  range.setEnd(at.startContainer, at.startOffset)
  const before = range.toString().replaceAll('\u200b', '')
  return { line: lineCount(before), column: before.length - before.lastIndexOf('\n') }
}

function Outputs({ view, cell, folder, trusted, input, position }: Props): ReactNode {
  const [allowed, setAllowed] = useState<ReadonlySet<string>>(new Set())
  const hidden = hasFlag(cell.metadata, 'outputs_hidden')
  const running = cell.run?.state === 'running'
  if (hidden && input === undefined) {
    return (
      <button
        type="button"
        className="folded-note"
        onClick={() => void toggleFlag(view, 'outputs_hidden', chosenCells(view).includes(cell.id) ? undefined : [cell.id])}
      >
        {plural(cell.outputs.length, 'output')} hidden
      </button>
    )
  }
  return (
    <section className="cell-outputs" aria-label={`Outputs of cell ${position}`}>
      <OutputList
        outputs={cell.outputs}
        cell={cell.id}
        folder={folder}
        running={running}
        scrolled={cell.metadata['scrolled'] === true}
        scriptsAllowed={allowed}
        allowScripts={trusted ? setAllowed : undefined}
      />
      {input !== undefined && <InputBox view={view} request={input} />}
    </section>
  )
}
