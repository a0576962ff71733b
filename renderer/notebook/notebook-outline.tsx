// The outline of a notebook for the side bar: its headings, the one of the active cell marked, a press leads there.
import { type ReactNode, useDeferredValue, useMemo, useSyncExternalStore } from 'react'
import { useStore } from '../parts/store.ts'
import type { NotebookView } from './notebook-view.ts'
import { openViews } from './open-views.ts'
import { headings } from './outline.ts'

export function NotebookOutline({ notebook }: { readonly notebook: string }): ReactNode {
  const view = useStore(openViews.store).get(notebook)
  return view === undefined ? null : <Outline view={view} />
}

function Outline({ view }: { readonly view: NotebookView }): ReactNode {
  // Deferred: 1,500 headings take longer to draw than the cells that one wants to see first.
  const version = useDeferredValue(useSyncExternalStore(view.subscribe, view.version), -1)
  const { active } = useStore(view.selection)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` stands for the document.
  const list = useMemo(() => {
    if (!view.ready) return []
    const { order, cells } = view.doc
    return headings(
      order.flatMap((id) => (cells[id] === undefined ? [] : [{ id, kind: cells[id].kind, source: view.model.text(id) }])),
    )
  }, [view, version])
  if (!view.ready) return null
  const order = view.doc.order
  const at = order.indexOf(active ?? '')
  const here = list.findLast((h) => order.indexOf(h.cell) <= at)
  const top = Math.min(...list.map((h) => h.level), 6)
  return (
    <nav className="outline" aria-label="Outline of the notebook">
      <h6>Outline</h6>
      {list.length === 0 && (
        <p className="faint small">Headings of text cells will be listed here. This notebook has none yet.</p>
      )}
      <ul>
        {list.map((h, i) => (
          <li key={`${h.cell}-${i}`}>
            <button
              type="button"
              className="outline-row cut"
              style={{ paddingLeft: 16 + (h.level - top) * 16 }}
              {...(h === here ? { 'aria-current': 'location' as const } : {})}
              onClick={() => {
                view.choose(h.cell)
                view.scrollTo(h.cell, 'top')
              }}
            >
              {h.text}
            </button>
          </li>
        ))}
      </ul>
    </nav>
  )
}
