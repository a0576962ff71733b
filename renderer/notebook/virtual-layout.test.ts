import { describe, expect, it } from 'vitest'
import { scrollSpace, VirtualLayout } from './virtual-layout.ts'

describe('the layout of a long list', () => {
  const rows = Array.from({ length: 1000 }, (_, i) => `c${i}`)
  it('finds the rows of a window, also after heights were measured', () => {
    const l = new VirtualLayout()
    l.setRows(rows, () => 20)
    expect(l.range(200, 239)).toEqual([10, 12])
    expect(l.measure('c5', 120)).toBe(true)
    expect([l.top(11), l.total, l.range(200, 239)]).toEqual([320, 20_100, [5, 7]])
  })
  it('keeps measured heights when rows are put in another order', () => {
    const l = new VirtualLayout()
    l.setRows(rows, () => 20)
    l.measure('c5', 120)
    l.setRows(['c9', 'c5', 'c1'], () => 20)
    expect([l.top(1), l.top(2), l.total]).toEqual([20, 140, 160])
  })
  it('says that a measure within half a pixel changes nothing', () => {
    const l = new VirtualLayout()
    l.setRows(rows, () => 20)
    expect([l.measure('c1', 20.3), l.measure('gone', 50)]).toEqual([false, false])
  })
  it('reaches the first and the last row of a list that is taller than a browser can scroll', () => {
    const { space, toList, toScroll } = scrollSpace(90_000_000, 1000)
    expect([space, toList(0), Math.round(toList(space - 1000)), Math.round(toScroll(toList(1234)))]).toEqual([
      24_000_000, 0, 89_999_000, 1234,
    ])
  })
  it('is empty without complaint', () => {
    const l = new VirtualLayout()
    l.setRows([], () => 20)
    expect([l.range(0, 500), l.total]).toEqual([[0, 0], 0])
  })
})
