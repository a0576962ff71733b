import { describe, expect, it } from 'vitest'
import {
  applyEdit,
  composeEdits,
  diffEdit,
  invertEdit,
  mapPosition,
  normaliseEdit,
  rebaseEdit,
  type Splice,
  type TextEdit,
} from './text-edit.ts'

/** mulberry32: a small seeded generator, so that a failing seed can be named. */
function seeded(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

let letter = 0
function randomEdit(random: (below: number) => number, length: number, alphabet: string): TextEdit {
  const out: Splice[] = []
  let at = 0
  for (let n = random(4); n >= 0; n--) {
    at += random(4)
    if (at > length) break
    const remove = Math.min(random(4), length - at)
    let insert = ''
    for (let i = random(4); i > 0; i--) insert += alphabet[letter++ % alphabet.length]
    if (remove > 0 || insert !== '') out.push({ at, delete: remove, insert })
    at += remove
  }
  return out
}
const text = (random: (below: number) => number): string =>
  Array.from({ length: random(14) }, () => 'abcdefgh'[random(8)]).join('')

const SEEDS = 20_000

describe('text edits', () => {
  it(`both sides converge when each rebases the other's edit (seeds 1…${SEEDS})`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seeded(seed)
      const base = text(random)
      const a = randomEdit(random, base.length, 'ABCDEFGHIJ')
      const b = randomEdit(random, base.length, '0123456789')
      const left = applyEdit(applyEdit(base, a), rebaseEdit(b, a, true))
      const right = applyEdit(applyEdit(base, b), rebaseEdit(a, b, false))
      if (left !== right) expect.fail(`seed ${seed}: ${JSON.stringify({ base, a, b, left, right })}`)
      // Nothing that either side typed is lost, and nothing that either side deleted comes back.
      for (const s of [...a, ...b]) for (const c of s.insert) if (!left.includes(c)) expect.fail(`seed ${seed}: lost ${c}`)
    }
  })

  it(`edits that were rebased over a whole history converge as well (seeds 1…${SEEDS / 10})`, () => {
    for (let seed = 1; seed <= SEEDS / 10; seed++) {
      const random = seeded(seed)
      const base = text(random)
      // Window has three pending edits, the engine accepted three others meanwhile.
      const chain = (alphabet: string): TextEdit[] => {
        let now = base
        return Array.from({ length: 3 }, () => {
          const edit = randomEdit(random, now.length, alphabet)
          now = applyEdit(now, edit)
          return edit
        })
      }
      let pending = chain('ABCDEFGHIJ')
      const accepted = chain('0123456789')
      let shown = pending.reduce(applyEdit, base)
      let engine = accepted.reduce(applyEdit, base)
      for (const theirs of accepted) {
        let over = theirs
        pending = pending.map((mine) => {
          const next = rebaseEdit(mine, over, true)
          over = rebaseEdit(over, mine, false)
          return next
        })
        shown = applyEdit(shown, over)
      }
      engine = pending.reduce(applyEdit, engine)
      if (engine !== shown) expect.fail(`seed ${seed}: ${JSON.stringify({ engine, shown })}`)
    }
  })

  it(`an inverse takes the text back, and a composed edit does what its parts do (seeds 1…${SEEDS})`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seeded(seed)
      const base = text(random)
      const a = randomEdit(random, base.length, 'ABCDEFGHIJ')
      const middle = applyEdit(base, a)
      const b = randomEdit(random, middle.length, '0123456789')
      if (applyEdit(middle, invertEdit(base, a)) !== base) expect.fail(`seed ${seed}: the inverse misses`)
      const both = composeEdits(a, b)
      const one = applyEdit(base, both)
      if (one !== applyEdit(middle, b)) expect.fail(`seed ${seed}: ${JSON.stringify({ base, a, b, one })}`)
      if (JSON.stringify(normaliseEdit(base.length, both)) !== JSON.stringify(both)) expect.fail(`seed ${seed}: not in order`)
    }
  })

  it('a hostile edit is clamped, and its normal form does the same', () => {
    const hostile = [
      { at: 9, delete: 99, insert: 'x' },
      { at: 2, delete: -5, insert: 'y' },
      { at: 0, delete: 1, insert: '' },
    ]
    expect(applyEdit('abc', hostile)).toBe('abcxy')
    expect(applyEdit('abc', normaliseEdit(3, hostile))).toBe('abcxy')
  })

  it('a deletion is cut round what was typed inside it meanwhile', () => {
    const deleteAll = [{ at: 0, delete: 6, insert: 'new' }]
    const typed = [{ at: 3, delete: 0, insert: '!' }]
    expect(applyEdit(applyEdit('abcdef', typed), rebaseEdit(deleteAll, typed, false))).toBe('new!')
  })

  it('a position moves with the text round it', () => {
    const edit = [{ at: 2, delete: 2, insert: 'XYZ' }]
    expect([0, 2, 3, 4, 5].map((p) => [mapPosition(p, edit, false), mapPosition(p, edit, true)])).toEqual([
      [0, 0],
      [2, 5],
      [5, 5],
      [5, 5],
      [6, 6],
    ])
  })

  it('the smallest splice between two texts is found', () => {
    expect(diffEdit('hello world', 'hello there world')).toEqual([{ at: 6, delete: 0, insert: 'there ' }])
    expect(diffEdit('aaa', 'aaaa')).toEqual([{ at: 3, delete: 0, insert: 'a' }])
    expect(diffEdit('same', 'same')).toEqual([])
  })
})
