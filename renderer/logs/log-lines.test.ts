import { expect, test } from 'vitest'
import { readLine } from './log-lines.ts'

test('lines of the engine, of Ray and plain ones are shown in the same columns', () => {
  const lines = [
    '{"level":"warning","message":"sign-in refused","why":"late"}',
    '2026-11-23 03:12:44,902\tINFO worker.py:1882 -- Connecting to existing Ray cluster',
    '[2026-11-23 03:12:44,902 E 12 34] core_worker.cc:1: lost',
    '\u001b[31mTraceback (most recent call last):\u001b[0m',
    'step 1 210 · loss 1.8377',
    '{ not json',
  ]
  expect(
    lines
      .map((l) => readLine(l))
      .map((l) => `${l.time.padEnd(12)} ${l.level.padEnd(1)} ${l.text}`)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "             W sign-in refused  why=late
    03:12:44.902 I worker.py:1882 -- Connecting to existing Ray cluster
    03:12:44.902 I 12 34] core_worker.cc:1: lost
                 E Traceback (most recent call last):
                   step 1 210 · loss 1.8377
                   { not json"
  `)
})
