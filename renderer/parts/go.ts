// Where a click leads: features say what to open, the shell decides in which tab. A port, so that features stay siblings.
import type { ReactNode } from 'react'
import { makeStore } from './store.ts'

export type GoTarget =
  /** A file by workspace-relative or absolute path: notebook, picture or text by its name. Lines count from 1. */
  | { readonly kind: 'file'; readonly path: string; readonly line?: number; readonly column?: number; readonly cell?: string }
  | { readonly kind: 'view'; readonly view: string; readonly input?: { readonly [key: string]: string | number | boolean } }
  /** A log by its id, e.g. the spool of a run. */
  | { readonly kind: 'log'; readonly log: string; readonly title?: string; readonly line?: number }

let goTo: (target: GoTarget) => void = () => {}
/** The shell takes the port once. */
export function onGo(handler: (target: GoTarget) => void): void {
  goTo = handler
}
/** Opens or shows a target. */
export const go = (target: GoTarget): void => goTo(target)

/** Where to put the cursor in a tab that was just opened: taken once by the page that opens. Key: path. */
export const arrivals = new Map<string, { readonly line?: number; readonly column?: number; readonly cell?: string }>()
/** Changes when an arrival for an already open page was set. */
export const arrivalStore = makeStore(0)

/** The file whose page shall have the focus when it is there: who found it by keys goes on in it. Taken once by that page. */
export const focusStore = makeStore<string | undefined>(undefined)
/** Is this page, shown in front, the one that was asked for? Then the wish is taken. */
export function takeFocus(path: string): boolean {
  const wished = focusStore.get()
  if (wished === undefined || (path !== wished && !path.endsWith(`/${wished}`))) return false
  focusStore.set(undefined)
  return true
}

/** What the right column shows of the selected thing; undefined closes it. `owner` keeps one page from clearing another's. */
export type Inspected = { readonly owner: string; readonly title: string; readonly content: ReactNode }
export const inspectorStore = makeStore<Inspected | undefined>(undefined)
export function inspect(owner: string, content: Omit<Inspected, 'owner'> | undefined): void {
  inspectorStore.set((old) => (content !== undefined ? { owner, ...content } : old?.owner === owner ? undefined : old))
}

/** What the status bar's right side says about the active page: cursor position, cell count. Set by the page, cleared when it goes. */
export const statusTextStore = makeStore<{ readonly owner: string; readonly text: string } | undefined>(undefined)

/** Counts the wishes to type in the terminal; a terminal that merely comes back with a reload takes no focus. */
export const terminalWish = makeStore(0)

/** Spoken politely to screen readers: a run ended, a file was saved. */
export const spokenStore = makeStore('')
export const speak = (text: string): void => spokenStore.set(text)
