import { expect, test } from 'vitest'
import { toBytes } from './bytes.ts'
import { TextFold } from './text-fold.ts'

const shown = (text: string): string => {
  const fold = new TextFold()
  fold.push(text)
  return fold.text
}

/** mulberry32: the same seed, the same numbers. */
function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

test('a progress bar of many updates is one line', () => {
  let text = ''
  for (let i = 0; i <= 100; i++) text += `\r${i}%|${'█'.repeat(i / 10).padEnd(10)}|`
  expect(shown(`start\n${text}\ndone\n`)).toBe('start\n100%|██████████|\ndone\n')
})

test('a shorter rewrite leaves the rest of the line, erasing takes it away', () => {
  expect(shown('hello world\rHELLO')).toBe('HELLO world')
  expect(shown('hello world\r\x1b[KHELLO')).toBe('HELLO')
  expect(shown('abc\b\bX')).toBe('aXc')
  expect(shown('one\r\ntwo\r\n')).toBe('one\ntwo\n')
})

test('nested bars go up and down as tqdm and rich move them', () => {
  expect(shown('outer 0\ninner 0\x1b[A\router 1\ninner 1\x1b[A\router 2\n')).toBe('outer 2\ninner 1')
  expect(shown('a\nb\nc\n\x1b[3A\x1b[2KA\n\x1b[2KB\n\x1b[2KC\n')).toBe('A\nB\nC\n')
  expect(shown('a\nb\nc\x1b[2A\x1b[J!')).toBe('a!')
})

test('colours stay with their characters when a line is rewritten', () => {
  expect(shown('\x1b[31mred\x1b[0m plain\r\x1b[1;32mok\x1b[m')).toBe('\x1b[1;32mok\x1b[0m\x1b[31md\x1b[0m plain')
  expect(shown('\x1b[38;5;208mx\x1b[39my')).toBe('\x1b[38;5;208mx\x1b[0my')
  expect(shown('\x1b[31mtwo\nlines\x1b[0m')).toBe('\x1b[31mtwo\x1b[0m\n\x1b[31mlines\x1b[0m')
})

test('titles, links, bells and cursor hiding leave no trace, and what is no sequence is text', () => {
  expect(shown('a\x1b]0;title\x07b\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\\x07c\x1b[?25ld\x1b(Be')).toBe('ablinkcde')
  expect(shown('\x1b]never ends\nnext')).toBe('never ends\nnext')
})

test('rows that left the screen are final, and a line of a megabyte keeps every character', () => {
  const lines = Array.from({ length: 300 }, (_, i) => `line ${i}\n`).join('')
  expect(shown(`${lines}\x1b[500Atop\r`)).toBe(lines.replace('line 201\n', 'tope 201\n'))
  const long = 'abcdefghij'.repeat(100_000)
  expect(shown(long)).toBe(long)
  expect(shown(`${long}\r!`).length).toBe(long.length)
})

test('ten megabytes of plain text pass unchanged and fast', () => {
  const text = Array.from({ length: 200_000 }, (_, i) => `the line number ${i} of a flood, with some text\n`).join('')
  const fold = new TextFold()
  const bytes = toBytes(text)
  const begin = performance.now()
  for (let at = 0; at < bytes.length; at += 65_536) fold.push(bytes.subarray(at, at + 65_536))
  expect(performance.now() - begin).toBeLessThan(2000)
  expect(fold.text).toBe(text)
})

const PARTS = [
  'word ',
  'é',
  '漢字',
  '🙂',
  '\n',
  '\r',
  '\b',
  '\x1b[A',
  '\x1b[2A',
  '\x1b[K',
  '\x1b[2K',
  '\x1b[1K',
  '\x1b[J',
  '\x1b[31m',
  '\x1b[0m',
  '\x1b[1;44m',
  '\x1b]0;t\x07',
  '\x1b[',
  '\x1b',
  '\x1b[99',
  '\r\n',
  '\x1b[3G',
  '\x1b[5C',
  '\x1b[2J',
  'x'.repeat(9000),
  'l\n'.repeat(120),
  '\x1b[B',
  '\x1b(B',
  '\x1b]open',
]
for (let seed = 1; seed <= 150; seed++) {
  test(`any cutting gives the same text, and the changes add up to it (seed ${seed})`, () => {
    const next = random(seed)
    let text = ''
    for (let i = 0; i < 60; i++) text += PARTS[Math.floor(next() * PARTS.length)] ?? ''
    const bytes = toBytes(text)
    const whole = new TextFold()
    whole.push(bytes)
    const cut = new TextFold()
    let told = ''
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(next() ** 4 * 3000)
      cut.push(bytes.subarray(at, at + size))
      at += size
      if (next() < 0.3) {
        const { drop, append } = cut.takeChange()
        told = told.slice(0, told.length - drop) + append
      }
    }
    const { drop, append } = cut.takeChange()
    told = told.slice(0, told.length - drop) + append
    expect(cut.text).toBe(whole.text)
    expect(told).toBe(whole.text)
  })
}
