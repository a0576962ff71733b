import { expect, test } from 'vitest'
import { age, bytes, count, duration, ofTotal } from './units.ts'

test('numbers are shown with their unit and no more digits than they carry', () => {
  expect([0, 812, 999, 1000, 4210, 99_949, 999_600, 13_500_000_000].map(bytes)).toMatchInlineSnapshot(`
    [
      "0 B",
      "812 B",
      "999 B",
      "1.0 KB",
      "4.2 KB",
      "100 KB",
      "1.0 MB",
      "13.5 GB",
    ]
  `)
  expect([12, 1900, 41_000, 401_000, 11_520_000, 187_200_000].map(duration)).toEqual([
    '12 ms',
    '1.9 s',
    '41 s',
    '6 m 41 s',
    '3 h 12 m',
    '2 d 4 h',
  ])
  expect([0, 12_000, 250_000, 7_300_000].map(age)).toEqual(['just now', '12 s ago', '4 m ago', '2 h ago'])
  expect(count(1_204_877)).toBe('1\u2009204\u2009877')
})

test('a list that is cut says its total', () => {
  expect(ofTotal(10_000, 48_211)).toBe('10\u2009000 of 48\u2009211')
  expect(ofTotal(7, 7)).toBe('7')
})
