// Which cells are chosen, and whether keys go to cells (command mode) or into a text (edit mode). Pure: commands decide, this computes.

export type Selection = {
  /** The cell that commands act on and that has the focus. */
  readonly active: string | null
  /** Where an extended choice began; equal to `active` when one cell is chosen. */
  readonly anchor: string | null
  readonly mode: 'command' | 'edit'
}

export const nothingChosen: Selection = { active: null, anchor: null, mode: 'command' }

export const choose = (active: string | null, mode: Selection['mode'] = 'command'): Selection => ({
  active,
  anchor: active,
  mode,
})

/** The chosen cells in document order. Only cells that are shown (not folded away) count as steps, but folded ones between are chosen too. */
export function chosen(selection: Selection, order: readonly string[]): readonly string[] {
  const { active, anchor } = selection
  if (active === null) return []
  const a = order.indexOf(active)
  const b = anchor === null ? a : order.indexOf(anchor)
  if (a < 0) return []
  if (b < 0) return [active]
  return order.slice(Math.min(a, b), Math.max(a, b) + 1)
}

/** Moves by `step` among `visible`; `extend` keeps the anchor. Stays within the list. */
export function step(selection: Selection, visible: readonly string[], by: number, extend = false): Selection {
  if (visible.length === 0) return nothingChosen
  const at = selection.active === null ? -1 : visible.indexOf(selection.active)
  const to = at < 0 ? (by < 0 ? visible.length - 1 : 0) : Math.min(Math.max(at + by, 0), visible.length - 1)
  const active = visible[to] ?? null
  return { active, anchor: extend ? (selection.anchor ?? active) : active, mode: 'command' }
}

/** After cells went away: the same cell if it is there, else the one that took its place. */
export function survive(selection: Selection, before: readonly string[], after: readonly string[]): Selection {
  const here = new Set(after)
  if (selection.active !== null && here.has(selection.active)) {
    return selection.anchor !== null && here.has(selection.anchor) ? selection : { ...selection, anchor: selection.active }
  }
  if (selection.active === null) return selection
  const at = before.indexOf(selection.active)
  const next =
    before.slice(at + 1).find((id) => here.has(id)) ?? before.slice(0, Math.max(0, at)).findLast((id) => here.has(id)) ?? null
  return choose(next)
}
