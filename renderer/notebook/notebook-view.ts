// One notebook as one window looks at it: the model fed by the link, and what only this window knows (choice, mode, what is folded, which
// markdown is open). Actions on cells are in cell-actions.ts and run-actions.ts; React parts read this and hold no copy.
import { type Problem, toProblem } from '../../engine/contract/problem.ts'
import type { Cell, NotebookState } from '../../engine/contract/topics/notebook.ts'
import type { EngineLink } from '../link/engine-link.ts'
import { speak } from '../parts/go.ts'
import { makeStore, type Store } from '../parts/store.ts'
import { CellTexts } from './cell-texts.ts'
import { NotebookModel } from './notebook-model.ts'
import { folded } from './outline.ts'
import { choose, nothingChosen, type Selection, survive } from './selection.ts'
import { VirtualLayout } from './virtual-layout.ts'

export type Toast = { readonly text: string; readonly action?: { readonly title: string; readonly run: () => void } }
export type Pager = { readonly title: string; readonly text: string }
/** A part of the page that shows something the list does not: find bar, cell details. */
export type Panel = 'find' | 'replace' | 'details' | undefined

const RETRY_MS = 1000
const TOAST_MS = 8000

export class NotebookView {
  readonly id: string
  readonly link: EngineLink
  readonly layout = new VirtualLayout()
  readonly selection: Store<Selection> = makeStore<Selection>(nothingChosen)
  /** Markdown cells whose heading is collapsed. */
  readonly collapsed: Store<ReadonlySet<string>> = makeStore<ReadonlySet<string>>(new Set())
  /** Markdown cells that show their source. */
  readonly opened: Store<ReadonlySet<string>> = makeStore<ReadonlySet<string>>(new Set())
  readonly lineNumbers: Store<boolean> = makeStore(false)
  readonly toast: Store<Toast | undefined> = makeStore<Toast | undefined>(undefined)
  readonly pager: Store<Pager | undefined> = makeStore<Pager | undefined>(undefined)
  readonly panel: Store<Panel> = makeStore<Panel>(undefined)
  readonly problem: Store<Problem | undefined> = makeStore<Problem | undefined>(undefined)
  /** Counts wishes to have the focus: the active cell takes it when this changes. */
  readonly focusWish: Store<number> = makeStore(0)
  /** Set by the list: brings a cell into view. */
  scrollTo: (cell: string, where?: 'nearest' | 'top' | 'centre') => void = () => {}
  scrollBy: (pages: number) => void = () => {}
  #model: NotebookModel | undefined
  #texts: CellTexts | undefined
  #stop: () => void = () => {}
  #order: readonly string[] = []
  /** Runs that this window asked for: only their pages are shown here. */
  readonly ownRuns = new Set<string>()
  #saidRun: string | undefined
  #asked: string | undefined
  readonly #modelStore = makeStore(0)
  #toastTimer: ReturnType<typeof setTimeout> | undefined

  constructor(link: EngineLink, id: string) {
    this.link = link
    this.id = id
  }

  /** Begins to watch; returns the way to stop. */
  open(): () => void {
    const { view, stop } = this.link.watch(
      'notebook',
      { notebook: this.id },
      {
        onSnapshot: (state) => this.#take(state),
        onChanges: (changes, state) => {
          this.#model?.confirm(changes, state)
          this.#after()
        },
        onView: () => {
          const { status, problem } = view()
          if (status === 'ended' && problem !== undefined) this.problem.set(problem)
        },
      },
    )
    const connected = () => this.link.status.state === 'open'
    const stopStatus = this.link.onStatus(() => {
      if (connected() && this.#model?.stalled) this.#model.retry()
    })
    const retry = setInterval(() => this.#model?.stalled && connected() && this.#model.retry(), RETRY_MS)
    this.#stop = () => {
      stop()
      stopStatus()
      clearInterval(retry)
    }
    return () => this.close()
  }

  close(): void {
    this.#stop()
    this.#texts?.dispose()
  }

  get model(): NotebookModel {
    if (this.#model === undefined) throw new Error('The notebook is not here yet.')
    return this.#model
  }
  get texts(): CellTexts {
    if (this.#texts === undefined) throw new Error('The notebook is not here yet.')
    return this.#texts
  }
  get ready(): boolean {
    return this.#model !== undefined
  }
  get doc(): NotebookState {
    return this.model.view
  }
  cell(id: string): Cell | undefined {
    return this.doc.cells[id]
  }
  /** For useSyncExternalStore: changes with every batch of the feed and with every guess. */
  readonly subscribe = (listener: () => void): (() => void) => this.#modelStore.listen(listener)
  readonly version = (): number => this.#modelStore.get()

  /** Cells that are not folded away. */
  visible(): readonly string[] {
    const { order, cells } = this.doc
    if (this.collapsed.get().size === 0) return order
    const texts = order.flatMap((id) => {
      const cell = cells[id]
      return cell === undefined ? [] : [{ id, kind: cell.kind, source: this.model.text(id) }]
    })
    const { hidden } = folded(texts, this.collapsed.get())
    return order.filter((id) => !hidden.has(id))
  }

  choose(cell: string | null, mode: Selection['mode'] = 'command', focus = true): void {
    if (cell !== null) this.#unfold(cell)
    const old = this.selection.get()
    if (old.active !== cell || old.anchor !== cell || old.mode !== mode) this.selection.set(choose(cell, mode))
    if (focus) this.focus()
  }
  /** A cell that is chosen is seen: the collapsed headings above it open. */
  #unfold(cell: string): void {
    if (this.collapsed.get().size === 0) return
    const { order } = this.doc
    for (let i = order.indexOf(cell); i >= 0 && !this.visible().includes(cell); i--) {
      const above = order[i] ?? ''
      if (this.collapsed.get().has(above)) this.collapsed.set(new Set([...this.collapsed.get()].filter((id) => id !== above)))
    }
  }
  focus(): void {
    this.focusWish.set((n) => n + 1)
  }

  say(text: string, action?: Toast['action']): void {
    clearTimeout(this.#toastTimer)
    this.toast.set(action === undefined ? { text } : { text, action })
    speak(text)
    this.#toastTimer = setTimeout(() => this.toast.set(undefined), TOAST_MS)
  }

  /** Runs an action of the user; a Problem is shown at the top of the page. */
  async attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action()
    } catch (error) {
      const problem = toProblem(error, console.error)
      if (problem.code !== 'cancelled') this.problem.set(problem)
      return undefined
    }
  }

  #take(state: NotebookState): void {
    if (this.#model === undefined) {
      const by = crypto.randomUUID()
      this.#model = new NotebookModel(state, (input) => this.link.call('notebook.edit', { notebook: this.id, ...input }), by)
      this.#texts = new CellTexts(this.#model, this.link, this.id)
      this.#model.subscribe(() => this.#modelStore.set((n) => n + 1))
      this.#order = state.order
      this.collapsed.set(new Set(state.order.filter((id) => state.cells[id]?.metadata['heading_collapsed'] === true)))
      if (this.selection.get().active === null) this.selection.set(choose(state.order[0] ?? null))
      this.#modelStore.set((n) => n + 1)
    } else this.#model.snapshot(state)
    this.problem.set(undefined)
    this.#after()
  }

  /** What a change of the document means for what only this window knows. */
  #after(): void {
    const { doc } = this
    if (doc.order !== this.#order) {
      const before = this.#order
      this.#order = doc.order
      const next = survive(this.selection.get(), before, doc.order)
      if (next !== this.selection.get()) this.selection.set(next.active === null ? choose(doc.order[0] ?? null) : next)
      this.#texts?.keepOnly(doc.cells)
      // The cell that had the focus may be gone: keys must not fall into nothing.
      queueMicrotask(() => active === this && document.activeElement === document.body && this.focus())
    }
    this.#speakRuns()
    this.#sayQuestion()
    this.#showPage()
  }

  /** Help that a run asked to show: once, and only in the window that asked for the run. */
  #showPage(): void {
    const { page, order, cells } = this.doc
    if (page === undefined || !this.ownRuns.delete(page.execution)) return
    const cell = order.find((id) => cells[id]?.run?.execution === page.execution)
    const question = cell === undefined ? '' : this.model.text(cell)
    const title = question
      .split('\n')
      .map((line) => line.trim())
      .findLast((line) => /^[%?]|\?$/.test(line))
    this.pager.set({ title: title ?? 'Help', text: page.text })
  }

  /** input() in a cell that is not looked at: said at the foot, with the way there. */
  #sayQuestion(): void {
    const { input, order } = this.doc
    const asked = input === undefined ? undefined : `${input.execution} ${input.prompt}`
    if (asked === this.#asked) return
    this.#asked = asked
    if (input === undefined || this.selection.get().active === input.cell) return
    const show = (): void => {
      this.choose(input.cell)
      this.scrollTo(input.cell, 'centre')
    }
    this.say(`Cell ${order.indexOf(input.cell) + 1} asks: ${input.prompt || 'input'}`, { title: 'Show', run: show })
  }

  /** Screen readers hear the end of the queue and every failure, never each step. */
  #speakRuns(): void {
    const { kernel, queue, cells } = this.doc
    const running = kernel.state === 'busy' ? queue[0] : undefined
    if (running === this.#saidRun) return
    const last = this.#saidRun === undefined ? undefined : cells[this.#saidRun]
    this.#saidRun = running
    if (last?.run === undefined) return
    const name = `Cell ${last.count ?? this.doc.order.indexOf(last.id) + 1}`
    if (last.run.state === 'failed') speak(`${name} failed.`)
    else if (last.run.state === 'interrupted') speak(`${name} was interrupted.`)
    else if (running === undefined && last.run.state === 'done') speak(`${name} finished.`)
  }
}

let active: NotebookView | undefined
const activeStore: Store<NotebookView | undefined> = makeStore<NotebookView | undefined>(undefined)
/** The notebook that commands act on: the one of the active tab. */
export const activeNotebook = (): NotebookView | undefined => active
export const activeNotebookStore = activeStore
export function setActiveNotebook(view: NotebookView | undefined, instead?: NotebookView): void {
  if (view === undefined && instead !== undefined && active !== instead) return
  active = view
  activeStore.set(view)
}
