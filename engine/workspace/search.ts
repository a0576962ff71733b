// Text search over the files of the workspace. Line by line; notebooks are searched by cell source, not by their JSON.
// A file above 20 MB or with a zero byte in its first 8 KB is passed over; a search is cut at its limit and says so.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import picomatch from 'picomatch'
import { problem } from '../contract/problem.ts'
import type { SearchHit } from '../contract/topics/workspace.ts'
import { walk } from './walk.ts'

const MAX_FILE_BYTES = 20 << 20
const MAX_LINE = 400

export type SearchWish = {
  readonly query: string
  readonly regex?: boolean | undefined
  readonly caseSensitive?: boolean | undefined
  readonly wholeWord?: boolean | undefined
  /** Globs separated by commas, e.g. `*.py, src/**`. */
  readonly include?: string | undefined
  readonly exclude?: string | undefined
  readonly limit?: number | undefined
}

/** What is searched as a RegExp with flag g; an expression that does not parse is an `invalid` Problem in words. */
export function searchPattern(wish: SearchWish): RegExp {
  const source = wish.regex ? wish.query : wish.query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  try {
    return new RegExp(wish.wholeWord ? `\\b(?:${source})\\b` : source, wish.caseSensitive ? 'gu' : 'giu')
  } catch (error) {
    throw problem('invalid', `This is no regular expression: ${error instanceof Error ? error.message : wish.query}`, {
      hint: 'Turn the .* button off to search for the text as it is.',
    })
  }
}

const globs = (text: string | undefined): ((path: string) => boolean) | undefined => {
  const list = (text ?? '')
    .split(',')
    .map((g) => g.trim())
    .filter(Boolean)
  if (list.length === 0) return undefined
  // `*.py` means at any depth, as in every editor.
  return picomatch(
    list.flatMap((g) => (g.includes('/') ? [g, `${g}/**`] : [`**/${g}`, `**/${g}/**`])),
    { dot: true },
  )
}

export async function searchFiles(
  root: string,
  wish: SearchWish,
  signal: AbortSignal,
): Promise<{ hits: SearchHit[]; files: number; cut: boolean }> {
  const pattern = searchPattern(wish)
  const limit = Math.min(wish.limit ?? 2000, 20_000)
  const wanted = globs(wish.include)
  const unwanted = globs(wish.exclude)
  const hits: SearchHit[] = []
  const found = new Set<string>()
  if (wish.query === '') return { hits, files: 0, cut: false }
  for await (const path of walk(root, signal)) {
    if ((wanted && !wanted(path)) || unwanted?.(path)) continue
    signal.throwIfAborted()
    const info = await stat(join(root, path)).catch(() => undefined)
    if (!info || info.size > MAX_FILE_BYTES) continue
    const bytes = await readFile(join(root, path)).catch(() => undefined)
    if (!bytes || bytes.subarray(0, 8192).includes(0)) continue
    for (const part of parts(path, bytes.toString('utf8'))) {
      for (const hit of hitsIn(part.text, pattern)) {
        hits.push({ path, ...hit, ...(part.cell === undefined ? {} : { cell: part.cell }) })
        found.add(path)
        if (hits.length >= limit) return { hits, files: found.size, cut: true }
      }
    }
  }
  return { hits, files: found.size, cut: false }
}

function parts(path: string, text: string): { text: string; cell?: string }[] {
  if (!path.endsWith('.ipynb')) return [{ text }]
  try {
    const notebook = JSON.parse(text) as { cells?: { id?: unknown; source?: unknown }[] }
    return (notebook.cells ?? []).map((c, i) => ({
      text: Array.isArray(c.source) ? c.source.join('') : String(c.source ?? ''),
      cell: typeof c.id === 'string' ? c.id : `#${i}`,
    }))
  } catch {
    return [{ text }]
  }
}

/** Matches by line, 1-based; `from`/`to` in UTF-16 units of the (shortened) line that is given back. */
function* hitsIn(text: string, pattern: RegExp): Generator<{ line: number; from: number; to: number; text: string }> {
  let line = 0
  for (const raw of text.split('\n')) {
    line++
    pattern.lastIndex = 0
    for (let m = pattern.exec(raw); m; m = pattern.exec(raw)) {
      const from = Math.max(0, m.index - 100)
      yield {
        line,
        from: m.index - from,
        to: Math.min(m.index - from + m[0].length, MAX_LINE),
        text: raw.slice(from, from + MAX_LINE),
      }
      if (m[0] === '') pattern.lastIndex++
    }
  }
}
