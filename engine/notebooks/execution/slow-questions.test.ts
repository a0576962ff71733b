import { expect, test } from 'vitest'
import { SlowQuestions } from './slow-questions.ts'

const never = new AbortController().signal

test('a slow answer is fetched by asking the same again; the kernel is asked once', async () => {
  const replies: ((text: string) => void)[] = []
  const questions = new SlowQuestions<string>(() => new Promise((resolve) => replies.push(resolve)), 5)
  expect(await questions.ask('complete_request', { code: 'a' }, never)).toBe('later')
  const again = questions.ask('complete_request', { code: 'a' }, never)
  replies[0]?.('abc')
  expect(await again).toBe('abc')
  expect(replies.length).toBe(1)
  void questions.ask('complete_request', { code: 'a' }, never)
  expect(replies.length).toBe(2)
})

test('another text is another question, and who goes away is let go at once', async () => {
  const asked: unknown[] = []
  const questions = new SlowQuestions<string>((_type, content) => {
    asked.push(content['code'])
    return new Promise(() => undefined)
  }, 60_000)
  const stop = new AbortController()
  const first = questions.ask('complete_request', { code: 'a' }, stop.signal)
  const other = questions.ask('complete_request', { code: 'ab' }, stop.signal)
  stop.abort()
  expect(await first).toBe('later')
  expect(await other).toBe('later')
  expect(asked).toEqual(['a', 'ab'])
})

test('a kernel that can not be asked has no answer', async () => {
  const questions = new SlowQuestions<string>(() => Promise.reject(new Error('gone')))
  expect(await questions.ask('inspect_request', { code: 'a' }, never)).toBe(undefined)
})
