// The notebook's cells as a virtual list: only what is seen is in the page, heights are kept once measured, and what one looks at stays
// where it is when something above it changes size. 5,000 cells cost what 20 cost.
import {
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import { useStore } from '../parts/store.ts'
import { dropPlace, useCellDrag } from './cell-drag.ts'
import { estimateHeight } from './cell-height.ts'
import { CellRow } from './cell-row.tsx'
import type { NotebookView } from './notebook-view.ts'
import { folded } from './outline.ts'
import { chosen } from './selection.ts'
import { scrollSpace } from './virtual-layout.ts'

const OVERSCAN_PX = 300
const TOP_PX = 16
const BOTTOM_PX = 160
/** Cells with a sandboxed frame stay in the page when scrolled away (a detached frame starts anew), but only so many. */
const KEPT_FRAMES = 12

/** What is drawn: rows by number, and (only where the scroll space is scaled) from which scroll position. */
type Window = { readonly first: number; readonly last: number; readonly height: number; readonly top: number }
type Anchor = { readonly id: string; readonly offset: number }

export function CellList({ view, folder }: { readonly view: NotebookView; readonly folder: string }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const selection = useStore(view.selection)
  const collapsed = useStore(view.collapsed)
  const opened = useStore(view.opened)
  const lineNumbers = useStore(view.lineNumbers)
  const { doc, layout, model } = view
  const box = useRef<HTMLDivElement>(null)
  const spaceElement = useRef<HTMLElement>(null)
  const anchor = useRef<Anchor>(undefined)
  const keptFrames = useRef<string[]>([])
  const [, redraw] = useReducer((n: number) => n + 1, 0)
  const [drawn, setWindow] = useState<Window>({ first: 0, last: 12, height: 900, top: 0 })

  const { order, cells } = doc
  const fold = useMemo(() => {
    if (collapsed.size === 0) return { visible: order, counts: new Map<string, number>() }
    const texts = order.map((id) => ({ id, kind: cells[id]?.kind ?? 'code', source: model.text(id) }))
    const { hidden, counts } = folded(texts, collapsed)
    return { visible: order.filter((id) => !hidden.has(id)), counts }
  }, [order, cells, collapsed, model])
  const { visible } = fold

  // Heights are estimated when the rows change; afterwards they are measured.
  useMemo(() => layout.setRows(visible, (id) => estimateHeight(cells[id], model.text(id))), [visible, layout])

  const total = layout.total + TOP_PX + BOTTOM_PX
  const space = scrollSpace(total, drawn.height)
  const scaled = space.space !== total
  const { first, last } = drawn
  const shown: string[] = visible.slice(first, last) as string[]
  const inWindow = new Set(shown)
  for (const id of [...(selection.active === null ? [] : [selection.active]), ...keptFrames.current]) {
    if (!inWindow.has(id) && layout.indexOf(id) >= 0) {
      shown.push(id)
      inWindow.add(id)
    }
  }

  // In document order: React then never moves a row, and a frame that is moved in the page starts anew. Readers and Tab want it too.
  shown.sort((a, b) => layout.indexOf(a) - layout.indexOf(b))

  const onScroll = useCallback(() => {
    const el = box.current
    if (el === null) return
    const full = layout.total + TOP_PX + BOTTOM_PX
    const s = scrollSpace(full, el.clientHeight)
    const top = s.toList(el.scrollTop) - TOP_PX
    const [first, last] = layout.range(top - OVERSCAN_PX, top + el.clientHeight + OVERSCAN_PX)
    const next: Window = { first, last, height: el.clientHeight, top: s.space === full ? 0 : el.scrollTop }
    setWindow((old) =>
      old.first === next.first && old.last === next.last && old.height === next.height && old.top === next.top ? old : next,
    )
    // What stays in place: the active cell while it is seen, else the first cell that is.
    const active = layout.indexOf(view.selection.get().active ?? '')
    const activeSeen = active >= 0 && layout.top(active) >= top && layout.top(active) < top + el.clientHeight
    const at = activeSeen ? active : layout.find(Math.max(0, top))
    const id = layout.id(at)
    anchor.current = id === undefined ? undefined : { id, offset: layout.top(at) - top }
  }, [layout, view])

  /** Puts the anchor back to where it was on the screen. */
  const keepPlace = useCallback(() => {
    const el = box.current
    const kept = anchor.current
    if (el === null || kept === undefined) return
    const at = layout.indexOf(kept.id)
    if (at < 0) return onScroll()
    const s = scrollSpace(layout.total + TOP_PX + BOTTOM_PX, el.clientHeight)
    const wanted = s.toScroll(layout.top(at) - kept.offset + TOP_PX)
    if (el.scrollTop > 0 && Math.abs(wanted - el.scrollTop) >= 1) el.scrollTop = wanted
  }, [layout, onScroll])

  const place = useRef(() => {})
  place.current = () => {
    if (spaceElement.current !== null)
      spaceElement.current.style.height = `${scrollSpace(layout.total + TOP_PX + BOTTOM_PX, box.current?.clientHeight ?? 900).space}px`
    keepPlace()
    onScroll()
  }
  const sizes = useMemo(
    () =>
      new ResizeObserver((entries) => {
        let changed = false
        for (const entry of entries) {
          const id = (entry.target as HTMLElement).dataset['cell']
          const height = entry.borderBoxSize[0]?.blockSize ?? 0
          if (id !== undefined && height > 0) changed = layout.measure(id, height) || changed
        }
        if (changed) {
          place.current()
          redraw()
        }
      }),
    [layout],
  )
  useEffect(() => () => sizes.disconnect(), [sizes])

  // Before the browser paints: rows above may have come or gone. (Not after a mere scroll: reading scrollTop then costs a layout.)
  // When the rows changed.
  useLayoutEffect(() => {
    place.current()
  }, [visible])
  useLayoutEffect(() => {
    const el = box.current
    if (el === null) return
    onScroll()
    const resize = new ResizeObserver(() => {
      if (el.clientWidth === 0) return
      onScroll()
    })
    resize.observe(el)
    return () => resize.disconnect()
  }, [onScroll])
  // Another cell is the anchor when another is active.
  useLayoutEffect(onScroll, [selection.active])

  useEffect(() => {
    view.scrollTo = (id, where = 'nearest') => {
      const el = box.current
      const at = layout.indexOf(id)
      if (el === null || at < 0) return
      const s = scrollSpace(layout.total + TOP_PX + BOTTOM_PX, el.clientHeight)
      const top = layout.top(at) + TOP_PX
      const now = s.toList(el.scrollTop)
      const height = Math.min(layout.height(at), el.clientHeight)
      if (where === 'top') el.scrollTop = s.toScroll(top - 8)
      else if (where === 'centre') el.scrollTop = s.toScroll(top - (el.clientHeight - height) / 2)
      else if (top < now) el.scrollTop = s.toScroll(top - 8)
      else if (top + height > now + el.clientHeight) el.scrollTop = s.toScroll(top + height - el.clientHeight + 8)
      onScroll()
    }
    view.scrollBy = (pages) => box.current?.scrollBy({ top: pages * (box.current.clientHeight ?? 0) })
    return () => {
      view.scrollTo = () => {}
      view.scrollBy = () => {}
    }
  }, [view, layout, onScroll])

  // The active cell is brought into view and gets the focus when somebody wished for it.
  useEffect(
    () =>
      view.focusWish.listen(() => {
        const { active, mode } = view.selection.get()
        if (active === null) return
        // After React has drawn what the wish belongs to (it does so in a microtask), and before the next key comes.
        queueMicrotask(() => {
          view.scrollTo(active)
          const row = () => box.current?.querySelector<HTMLElement>(`[data-cell="${CSS.escape(active)}"]`)
          if (mode !== 'command') return
          if (row() != null) row()?.focus({ preventScroll: true })
          else requestAnimationFrame(() => row()?.focus({ preventScroll: true }))
        })
      }),
    [view],
  )

  const keepFrame = useCallback((id: string) => {
    if (keptFrames.current.includes(id)) return
    keptFrames.current = [...keptFrames.current, id].slice(-KEPT_FRAMES)
  }, [])

  const picked = useMemo(() => new Set(chosen(selection, order)), [selection, order])
  const { drag, startDrag } = useCellDrag(view, box, (y) => dropPlace(layout, space.toList(y) - TOP_PX))
  const offset = scaled ? drawn.top - space.toList(drawn.top) + TOP_PX : TOP_PX
  const several = picked.size > 1

  return (
    <div ref={box} className="cells" onScroll={onScroll} data-context="notebookList">
      <section
        ref={spaceElement}
        className="cells-space"
        style={{ height: space.space }}
        aria-label={`${doc.title}, ${order.length} cells`}
      >
        {shown.map((id) => {
          const cell = cells[id]
          const at = layout.indexOf(id)
          if (cell === undefined || at < 0) return null
          const active = selection.active === id
          return (
            <CellRow
              key={id}
              view={view}
              cell={cell}
              source={model.text(id)}
              top={layout.top(at) + offset}
              position={at + 1}
              active={active}
              editing={active && selection.mode === 'edit'}
              picked={picked.has(id)}
              several={several}
              open={opened.has(id)}
              foldedCount={collapsed.has(id) ? (fold.counts.get(id) ?? 0) : undefined}
              lineNumbers={lineNumbers}
              language={doc.format.language}
              place={doc.kernel.place.title}
              trusted={doc.trusted}
              input={doc.input?.cell === id ? doc.input : undefined}
              folder={folder}
              sizes={sizes}
              onFrame={keepFrame}
              onDrag={startDrag}
            />
          )
        })}
        {drag !== undefined && <div className="drop-line" style={{ transform: `translateY(${drag.y + offset}px)` }} />}
      </section>
    </div>
  )
}
