// Ranks paths against what was typed: all letters in order; consecutive letters, starts of words and the file's own name count more.

/** Higher is better; undefined when a letter is missing. Case is ignored, but matching case wins a tie. */
export function fuzzyScore(query: string, path: string): number | undefined {
  if (query === '') return 0
  const low = path.toLowerCase()
  const wanted = query.toLowerCase().replaceAll(' ', '')
  const nameFrom = path.lastIndexOf('/') + 1
  const name = low.slice(nameFrom)
  // The common case first: what was typed stands in the name, or in the path, as it is.
  const inName = name.indexOf(wanted)
  if (inName >= 0) return 1000 - inName * 2 - name.length * 0.1 + (inName === 0 ? 100 : 0) + (name === wanted ? 200 : 0)
  const inPath = low.lastIndexOf(wanted)
  if (inPath >= 0) return 500 - (path.length - inPath) * 0.1
  let score = 0
  let at = -1
  for (const letter of wanted) {
    const found = low.indexOf(letter, at + 1)
    if (found < 0) return undefined
    const before = low[found - 1]
    score += found === at + 1 ? 8 : before === undefined || '/_-. '.includes(before) ? 6 : 1
    if (found >= nameFrom) score += 2
    at = found
  }
  return score - path.length * 0.05
}

/** The best `limit` of `paths`, best first; ties by name. */
export function fuzzyFind(query: string, paths: readonly string[], limit: number): string[] {
  const scored: { path: string; score: number }[] = []
  for (const path of paths) {
    const score = fuzzyScore(query, path)
    if (score !== undefined) scored.push({ path, score })
  }
  scored.sort((a, b) => b.score - a.score || (a.path < b.path ? -1 : 1))
  return scored.slice(0, limit).map((s) => s.path)
}
