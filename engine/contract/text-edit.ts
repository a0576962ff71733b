// Text edits that can be composed, turned round and rebased: what makes typing independent of the engine's answer.
// An edit is a list of splices in ascending order whose positions all refer to the text before the edit (UTF-16 units).

export type Splice = { readonly at: number; readonly delete: number; readonly insert: string }
export type TextEdit = readonly Splice[]

/** The text after the edit. Positions beyond the text are clamped: a hostile or late edit never throws. */
export function applyEdit(text: string, edit: TextEdit): string {
  let out = ''
  let from = 0
  for (const s of edit) {
    const at = Math.min(Math.max(s.at, from), text.length)
    out += text.slice(from, at) + s.insert
    from = Math.min(at + s.delete, text.length)
  }
  return out + text.slice(from)
}

/** The edit that takes the result back to `text`. */
export function invertEdit(text: string, edit: TextEdit): TextEdit {
  let shift = 0
  return edit.map((s) => {
    const removed = text.slice(s.at, s.at + s.delete)
    const back = { at: s.at + shift, delete: s.insert.length, insert: removed }
    shift += s.insert.length - removed.length
    return back
  })
}

/** Where a position of the old text lies in the new one. `after`: an insertion exactly there pushes it on. */
export function mapPosition(position: number, edit: TextEdit, after: boolean): number {
  let shift = 0
  for (const s of edit) {
    if (s.at > position || (s.at === position && s.delete === 0 && !after)) break
    const end = s.at + s.delete
    if (position < end || (position === end && s.delete > 0 && !after)) return s.at + shift + (after ? s.insert.length : 0)
    shift += s.insert.length - s.delete
  }
  return position + shift
}

/**
 * The same wish, on a text that `over` has already changed: both orders give the same text when one side calls it with
 * `second: true` (its insertions at the same place come behind) and the other with `second: false`.
 */
export function rebaseEdit(edit: TextEdit, over: TextEdit, second: boolean): TextEdit {
  return edit
    .map((s) => {
      const at = mapPosition(s.at, over, second)
      const end = s.delete === 0 ? at : Math.max(at, mapPosition(s.at + s.delete, over, false))
      // What the other side inserted inside our deleted span survives: cut our deletion round it.
      return { at, delete: Math.max(0, end - at), insert: s.insert }
    })
    .filter((s) => s.delete > 0 || s.insert !== '')
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
