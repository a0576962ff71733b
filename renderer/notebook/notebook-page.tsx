// A notebook in a tab: tools above, what must be said, the cells, and what opens beside them. Owns the NotebookView while it is mounted.
import { type ReactNode, useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import { warmMonaco } from '../editor/monaco.ts'
import { useLink } from '../link/hooks.tsx'
import { offerCommands, setContext } from '../parts/command.ts'
import { arrivalStore, focusStore, arrivals as pageArrivals, takeFocus } from '../parts/go.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { Wait } from '../parts/wait.tsx'
import { arrivals } from './arrivals.ts'
import { CellDetails } from './cell-details.tsx'
import { CellList } from './cell-list.tsx'
import { FindBar } from './find-bar.tsx'
import { KernelCard } from './kernel-card.tsx'
import { notebookCommands } from './notebook-commands.ts'
import { NotebookToolbar } from './notebook-toolbar.tsx'
import { NotebookView, setActiveNotebook } from './notebook-view.ts'
import { openViews } from './open-views.ts'
import { PagerPanel } from './pager-panel.tsx'
import { Strips, ToastBar } from './strips.tsx'
import './cells.css'
import './markdown.css'
import './notebook.css'
import './outputs/outputs.css'

let users = 0
let takeBack: () => void = () => {}
/** The commands are offered while any notebook is open. */
function useNotebookCommands(): void {
  useEffect(() => {
    if (users++ === 0) takeBack = offerCommands(notebookCommands)
    return () => {
      if (--users === 0) takeBack()
    }
  }, [])
}

/** `notebook`: the id that `notebook.open` gave. `active`: its tab is in front, commands act on it. */
export function NotebookPage({ notebook, active }: { readonly notebook: string; readonly active: boolean }): ReactNode {
  const link = useLink()
  const view = useMemo(() => new NotebookView(link, notebook), [link, notebook])
  useNotebookCommands()
  useEffect(() => {
    const stop = view.open()
    const forget = openViews.add(view)
    return () => {
      forget()
      stop()
    }
  }, [view])
  useEffect(() => {
    if (!active) return
    setActiveNotebook(view)
    setContext({ notebookOpen: true })
    return () => setActiveNotebook(undefined, view)
  }, [active, view])
  useSyncExternalStore(view.subscribe, view.version)
  const problem = useStore(view.problem)
  if (!view.ready) {
    return (
      <div className="notebook">
        {problem === undefined ? (
          <Wait text="Reading the notebook" hint="Large notebooks are checked before they are shown." />
        ) : (
          <ProblemCard problem={problem} />
        )}
      </div>
    )
  }
  return <Ready view={view} active={active} />
}

function Ready({ view, active }: { readonly view: NotebookView; readonly active: boolean }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const panel = useStore(view.panel)
  const pager = useStore(view.pager)
  const [shown, setShown] = useState(active)
  useEffect(() => {
    if (active) setShown(true)
  }, [active])
  const { doc } = view
  const slash = doc.path.lastIndexOf('/')
  const folder = slash < 0 ? '' : doc.path.slice(0, slash)
  useArrival(view)
  useFocusWish(view, active && shown)
  // Only now: its 240 ms of script would stand between a large notebook and its first paint.
  useEffect(warmMonaco, [])
  return (
    <div className="notebook" data-context={`notebookFocus notebook=${doc.kernel.state}`}>
      <NotebookToolbar view={view} />
      {(panel === 'find' || panel === 'replace') && <FindBar view={view} replacing={panel === 'replace'} />}
      <Strips view={view} />
      <KernelCard view={view} />
      <div className="notebook-body">
        {shown && <CellList view={view} folder={folder} />}
        {panel === 'details' && <CellDetails view={view} />}
      </div>
      {pager !== undefined && <PagerPanel view={view} pager={pager} />}
      <ToastBar view={view} />
    </div>
  )
}

/** A notebook that was found by its name has the focus when it is there: the next key is for its cells. */
function useFocusWish(view: NotebookView, here: boolean): void {
  const wished = useStore(focusStore)
  const { path } = view.doc
  useEffect(() => {
    if (here && wished !== undefined && takeFocus(path)) view.focus()
  }, [view, path, here, wished])
}

/** Somebody sent the user to a cell or a line of this file (search, a link, a log). */
function useArrival(view: NotebookView): void {
  const tick = useStore(arrivalStore)
  const { path } = view.doc
  // Asked again when an arrival was set.
  useEffect(() => {
    for (const [key, to] of pageArrivals) {
      if (path !== key && !path.endsWith(`/${key}`)) continue
      pageArrivals.delete(key)
      if (to.cell === undefined || view.cell(to.cell) === undefined) continue
      if (to.line !== undefined) arrivals.set(to.cell, { line: to.line, column: to.column ?? 1 })
      view.choose(to.cell, to.line === undefined ? 'command' : 'edit')
      view.scrollTo(to.cell, 'centre')
    }
  }, [view, path, tick])
}
