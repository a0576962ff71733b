// The left column: the view that the activity bar chose.
import { lazy, type ReactNode, Suspense } from 'react'
import { FilesView } from '../files/files-view.tsx'
import { useStore } from '../parts/store.ts'
import { activeNotebook } from './active.ts'

const SearchView = lazy(async () => ({ default: (await import('../search/search-view.tsx')).SearchView }))
const NotebookOutline = lazy(async () => ({ default: (await import('../notebook/notebook-outline.tsx')).NotebookOutline }))

export function SideBar({ side }: { readonly side: string }): ReactNode {
  const open = useStore(activeNotebook)
  return (
    <section
      className="side"
      data-part="side"
      aria-label={side === 'search' ? 'Search in files' : 'Files'}
      data-context={`sideFocus ${side}Focus`}
    >
      <Suspense fallback={null}>{side === 'search' ? <SearchView /> : <FilesView />}</Suspense>
      {side === 'files' && open !== undefined && (
        <Suspense fallback={null}>
          <NotebookOutline notebook={open.id} />
        </Suspense>
      )}
    </section>
  )
}
