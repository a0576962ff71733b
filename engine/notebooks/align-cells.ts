// Which cell of a file that somebody else wrote is which cell of ours: by id where both have ids, else by content, and what lies between two
// cells that were found so by its place. Pure.
import { diffArrays } from 'diff'
import type { RawCell, RawNotebook } from './ipynb/ipynb-read.ts'

/** For each cell of `theirs`, in order, the id that it has with us; a fresh one where it is new. `taken`: ids that are in use. */
export function alignedIds(base: RawNotebook, theirs: RawNotebook, taken: ReadonlySet<string>): string[] {
  const ours = [...base.cells.values()]
  const other = [...theirs.cells.values()]
  const byFileId = new Map(ours.flatMap((c) => (c.fileId === undefined ? [] : [[c.fileId, c.cell.id] as const])))
  const ids: (string | undefined)[] = other.map((c) => (c.fileId === undefined ? undefined : byFileId.get(c.fileId)))
  // An id that stands twice in their file names the first cell only.
  const used = new Set<string>()
  ids.forEach((id, i) => {
    if (id === undefined) return
    if (used.has(id)) ids[i] = undefined
    used.add(id)
  })
  byContent(
    ours.filter((c) => !used.has(c.cell.id)),
    other,
    ids,
  )
  const all = new Set([...taken, ...ids.filter((id) => id !== undefined)])
  return ids.map((id, i) => id ?? freshId((other[i] as RawCell).cell.id, all))
}

function byContent(ours: readonly RawCell[], theirs: readonly RawCell[], ids: (string | undefined)[]): void {
  // A cell with an id that we do not know is new, unless our own cells have no ids either.
  const open = theirs.flatMap((cell, i) =>
    ids[i] === undefined && (cell.fileId === undefined || ours.some((o) => o.fileId === undefined)) ? [i] : [],
  )
  const same = (a: RawCell, b: RawCell): boolean => a.cell.kind === b.cell.kind && a.cell.source === b.cell.source
  const parts = diffArrays(
    [...ours],
    open.map((i) => theirs[i] as RawCell),
    { comparator: same },
  )
  let mine = 0
  let other = 0
  let gone: RawCell[] = []
  for (const part of parts) {
    if (part.removed) {
      gone.push(...ours.slice(mine, mine + part.value.length))
      mine += part.value.length
    } else if (part.added) {
      // Cells that were replaced in the same place are taken as the same cells, edited.
      for (const cell of part.value) {
        const at = open[other++] as number
        const match = gone.findIndex((g) => g.cell.kind === cell.cell.kind)
        if (match !== -1) ids[at] = gone.splice(match, 1)[0]?.cell.id
      }
    } else {
      for (const _ of part.value) ids[open[other++] as number] = (ours[mine++] as RawCell).cell.id
      gone = []
    }
  }
}

function freshId(wanted: string, taken: Set<string>): string {
  for (let n = 1; ; n++) {
    const id = n === 1 ? wanted : `${wanted}-${n}`
    if (taken.has(id)) continue
    taken.add(id)
    return id
  }
}
