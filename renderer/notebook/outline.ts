// Headings of the markdown cells: the outline of the side bar, and what collapsing a heading hides. Pure.

export type Heading = { readonly cell: string; readonly level: number; readonly text: string; readonly slug: string }

type Text = { readonly id: string; readonly kind: string; readonly source: string }

/** All headings in order. Headings inside code fences are none. */
export function headings(cells: readonly Text[]): readonly Heading[] {
  const found: Heading[] = []
  for (const cell of cells)
    if (cell.kind === 'markdown') for (const h of headingsOf(cell.source)) found.push({ cell: cell.id, ...h })
  return found
}

const cache = new Map<string, readonly Omit<Heading, 'cell'>[]>()

function headingsOf(source: string): readonly Omit<Heading, 'cell'>[] {
  if (!source.includes('#')) return []
  const known = cache.get(source)
  if (known !== undefined) return known
  const found: Omit<Heading, 'cell'>[] = []
  let fence: string | undefined
  for (const line of source.split('\n')) {
    const mark = /^ {0,3}(```+|~~~+)/.exec(line)?.[1]
    if (mark !== undefined) fence = fence === undefined ? mark : mark.startsWith(fence) ? undefined : fence
    if (fence !== undefined) continue
    const m = /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line)
    if (m?.[1] !== undefined && m[2] !== undefined) {
      const text = m[2].replace(/[*_`]|!?\[([^\]]*)\]\([^)]*\)/g, '$1')
      found.push({ level: m[1].length, text, slug: slugOf(text) })
    }
  }
  if (cache.size > 10_000) cache.clear()
  cache.set(source, found)
  return found
}

/** The anchor that Jupyter gives a heading: blanks become dashes. */
export const slugOf = (text: string): string => text.trim().replace(/\s+/g, '-')

/** The level of a cell that begins with a heading: such a cell can be collapsed. */
export function leadLevel(cell: Text): number | undefined {
  if (cell.kind !== 'markdown') return undefined
  const first = /^\s*(#{1,6})\s+\S/.exec(cell.source)
  return first?.[1]?.length
}

/** Cells hidden because a heading above them is collapsed, and how many each collapsed heading hides. */
export function folded(
  cells: readonly Text[],
  collapsed: ReadonlySet<string>,
): { readonly hidden: ReadonlySet<string>; readonly counts: ReadonlyMap<string, number> } {
  const hidden = new Set<string>()
  const counts = new Map<string, number>()
  if (collapsed.size === 0) return { hidden, counts }
  let by: { id: string; level: number } | undefined
  for (const cell of cells) {
    const level = leadLevel(cell)
    if (by !== undefined && level !== undefined && level <= by.level) by = undefined
    if (by !== undefined) {
      hidden.add(cell.id)
      counts.set(by.id, (counts.get(by.id) ?? 0) + 1)
    } else if (level !== undefined && collapsed.has(cell.id)) by = { id: cell.id, level }
  }
  return { hidden, counts }
}

/** The cells of the section that `id` lies in: its heading to the next of the same or a higher level. */
export function sectionOf(cells: readonly Text[], id: string): readonly string[] {
  const at = cells.findIndex((c) => c.id === id)
  if (at < 0) return []
  let from = at
  while (from > 0 && leadLevel(cells[from] as Text) === undefined) from--
  const level = leadLevel(cells[from] as Text) ?? 0
  let to = from + 1
  while (to < cells.length && (leadLevel(cells[to] as Text) ?? 7) > level) to++
  return cells.slice(from, to).map((c) => c.id)
}
