import { expect, test } from 'vitest'
import { toneOf } from './stream-output.tsx'

test('what programs say about themselves is no error; errors and warnings are marked', () => {
  expect(toneOf('2026-11-23 05:01:14 INFO worker.py:1691 -- Using address 127.0.0.1:24000\n')).toBe('plain')
  expect(toneOf(' 42%|####      | 42/100 [00:01<00:02]')).toBe('plain')
  expect(toneOf('no error here, 0 errors')).toBe('plain')
  expect(toneOf('x.py:3: DeprecationWarning: old')).toBe('warn')
  expect(toneOf('2026-11-23 WARNING worker.py:1 -- slow')).toBe('warn')
  expect(toneOf('Traceback (most recent call last):\n  ...')).toBe('bad')
  expect(toneOf('ValueError: no')).toBe('bad')
})
