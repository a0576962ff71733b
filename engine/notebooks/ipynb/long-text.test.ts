import { describe, expect, it } from 'vitest'
import { decodeText, firstLines, lastLines, measureText } from './long-text.ts'

const PIECES = ['a', 'é', '€', '😀', '\n', '\r', '\t', '"', '\\', '\u001b[0m', '\\n', '],', '\u2028', 'line\n', ' '.repeat(9)]

describe('long text in JSON', () => {
  it('is measured and decoded as JSON.parse would (seeds 1…100)', () => {
    for (let seed = 1; seed <= 100; seed++) {
      let state = seed * 2654435761
      const random = (below: number): number => {
        state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + seed) >>> 0
        return state % below
      }
      const long = seed % 7 === 0
      const strings = Array.from({ length: random(long ? 3000 : 5) }, () =>
        Array.from({ length: random(20) }, () => PIECES[random(PIECES.length)]).join(''),
      )
      const whole = strings.join('')
      for (const value of [strings, whole]) {
        for (const print of [
          JSON.stringify(value),
          JSON.stringify(value, null, 1),
          JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
        ]) {
          const json = Buffer.from(`{"text": ${print}, "x": "y"}`)
          const range = { start: 9, end: 9 + Buffer.byteLength(print) }
          const measured = measureText(json, range)
          const lines = whole.split('\n').length - (whole.endsWith('\n') || whole === '' ? 1 : 0)
          expect(decodeText(json, range).toString(), `seed ${seed}`).toBe(whole)
          expect({ bytes: measured.bytes, lines: measured.lines }, `seed ${seed}`).toEqual({
            bytes: Buffer.byteLength(whole),
            lines,
          })
          expect(whole.startsWith(measured.head) && whole.endsWith(measured.tail), `seed ${seed}: ends`).toBe(true)
          if (whole.length > 100_000) expect([measured.head.length > 100, measured.tail.length > 100]).toEqual([true, true])
        }
      }
    }
  })

  it('shows whole lines at both ends, and something of a line that never ends', () => {
    const text = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('')
    expect(firstLines(text).split('\n').slice(0, 2)).toEqual(['line 0', 'line 1'])
    expect(lastLines(text).split('\n').slice(-3)).toEqual(['line 998', 'line 999', ''])
    expect(lastLines(text).startsWith('line ')).toBe(true)
    expect(firstLines('x'.repeat(1e6)).length).toBe(8192)
    expect(lastLines('x'.repeat(1e6)).length).toBe(8192)
    expect(lastLines('one line')).toBe('one line')
  })
})
