import { expect, test } from 'vitest'
import { checkAsked, isVerb, safeAddress } from './channels.ts'

test('only web and mail addresses leave the app, in their canonical form', () => {
  const tried = [
    'https://a.b/c',
    'http://münchen.de',
    'mailto:x@y.z',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'smb://host/share',
    'ms-msdt:/id',
    'vbscript:x',
    ' https://a',
    '//a.b',
    7,
  ]
  expect(Object.fromEntries(tried.map((a) => [String(a), safeAddress(a) ?? 'refused']))).toMatchInlineSnapshot(`
    {
      " https://a": "https://a/",
      "//a.b": "refused",
      "7": "refused",
      "file:///etc/passwd": "refused",
      "http://münchen.de": "http://xn--mnchen-3ya.de/",
      "https://a.b/c": "https://a.b/c",
      "javascript:alert(1)": "refused",
      "mailto:x@y.z": "mailto:x@y.z",
      "ms-msdt:/id": "refused",
      "smb://host/share": "refused",
      "vbscript:x": "refused",
    }
  `)
})

test('a request that does not fit its verb is refused', () => {
  expect(isVerb('__proto__')).toBe(false)
  expect(isVerb('constructor')).toBe(false)
  expect(isVerb('open-folder')).toBe(true)
  expect(checkAsked('open-folder', {})).toEqual({})
  expect(checkAsked('open-folder', { startIn: 5 })).toBeUndefined()
  expect(checkAsked('open-folder', 'x')).toBeUndefined()
  expect(checkAsked('read-secret', { name: '../../x y' })).toBeUndefined()
  expect(checkAsked('open-external', { address: 'file:///x' })).toBeUndefined()
  expect(checkAsked('set-badge', { count: -1 })).toBeUndefined()
  expect(checkAsked('add-recent', { path: 'relative' })).toBeUndefined()
  expect(checkAsked('save-file', { suggested: 'a\0b' })).toBeUndefined()
})

test('seeded nonsense never throws (seed 7)', () => {
  let seed = 7
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff
    return seed / 0x7fffffff
  }
  const value = (depth: number): unknown => {
    const pick = Math.floor(random() * 9)
    if (pick === 0) return undefined
    if (pick === 1) return null
    if (pick === 2) return random() * 1e9
    if (pick === 3) return 'x'.repeat(Math.floor(random() * 10_000))
    if (pick === 4) return true
    if (pick === 5) return Symbol.iterator
    if (depth > 3) return []
    if (pick === 6) return [value(depth + 1)]
    return { startIn: value(depth + 1), name: value(depth + 1), address: value(depth + 1), ['__proto__']: value(depth + 1) }
  }
  for (let i = 0; i < 10_000; i++) {
    for (const verb of ['open-folder', 'open-external', 'read-secret', 'write-secret', 'notify', 'set-badge'] as const)
      checkAsked(verb, value(0))
  }
})
