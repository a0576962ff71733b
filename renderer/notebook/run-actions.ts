// What runs and stops: run and go on, above, below, all, section; interrupt, restart, clear. The text typed so far is confirmed first, so
// that what runs is what is seen. Ids of executions are made here: a repeated call never runs a cell twice.
import { ask } from '../parts/dialog.tsx'
import { chosenCells, insertCell, openMarkdown } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'
import { sectionOf } from './outline.ts'

/** Older ones have long said whether they have a page. */
const OWN_RUNS_KEPT = 10_000

/** Runs cells in document order: code is queued, markdown is rendered. */
export async function runCells(view: NotebookView, cells: readonly string[]): Promise<void> {
  openMarkdown(
    view,
    cells.filter((id) => view.cell(id)?.kind === 'markdown'),
    false,
  )
  const code = cells.filter((id) => view.cell(id)?.kind === 'code' && view.model.text(id).trim() !== '')
  if (code.length === 0) return
  const query = code.length === 1 ? helpQuery(view.model.text(code[0] ?? '')) : undefined
  if (query !== undefined && (await showHelp(view, query))) return
  await view.attempt(async () => {
    await view.model.flush()
    const ids = code.map(() => crypto.randomUUID())
    for (const id of ids) view.ownRuns.add(id)
    for (const id of view.ownRuns) if (view.ownRuns.size > OWN_RUNS_KEPT) view.ownRuns.delete(id)
    await view.link.call('notebook.run', { notebook: view.id, cells: [...code], ids })
  })
}

export async function runChosen(view: NotebookView, then: 'stay' | 'next' | 'insert'): Promise<void> {
  const ids = chosenCells(view)
  const last = ids[ids.length - 1]
  if (last === undefined) return
  const running = runCells(view, ids)
  if (then === 'stay') view.choose(view.selection.get().active)
  else if (then === 'insert') await insertCell(view, 'below', 'code', 'edit', last)
  else {
    const visible = view.visible()
    const next = visible[visible.indexOf(last) + 1]
    if (next === undefined) await insertCell(view, 'below', 'code', 'edit', last)
    else view.choose(next)
  }
  await running
}

export async function runPart(view: NotebookView, part: 'all' | 'above' | 'below' | 'section'): Promise<void> {
  const { order, cells } = view.doc
  const active = view.selection.get().active ?? ''
  const at = order.indexOf(active)
  const texts = () =>
    order.flatMap((id) => (cells[id] === undefined ? [] : [{ id, kind: cells[id].kind, source: view.model.text(id) }]))
  const ids =
    part === 'all'
      ? order
      : part === 'above'
        ? order.slice(0, at)
        : part === 'below'
          ? order.slice(at)
          : sectionOf(texts(), active)
  await runCells(view, ids)
}

export const interrupt = (view: NotebookView): Promise<unknown> =>
  view.attempt(() => view.link.call('notebook.interrupt', { notebook: view.id }))

/** Variables are lost by a restart, so it asks while something is there to lose. */
export async function restart(view: NotebookView, more: { runAll?: boolean; clear?: boolean } = {}): Promise<void> {
  const { kernel } = view.doc
  const loses = kernel.state === 'busy' || Object.values(view.doc.cells).some((c) => c.run?.state === 'done')
  const yes = more.runAll ? 'Restart and run all' : 'Restart'
  if (
    loses &&
    kernel.state !== 'dead' &&
    !(await ask({ title: `${yes}?`, text: 'All variables of this kernel are lost. Cells and outputs stay.', yes }))
  )
    return
  await view.attempt(async () => {
    await view.model.flush()
    await view.link.call('notebook.restart', { notebook: view.id, ...more })
  })
  view.focus()
}

export async function shutdown(view: NotebookView): Promise<void> {
  if (
    !(await ask({
      title: 'Shut the kernel down?',
      text: 'All its variables are lost. Cells and outputs stay.',
      yes: 'Shut down',
      danger: true,
    }))
  )
    return
  await view.attempt(() => view.link.call('notebook.shutdown', { notebook: view.id }))
}

export async function clearOutputs(view: NotebookView, ids?: readonly string[]): Promise<void> {
  await view.attempt(() =>
    view.link.call('notebook.clear-outputs', { notebook: view.id, ...(ids === undefined ? {} : { cells: [...ids] }) }),
  )
}

export async function save(view: NotebookView): Promise<void> {
  await view.attempt(async () => {
    await view.model.flush()
    await view.link.call('notebook.save', { notebook: view.id })
  })
}

/** `name?`, `?name`, `name??`: a question to the kernel, shown in the pager instead of run. */
function helpQuery(source: string): { name: string; detail: '0' | '1' } | undefined {
  const m = /^\s*(\?{1,2})?\s*([A-Za-z_][\w.]*)\s*(\?{1,2})?\s*$/.exec(source)
  const marks = m?.[1] ?? m?.[3]
  return m?.[2] === undefined || marks === undefined || (m[1] !== undefined && m[3] !== undefined)
    ? undefined
    : { name: m[2], detail: marks.length === 2 ? '1' : '0' }
}

/** False when the kernel does not know it (or none runs): then the cell runs as it stands and says so itself. */
async function showHelp(view: NotebookView, query: { name: string; detail: '0' | '1' }): Promise<boolean> {
  if (view.doc.kernel.session === undefined) return false
  const input = { notebook: view.id, code: query.name, position: query.name.length, detail: query.detail }
  const answer = await view.link.call('notebook.inspect', input).catch(() => undefined)
  const text = answer?.found ? answer.data['text/plain'] : undefined
  if (text === undefined) return false
  view.pager.set({ title: query.name + (query.detail === '1' ? '??' : '?'), text })
  return true
}
