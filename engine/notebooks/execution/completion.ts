// Completion and inspection between a window and a kernel. A kernel counts code points, a window UTF-16 units; ipykernel sends types and
// signatures beside the plain list. Pure; who asks the kernel and how long it may take: slow-questions.ts.
import type { JsonObject } from '../../contract/json.ts'
import type { CompletionItem } from '../../contract/topics/notebook.ts'

export type Completions = {
  readonly from: number
  readonly to: number
  readonly items: readonly CompletionItem[]
  readonly later?: true
}

/** How many code points stand before this UTF-16 position. */
export function toCodePoints(text: string, position: number): number {
  let points = 0
  for (let i = 0; i < Math.min(position, text.length); points++) i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1
  return points
}

/** The UTF-16 position after so many code points. */
export function toUnits(text: string, points: number): number {
  let i = 0
  for (let n = 0; n < points && i < text.length; n++) i += (text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1
  return i
}

export const noCompletions = (position: number): Completions => ({ from: position, to: position, items: [] })

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** What a complete_reply offers, positions in UTF-16 units. A malformed reply offers nothing. */
export function readCompletions(code: string, position: number, reply: JsonObject): Completions {
  const { status, matches, cursor_start, cursor_end, metadata } = reply
  if (status !== 'ok' || !Array.isArray(matches) || typeof cursor_start !== 'number' || typeof cursor_end !== 'number')
    return noCompletions(position)
  const typed = (metadata as JsonObject | undefined)?.['_jupyter_types_experimental']
  const kinds = new Map<string, { type?: string; signature?: string }>()
  for (const entry of Array.isArray(typed) ? (typed as JsonObject[]) : []) {
    const type = entry['type'] === '<unknown>' ? undefined : text(entry['type'])
    const signature = text(entry['signature'])
    kinds.set(String(entry['text']), {
      ...(type === undefined ? {} : { type }),
      ...(signature === undefined ? {} : { signature }),
    })
  }
  const items = matches.filter((m): m is string => typeof m === 'string').map((match) => ({ text: match, ...kinds.get(match) }))
  return { from: toUnits(code, cursor_start), to: toUnits(code, cursor_end), items }
}

/** What an inspect_reply shows; only text, so that a hover never carries a script. */
export function readInspection(reply: JsonObject): { found: boolean; data: { [mime: string]: string } } {
  const data: { [mime: string]: string } = {}
  const offered = reply['data']
  if (reply['status'] === 'ok' && reply['found'] === true && typeof offered === 'object' && offered !== null) {
    for (const [mime, value] of Object.entries(offered))
      if (typeof value === 'string' && mime.startsWith('text/')) data[mime] = value
  }
  return { found: Object.keys(data).length > 0, data }
}
