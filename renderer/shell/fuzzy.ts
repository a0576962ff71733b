// Fuzzy match of what was typed with a name: letters in order, better at the starts of words and in one piece. Pure.

export type Match = { readonly score: number; readonly at: readonly number[] }

const STARTS = /[\s/_\-.:]/

/** Undefined: does not match. Higher is better; `at` are the matched positions, for marking them. */
export function fuzzy(query: string, text: string): Match | undefined {
  const q = query.toLowerCase().replace(/\s+/g, '')
  if (q === '') return { score: 0, at: [] }
  const t = text.toLowerCase()
  if (q.length > t.length) return undefined
  const whole = t.lastIndexOf(q)
  if (whole >= 0) {
    const start = whole === 0 || STARTS.test(t[whole - 1] ?? '')
    return {
      score: 200 + (start ? 60 : 0) + q.length * 4 - text.length * 0.2,
      at: Array.from({ length: q.length }, (_, i) => whole + i),
    }
  }
  const at: number[] = []
  let score = 0
  let from = 0
  for (let i = 0; i < q.length; i++) {
    const c = q[i] ?? ''
    // The next start of a word that has this letter is worth more than the next letter.
    let here = t.indexOf(c, from)
    if (here < 0) return undefined
    for (let k = here; k >= 0 && k < t.length; k = t.indexOf(c, k + 1)) {
      if ((k === 0 || STARTS.test(t[k - 1] ?? '')) && rest(q, i + 1, t, k + 1)) {
        here = k
        break
      }
      if (k - here > 40) break
    }
    score += here === 0 || STARTS.test(t[here - 1] ?? '') ? 12 : here === (at.at(-1) ?? -2) + 1 ? 8 : 1
    at.push(here)
    from = here + 1
  }
  return { score: score - text.length * 0.2 - ((at.at(-1) ?? 0) - (at[0] ?? 0)) * 0.3, at }
}

/** Can the letters from `i` on still be found from `from` on? */
function rest(q: string, i: number, t: string, from: number): boolean {
  let at = from
  for (let k = i; k < q.length; k++) {
    at = t.indexOf(q[k] ?? '', at) + 1
    if (at === 0) return false
  }
  return true
}

/** The best matches, best first; equal ones keep their order. */
export function fuzzySort<T>(
  query: string,
  items: readonly T[],
  textOf: (item: T) => string,
  limit: number,
): readonly { readonly item: T; readonly match: Match }[] {
  const found: { item: T; match: Match }[] = []
  for (const item of items) {
    const match = fuzzy(query, textOf(item))
    if (match !== undefined) found.push({ item, match })
  }
  return found.sort((a, b) => b.match.score - a.match.score).slice(0, limit)
}
