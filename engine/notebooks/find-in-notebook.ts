// Find and replace over the sources and outputs of a notebook. Text of outputs that lies in a log is searched there (by line, to its end);
// replacing touches sources only and is one undo step.
import type { FindMatch, NotebookOp, NotebookState } from '../contract/topics/notebook.ts'
import { isBlobRef, type Output } from '../contract/topics/outputs.ts'
import type { LogSource } from '../live/line-file.ts'
import { type FindWish, type Found, findInTexts } from './find-text.ts'

/** The log of an id as `LogText` names it; closed by whoever asked. */
export type FindLog = (id: string, signal: AbortSignal) => Promise<LogSource | undefined>
export type FindResult = { readonly matches: readonly FindMatch[]; readonly total: number }

const SHOWN = 200
const LIMIT = 5000

type Place = { readonly cell: string; readonly output?: string; readonly text: string }

export async function findInNotebook(
  state: NotebookState,
  wish: FindWish & { outputs?: boolean | undefined; limit?: number | undefined },
  openLog: FindLog,
  signal: AbortSignal,
): Promise<FindResult> {
  const limit = wish.limit ?? LIMIT
  const places: Place[] = []
  const logs: { at: number; cell: string; output: string; log: string }[] = []
  for (const id of state.order) {
    const cell = state.cells[id]
    if (cell === undefined) continue
    places.push({ cell: id, text: cell.source })
    if (wish.outputs !== true) continue
    for (const output of cell.outputs) {
      if (output.type === 'stream' && output.content.log !== undefined)
        logs.push({ at: places.length, cell: id, output: output.id, log: output.content.log.id })
      else places.push({ cell: id, output: output.id, text: textOf(output) })
    }
  }
  const found = await findInTexts(
    places.map((p) => p.text),
    wish,
    signal,
  )
  const matches: FindMatch[] = []
  let total = found.reduce((sum, f) => sum + f.length, 0)
  for (let i = 0; i <= places.length; i++) {
    for (const log of logs) {
      if (log.at !== i) continue
      const result = await inLog(log, wish, Math.max(0, limit - matches.length), openLog, signal)
      total += result.total
      matches.push(...result.matches)
    }
    const place = places[i]
    if (place !== undefined) matches.push(...shown(place, found[i] ?? []).slice(0, Math.max(0, limit - matches.length)))
  }
  return { matches, total }
}

function textOf(output: Output): string {
  if (output.type === 'stream') return output.content.text
  if (output.type === 'error') return [...output.traceback.map(withoutAnsi), `${output.name}: ${output.value}`].join('\n')
  for (const mime of ['text/plain', 'text/markdown', 'text/html']) {
    const value = output.data[mime]
    if (typeof value === 'string' && !isBlobRef(value)) return value
  }
  return ''
}
const withoutAnsi = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '')

function shown(place: Place, found: readonly Found[]): FindMatch[] {
  let line = 0
  let start = 0
  return found.map(({ from, to }) => {
    for (let next = place.text.indexOf('\n', start); next !== -1 && next < from; next = place.text.indexOf('\n', start)) {
      line++
      start = next + 1
    }
    const end = place.text.indexOf('\n', from)
    const text = place.text.slice(start, end === -1 ? undefined : end)
    // In an output the place is given within its line, as in a log; in a source within the source.
    const within = place.output === undefined ? 0 : start
    return {
      cell: place.cell,
      in: place.output === undefined ? 'source' : 'output',
      ...(place.output === undefined ? {} : { output: place.output }),
      line,
      from: from - within,
      to: to - within,
      text: text.slice(0, SHOWN),
    }
  })
}

async function inLog(
  at: { cell: string; output: string; log: string },
  wish: FindWish,
  limit: number,
  openLog: FindLog,
  signal: AbortSignal,
): Promise<FindResult> {
  const log = await openLog(at.log, signal)
  if (log === undefined) return { matches: [], total: 0 }
  try {
    const source =
      wish.wholeWord === true ? { query: wordPattern(wish), regex: true } : { query: wish.query, regex: wish.regex === true }
    const { lines, total } = await log.search(
      { ...source, caseSensitive: wish.caseSensitive === true, limit: Math.max(1, limit) },
      signal,
    )
    const matches: FindMatch[] = []
    for (const line of lines.slice(0, limit)) {
      const text = (await log.read(line, 1, signal)).lines[0] ?? ''
      const [first] = (await findInTexts([text.slice(0, 65_536)], { ...wish, regex: false }, signal))[0] ?? []
      matches.push({
        cell: at.cell,
        in: 'output',
        output: at.output,
        line,
        from: first?.from ?? 0,
        to: first?.to ?? text.length,
        text: text.slice(0, SHOWN),
      })
    }
    return { matches, total }
  } finally {
    await log.close()
  }
}

const wordPattern = (wish: FindWish): string =>
  `(?<![\\p{L}\\p{N}_])(?:${wish.regex === true ? wish.query : wish.query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})(?![\\p{L}\\p{N}_])`

/** The operations that replace all matches in the sources, and how many these are. `$1`, `$&` stand for what an expression found. */
export async function replaceOps(
  state: NotebookState,
  wish: FindWish & { with: string; cells?: readonly string[] | undefined },
  signal: AbortSignal,
): Promise<{ ops: NotebookOp[]; replaced: number }> {
  const cells = state.order.flatMap((id) => (wish.cells === undefined || wish.cells.includes(id) ? (state.cells[id] ?? []) : []))
  const found = await findInTexts(
    cells.map((c) => c.source),
    wish,
    signal,
  )
  const ops = cells.flatMap((cell, i): NotebookOp[] => {
    const edit = (found[i] ?? []).map((f) => ({
      at: f.from,
      delete: f.to - f.from,
      insert: wish.regex === true ? filledIn(wish.with, cell.source.slice(f.from, f.to), f.groups) : wish.with,
    }))
    return edit.length === 0 ? [] : [{ op: 'edit-source', cell: cell.id, version: cell.version, edit }]
  })
  return { ops, replaced: found.reduce((sum, f) => sum + f.length, 0) }
}

const filledIn = (text: string, match: string, groups: readonly string[]): string =>
  text.replace(/\$(\$|&|\d{1,2})/g, (whole, what: string) =>
    what === '$' ? '$' : what === '&' ? match : (groups[Number(what) - 1] ?? whole),
  )
