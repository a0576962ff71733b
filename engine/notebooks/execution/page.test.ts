import { expect, test } from 'vitest'
import { readPage } from './page.ts'

test('pages of a reply become one text; other payloads, other forms and malformed ones are left', () => {
  const page = (text: unknown) => ({ source: 'page', data: { 'text/plain': text, 'text/html': '<b>no</b>' }, start: 0 })
  expect(readPage({ payload: [page('one'), { source: 'set_next_input', text: 'x' }, page('two')] })).toBe('one\n\ntwo')
  expect(readPage({ payload: [page(7), null, { source: 'page' }] })).toBe(undefined)
  expect(readPage({})).toBe(undefined)
})

test('a page that nobody would read whole says what is cut', () => {
  const text = readPage({ payload: [{ source: 'page', data: { 'text/plain': 'x'.repeat(300_000) } }] })
  expect(text?.slice(200_000)).toBe('\n[100,000 more characters are not shown]')
})
