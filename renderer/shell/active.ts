// What the window works on now: the notebook (or file) of the tab in front. Read by the status bar, the commands and the outline.
import { makeStore } from '../parts/store.ts'

export type ActiveNotebook = { readonly id: string; readonly path: string; readonly tabId: string }
/** The notebook in front; kept while the focus is in a panel. */
export const activeNotebook = makeStore<ActiveNotebook | undefined>(undefined)
/** Id of the tab in front. */
export const activeTabId = makeStore<string | undefined>(undefined)
