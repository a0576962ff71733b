import { describe, expect, it } from 'vitest'
import { folded, headings, sectionOf } from './outline.ts'
import { choose, chosen, step, survive } from './selection.ts'

const order = ['a', 'b', 'c', 'd', 'e']
describe('choosing cells', () => {
  it('extends from where the choice began, in both directions', () => {
    const one = step(choose('c'), order, 1, true)
    const up = step(step(step(one, order, -1, true), order, -1, true), order, -1, true)
    expect([chosen(one, order), chosen(up, order)]).toEqual([
      ['c', 'd'],
      ['a', 'b', 'c'],
    ])
  })
  it('goes to the cell that takes the place of a deleted one', () => {
    expect(survive(choose('b'), order, ['a', 'c', 'd', 'e']).active).toBe('c')
    expect(survive(choose('e'), order, ['a', 'b']).active).toBe('b')
    expect(survive(choose('a'), order, []).active).toBe(null)
  })
  it('steps over folded cells and chooses them with the rest', () => {
    const visible = ['a', 'd', 'e']
    const s = step(choose('a'), visible, 1, true)
    expect(chosen(s, order)).toEqual(['a', 'b', 'c', 'd'])
  })
})

describe('headings', () => {
  const md = (id: string, source: string) => ({ id, kind: 'markdown', source })
  const cells = [
    md('1', '# One'),
    { id: 'x', kind: 'code', source: '# no heading' },
    md('2', '## *Two* `t`\n```\n# not me\n```\n### Deep'),
    md('p', 'text'),
    md('3', '# Three'),
  ]
  it('finds them outside code', () => {
    expect(headings(cells).map((h) => `${h.cell} ${h.level} ${h.text}`)).toEqual([
      '1 1 One',
      '2 2 Two t',
      '2 3 Deep',
      '3 1 Three',
    ])
  })
  it('hides what is under a collapsed one', () => {
    expect([...folded(cells, new Set(['1'])).hidden]).toEqual(['x', '2', 'p'])
    expect([...folded(cells, new Set(['2'])).hidden]).toEqual(['p'])
    expect(sectionOf(cells, 'p')).toEqual(['2', 'p'])
  })
})
