// The outline of a notebook for the side bar: its headings, the one of the active cell marked, a press leads there.
import { type ReactNode, useEffect, useState } from 'react'
import { useStore } from '../parts/store.ts'
import { VirtualList } from '../parts/virtual-list.tsx'
import type { NotebookView } from './notebook-view.ts'
import { openViews } from './open-views.ts'
import { type Heading, headings } from './outline.ts'

export function NotebookOutline({ notebook }: { readonly notebook: string }): ReactNode {
  const view = useStore(openViews.store).get(notebook)
  return view === undefined ? null : <Outline view={view} />
}

const SETTLE_MS = 250
const ROW_PX = 28

/** The headings, looked for when the document has been quiet for a moment: a notebook of 5,000 cells has 1,500, and every key is a change. */
function useHeadings(view: NotebookView): readonly Heading[] {
  const [list, setList] = useState<readonly Heading[]>([])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = (): void => {
      timer = undefined
      if (!view.ready) return
      const { order, cells } = view.doc
      const texts = order.flatMap((id) =>
        cells[id]?.kind === 'markdown' ? [{ id, kind: 'markdown', source: view.model.text(id) }] : [],
      )
      const next = headings(texts)
      const same = (a: Heading, b: Heading | undefined) => a.cell === b?.cell && a.text === b.text && a.level === b.level
      setList((old) => (old.length === next.length && old.every((h, i) => same(h, next[i])) ? old : next))
    }
    const later = (): void => {
      timer ??= setTimeout(look, SETTLE_MS)
    }
    later()
    const stop = view.subscribe(later)
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [view])
  return list
}

function Outline({ view }: { readonly view: NotebookView }): ReactNode {
  const list = useHeadings(view)
  const { active } = useStore(view.selection)
  if (!view.ready) return null
  const order = view.doc.order
  const at = order.indexOf(active ?? '')
  const upTo = new Set(order.slice(0, at + 1))
  const here = list.findLast((h) => upTo.has(h.cell))
  const top = Math.min(...list.map((h) => h.level), 6)
  return (
    <nav className="outline" aria-label="Outline of the notebook">
      <h6>Outline</h6>
      {list.length === 0 && (
        <p className="faint small">Headings of text cells will be listed here. This notebook has none yet.</p>
      )}
      {/* The tree above keeps its place however many headings there are, and only the rows that are seen are in the page. */}
      <div className="outline-list" style={{ height: list.length * ROW_PX }}>
        <VirtualList
          count={list.length}
          rowHeight={ROW_PX}
          role="list"
          label="Headings"
          row={(i) => {
            const h = list[i]
            if (h === undefined) return null
            return (
              // biome-ignore lint/a11y/useSemanticElements: the list is no ul, its rows are placed by hand.
              <div key={`${h.cell}-${i}`} role="listitem">
                <button
                  type="button"
                  className="outline-row cut"
                  style={{ height: ROW_PX, paddingLeft: 16 + (h.level - top) * 16 }}
                  {...(h === here ? { 'aria-current': 'location' as const } : {})}
                  onClick={() => {
                    view.choose(h.cell)
                    view.scrollTo(h.cell, 'top')
                  }}
                >
                  {h.text}
                </button>
              </div>
            )
          }}
        />
      </div>
    </nav>
  )
}
