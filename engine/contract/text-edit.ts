// Text edits that can be composed, turned round and rebased: what makes typing independent of the engine's answer.
// An edit is a list of splices in ascending order whose positions all refer to the text before the edit (UTF-16 units).
// A splice inserts at `at` and deletes the `delete` units behind that place: text that somebody else inserts inside the deleted span
// therefore comes to lie behind our insertion, whoever is asked. `text-edit.test.ts` proves that both orders give the same text.

export type Splice = { readonly at: number; readonly delete: number; readonly insert: string }
export type TextEdit = readonly Splice[]

/** The text after the edit. Positions beyond the text are clamped: a hostile or late edit never throws. */
export function applyEdit(text: string, edit: TextEdit): string {
  let out = ''
  let from = 0
  for (const s of normaliseEdit(text.length, edit)) {
    out += text.slice(from, s.at) + s.insert
    from = s.at + s.delete
  }
  return out + text.slice(from)
}

/** The same edit in order, without overlaps, inside a text of this length: what applyEdit really does. */
export function normaliseEdit(length: number, edit: TextEdit): TextEdit {
  const out: Splice[] = []
  let from = 0
  for (const s of edit) {
    const at = Math.min(Math.max(s.at, from), length)
    const end = Math.min(at + Math.max(0, s.delete), length)
    from = end
    if (end > at || s.insert !== '') out.push({ at, delete: end - at, insert: s.insert })
  }
  return out
}

/** The edit that takes the result back to `text`. */
export function invertEdit(text: string, edit: TextEdit): TextEdit {
  let shift = 0
  return normaliseEdit(text.length, edit).map((s) => {
    const back = { at: s.at + shift, delete: s.insert.length, insert: text.slice(s.at, s.at + s.delete) }
    shift += s.insert.length - s.delete
    return back
  })
}

/** Where a position of the old text lies in the new one. `after`: an insertion exactly there pushes it on. */
export function mapPosition(position: number, edit: TextEdit, after: boolean): number {
  let shift = 0
  for (const s of edit) {
    if (s.at > position || (s.at === position && !after)) break
    shift += s.insert.length - (Math.min(position, s.at + s.delete) - s.at)
  }
  return position + shift
}

/**
 * The same wish, on a text that `over` has already changed: both orders give the same text when one side calls it with
 * `second: true` (its insertions at the same place come behind) and the other with `second: false`.
 */
export function rebaseEdit(edit: TextEdit, over: TextEdit, second: boolean): TextEdit {
  const out: Splice[] = []
  for (const s of edit) {
    if (s.insert !== '') push(out, { at: mapPosition(s.at, over, second), delete: 0, insert: s.insert })
    // What the other side inserted inside our deleted span survives: the deletion is cut into the pieces around it.
    const end = s.at + s.delete
    let from = s.at
    for (const o of over) {
      if (o.at >= end) break
      const gone = o.at + o.delete
      if (gone < from || (o.insert === '' && o.delete === 0)) continue
      if (o.at > from) pushDeletion(out, from, o.at, over)
      from = Math.max(from, gone)
    }
    if (from < end) pushDeletion(out, from, end, over)
  }
  return out
}

/** Deletes the units `from … to` of the old text, none of which `over` has touched. */
function pushDeletion(out: Splice[], from: number, to: number, over: TextEdit): void {
  // The first unit stands behind everything that was inserted before it, also exactly at its place.
  push(out, { at: mapPosition(from, over, true), delete: to - from, insert: '' })
}

/** Appends a splice; one that follows its forerunner without a gap joins it. */
function push(out: Splice[], s: Splice): void {
  const last = out.at(-1)
  if (last !== undefined && last.at + last.delete === s.at && (s.insert === '' || last.delete === 0)) {
    out[out.length - 1] = { at: last.at, delete: last.delete + s.delete, insert: last.insert + s.insert }
  } else out.push(s)
}

/** One edit that does what `first` and then `then` do. */
export function composeEdits(first: TextEdit, then: TextEdit): TextEdit {
  // The text after `first`, as pieces: spans of the old text and inserted strings.
  const pieces: Piece[] = []
  let from = 0
  for (const s of first) {
    if (s.at > from) pieces.push({ at: from, length: s.at - from })
    if (s.insert !== '') pieces.push(s.insert)
    from = s.at + s.delete
  }
  pieces.push({ at: from, length: Number.POSITIVE_INFINITY })
  const source = new Pieces(pieces)
  const out: Piece[] = []
  for (const s of then) {
    out.push(...source.take(s.at - source.position))
    source.take(s.delete)
    if (s.insert !== '') out.push(s.insert)
  }
  out.push(...source.take(Number.POSITIVE_INFINITY))
  return splicesOf(out)
}

type Piece = string | { readonly at: number; readonly length: number }

class Pieces {
  position = 0
  readonly #rest: Piece[]
  constructor(pieces: Piece[]) {
    this.#rest = pieces.reverse()
  }
  take(count: number): Piece[] {
    const out: Piece[] = []
    let left = count
    while (left > 0) {
      const piece = this.#rest.pop()
      if (piece === undefined) break
      const length = typeof piece === 'string' ? piece.length : piece.length
      const used = Math.min(left, length)
      if (typeof piece === 'string') {
        out.push(piece.slice(0, used))
        if (used < length) this.#rest.push(piece.slice(used))
      } else {
        out.push({ at: piece.at, length: used })
        if (used < length) this.#rest.push({ at: piece.at + used, length: length - used })
        if (used === Number.POSITIVE_INFINITY) break
      }
      left -= used
      this.position += used
    }
    return out
  }
}

function splicesOf(pieces: readonly Piece[]): TextEdit {
  const out: Splice[] = []
  let from = 0
  let insert = ''
  for (const piece of pieces) {
    if (typeof piece === 'string') insert += piece
    else {
      if (insert !== '' || piece.at > from) out.push({ at: from, delete: piece.at - from, insert })
      insert = ''
      from = piece.at + piece.length
    }
  }
  return out
}

/** The smallest single splice from one text to another (common prefix and suffix kept); empty when equal. */
export function diffEdit(from: string, to: string): TextEdit {
  if (from === to) return []
  let head = 0
  const max = Math.min(from.length, to.length)
  while (head < max && from.charCodeAt(head) === to.charCodeAt(head)) head++
  let tail = 0
  while (tail < max - head && from.charCodeAt(from.length - 1 - tail) === to.charCodeAt(to.length - 1 - tail)) tail++
  return [{ at: head, delete: from.length - head - tail, insert: to.slice(head, to.length - tail) }]
}
