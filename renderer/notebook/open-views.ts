// The notebooks that are mounted in this window, by id: how the outline finds the view it belongs to.
import { makeStore } from '../parts/store.ts'
import type { NotebookView } from './notebook-view.ts'

const views = makeStore<ReadonlyMap<string, NotebookView>>(new Map())

export const openViews = {
  store: views,
  /** Returns the way to take it back. */
  add(view: NotebookView): () => void {
    views.set((old) => new Map([...old, [view.id, view] as const]))
    return () =>
      views.set((old) => {
        if (old.get(view.id) !== view) return old
        const next = new Map(old)
        next.delete(view.id)
        return next
      })
  },
}
