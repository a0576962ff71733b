// Three versions of a text by lines: what only one side changed is taken, the same change on both sides once; where both changed the same
// lines differently there is no answer.
import { diffLines } from 'diff'
import { applyEdit, rebaseEdit, type Splice, type TextEdit } from '../contract/text-edit.ts'

/** The merged text, or undefined when the two sides contradict each other. */
export function mergeText(base: string, ours: string, theirs: string): string | undefined {
  if (ours === theirs || base === theirs) return ours
  if (base === ours) return theirs
  const mine = lineEdit(base, ours)
  const other = lineEdit(base, theirs).filter((s) => !mine.some((m) => sameSplice(m, s)))
  const touching = other.some((s) => mine.some((m) => s.at <= m.at + m.delete && m.at <= s.at + s.delete))
  return touching ? undefined : applyEdit(ours, rebaseEdit(other, mine, true))
}

const sameSplice = (a: Splice, b: Splice): boolean => a.at === b.at && a.delete === b.delete && a.insert === b.insert

function lineEdit(from: string, to: string): TextEdit {
  const out: Splice[] = []
  let at = 0
  for (const part of diffLines(from, to)) {
    if (!part.added && !part.removed) {
      at += part.value.length
      continue
    }
    const last = out.at(-1)
    const joins = last !== undefined && last.at + last.delete === at
    const splice = joins ? last : { at, delete: 0, insert: '' }
    const next = part.added
      ? { ...splice, insert: splice.insert + part.value }
      : { ...splice, delete: splice.delete + part.value.length }
    if (joins) out[out.length - 1] = next
    else out.push(next)
    if (part.removed) at += part.value.length
  }
  return out
}
