import { expect, test } from 'vitest'
import { readCompletions, readInspection, toCodePoints, toUnits } from './completion.ts'

test('positions survive characters beyond the first plane', () => {
  const code = "x = '🙂é' + np.li"
  for (let at = 0; at <= code.length; at++) if (at !== 6) expect(toUnits(code, toCodePoints(code, at))).toBe(at)
  expect(toCodePoints('🙂', 2)).toBe(1)
})

test('a reply becomes items with their types; a malformed one nothing', () => {
  const reply = {
    status: 'ok',
    matches: ['linspace', 'lib'],
    cursor_start: 5,
    cursor_end: 7,
    metadata: {
      _jupyter_types_experimental: [
        { start: 5, end: 7, text: 'linspace', type: 'function', signature: '(start, stop)' },
        { text: 'lib', type: '<unknown>' },
      ],
    },
  }
  expect(readCompletions('🙂.np.li', 8, reply)).toMatchInlineSnapshot(`
    {
      "from": 6,
      "items": [
        {
          "signature": "(start, stop)",
          "text": "linspace",
          "type": "function",
        },
        {
          "text": "lib",
        },
      ],
      "to": 8,
    }
  `)
  expect(readCompletions('np', 2, { status: 'error' })).toEqual({ from: 2, to: 2, items: [] })
  expect(
    readInspection({ status: 'ok', found: true, data: { 'text/plain': 'doc', 'text/html': '<b>', 'application/x': 1 } }),
  ).toMatchInlineSnapshot(`
    {
      "data": {
        "text/html": "<b>",
        "text/plain": "doc",
      },
      "found": true,
    }
  `)
  expect(readInspection({ status: 'ok', found: false, data: {} })).toEqual({ found: false, data: {} })
})
