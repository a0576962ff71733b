// "ray.init(num_cpus=…)" worked on a laptop without a cluster and fails where one runs already (a ValueError of Ray ≥ 2.0). Recognises that error
// and makes the edit that mends the cell: the arguments go, nothing else changes. Pure; a small Python scanner, no parser, so that
// strings, comments and nested calls are never cut.
import type { TextEdit } from '../../contract/text-edit.ts'

/** Ray 2.60, worker.py: "When connecting to an existing cluster, num_cpus and num_gpus must not be provided."; one such sentence per refused argument. */
const SENTENCE = /^When connecting to an existing cluster, [\w ]+ must not be provided/
/** A refused argument at the start of its span, comments before it included. */
const REFUSED =
  /^(?:\s|#[^\n]*\n)*(?:num_cpus|num_gpus|resources|labels|object_store_memory|_system_config|_enable_object_reconstruction|_node_name)\s*=(?!=)/

export const isRayInitConflict = (name: string, value: string): boolean => name === 'ValueError' && SENTENCE.test(value)

/** Where the string literal or comment that starts at `at` ends; `at` itself when none starts there. */
function skipLiteral(source: string, at: number): number {
  const c = source[at]
  if (c === '#') {
    const end = source.indexOf('\n', at)
    return end < 0 ? source.length : end
  }
  if (c !== '"' && c !== "'") return at
  const quote = source.startsWith(c.repeat(3), at) ? c.repeat(3) : c
  for (let i = at + quote.length; i < source.length; i++) {
    if (source[i] === '\\') i++
    else if (source.startsWith(quote, i)) return i + quote.length
    else if (quote.length === 1 && source[i] === '\n') return i
  }
  return source.length
}

/** The arguments of a call whose `(` is at `open`, as [from, to) spans between commas; undefined when it never closes. */
function argumentSpans(source: string, open: number): { spans: [number, number][]; close: number } | undefined {
  const spans: [number, number][] = []
  let depth = 0
  let from = open + 1
  for (let i = open; i < source.length; ) {
    const past = skipLiteral(source, i)
    if (past > i) {
      i = past
      continue
    }
    const c = source[i] ?? ''
    if ('([{'.includes(c)) depth++
    else if (')]}'.includes(c) && --depth === 0) {
      spans.push([from, i])
      return { spans, close: i }
    } else if (c === ',' && depth === 1) {
      spans.push([from, i])
      from = i + 1
    }
    i++
  }
  return undefined
}

function findInitCalls(source: string): number[] {
  const opens: number[] = []
  for (let i = 0; i < source.length; ) {
    const past = skipLiteral(source, i)
    if (past > i) {
      i = past
      continue
    }
    const call = /^ray\s*\.\s*init\s*\(/.exec(source.slice(i, i + 64))
    if (call !== null && !/[\w.]/.test(source[i - 1] ?? '')) {
      opens.push(i + call[0].length - 1)
      i += call[0].length
    } else i++
  }
  return opens
}

/** The edit that takes the refused arguments out of every `ray.init(…)` of the cell; undefined when there is nothing to take. */
export function rayInitFix(source: string): TextEdit | undefined {
  const edit: { at: number; delete: number; insert: string }[] = []
  for (const open of findInitCalls(source)) {
    const call = argumentSpans(source, open)
    if (call === undefined) continue
    const kept = call.spans.filter(([from, to]) => !REFUSED.test(source.slice(from, to)))
    if (kept.length === call.spans.length) continue
    const rest = kept.map(([from, to]) => source.slice(from, to)).filter((text, i) => text.trim() !== '' || i < kept.length - 1)
    const insert = rest.every((text) => text.trim() === '') ? '' : rest.join(',').replace(/^[ \t]+/, '')
    edit.push({ at: open + 1, delete: call.close - open - 1, insert })
  }
  return edit.length === 0 ? undefined : edit
}
