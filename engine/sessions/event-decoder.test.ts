import { expect, test } from 'vitest'
import { RECORD, toBytes, toText } from '../../kernels/index.ts'
import { EventDecoder } from './event-decoder.ts'
import type { KernelEvent } from './session.ts'

function record(kind: number, parent: number, payload: string): Uint8Array {
  const body = toBytes(payload)
  const out = Buffer.alloc(20 + body.length)
  out.writeUInt32LE(body.length, 0)
  out[4] = kind
  out.writeUInt32LE(parent, 8)
  out.set(body, 20)
  return out
}
const print = (event: KernelEvent): string =>
  `${event.type} ${event.type === 'text' ? `${event.request} ${JSON.stringify(toText(event.bytes))}` : event.type === 'lost' ? event.bytes : ''} @${event.position.offset}${event.position.skip === undefined ? '' : `+${event.position.skip}`}`
const batch = (from: number, bytes: Uint8Array, restart = false, skippedBytes = 0) => ({
  from,
  to: from + bytes.length,
  pieces: [bytes],
  restart,
  skippedBytes,
})
const log = Buffer.concat([
  record(RECORD.accepted, 1, '{"id":"a"}'),
  record(RECORD.stdout, 1, 'hello world'),
  record(RECORD.stderr, 1, 'oh'),
  record(RECORD.stdout, 9, 'nobody'),
])

test('events say where they end, also inside a long text', () => {
  const decoder = new EventDecoder('L', new Map(), 0, 0, () => undefined)
  const events = [...decoder.decode(batch(0, log.subarray(0, 55), true)), ...decoder.decode(batch(55, log.subarray(55)))]
  expect(events.map(print)).toMatchInlineSnapshot(`
    [
      "accepted  @30",
      "text a "hello" @30+5",
      "text a " world" @61",
      "text a "oh" @83",
      "text undefined "nobody" @109",
    ]
  `)
})

test('whoever stops at any event and goes on from its position misses nothing and sees nothing twice', () => {
  for (let cut = 1; cut < log.length; cut++) {
    const first = new EventDecoder('L', new Map(), 0, 0, () => undefined).decode(batch(0, log.subarray(0, cut), true))
    for (let kept = 0; kept <= first.length; kept++) {
      const { offset, skip = 0 } = first[kept - 1]?.position ?? { offset: 0 }
      const rest = new EventDecoder('L', new Map([[1, 'a']]), offset, skip, () => undefined).decode(
        batch(offset, log.subarray(offset), true),
      )
      const text = [...first.slice(0, kept), ...rest].flatMap((e) => (e.type === 'text' ? [toText(e.bytes)] : []))
      expect(text.join('')).toBe('hello worldohnobody')
    }
  }
})

test('a stream that begins again at the border of a half-given text goes on behind what was given', () => {
  const decoder = new EventDecoder('L', new Map([[1, 'a']]), 30, 0, () => undefined)
  const events = [...decoder.decode(batch(30, log.subarray(30, 55), true))]
  expect(decoder.border).toBe(30)
  events.push(...decoder.decode(batch(30, log.subarray(30), true)))
  expect(events.flatMap((e) => (e.type === 'text' ? [toText(e.bytes)] : [])).join('|')).toBe('hello| world|oh|nobody')
})

test('the torn record of a killed kernel is taken back, what was shown of it stays, and the loss is said', () => {
  const decoder = new EventDecoder('L', new Map([[1, 'a']]), 30, 0, () => undefined)
  const events = [...decoder.decode(batch(30, log.subarray(30, 55), true))]
  const after = Buffer.concat([record(RECORD.lost, 0, '{"bytes":28}'), record(RECORD.stdout, 1, 'drained')])
  events.push(...decoder.decode(batch(30, after, true)))
  expect(events.map(print)).toMatchInlineSnapshot(`
    [
      "text a "hello" @30+5",
      "lost 3 @62",
      "text a "drained" @89",
    ]
  `)
})
