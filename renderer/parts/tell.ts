// Things this window tells its user, beside the engine's notices: what a press did, how to take it back, what went wrong.
import type { Problem } from '../../engine/contract/problem.ts'
import { makeStore } from './store.ts'

export type Told = {
  readonly id: string
  readonly level: 'info' | 'warning' | 'error'
  readonly message: string
  readonly hint?: string | undefined
  readonly detail?: string | undefined
  readonly actions: readonly { readonly title: string; readonly run: () => void }[]
  readonly atMs: number
}

export const toldStore = makeStore<readonly Told[]>([])
let next = 1

/** Shows a notice; returns its id. Info goes by itself after 8 s, or 12 s when it has an action. */
export function tell(notice: Omit<Told, 'id' | 'atMs' | 'actions'> & { readonly actions?: Told['actions'] }): string {
  const id = `told-${next++}`
  toldStore.set((old) => [
    ...old.filter((t) => t.message !== notice.message),
    { ...notice, id, actions: notice.actions ?? [], atMs: Date.now() },
  ])
  return id
}
export const untell = (id: string): void => toldStore.set((old) => old.filter((t) => t.id !== id))

/** A problem as a notice. Cancelled is what the user wanted: nothing is said. */
export function tellProblem(problem: Problem, actions: Told['actions'] = []): void {
  if (problem.code === 'cancelled') return
  tell({
    level: problem.code === 'internal' || problem.code === 'full' ? 'error' : 'warning',
    message: problem.message,
    hint: problem.hint,
    detail: problem.detail,
    actions,
  })
}
