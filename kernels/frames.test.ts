import { expect, test } from 'vitest'
import { join, toBytes, toText } from './bytes.ts'
import { FRAME, FrameParser, GREETING, packFrame } from './frames.ts'
import { packMessage, unpackMessage } from './messages.ts'
import { RECORD, type RecordHead, RecordParser } from './records.ts'

function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

function* cut(bytes: Uint8Array, next: () => number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + Math.floor(next() ** 3 * 90)
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function record(kind: number, parent: number, payload: string): Uint8Array {
  const body = toBytes(payload)
  const out = new Uint8Array(20 + body.length)
  const view = new DataView(out.buffer)
  view.setUint32(0, body.length, true)
  view.setUint8(4, kind)
  view.setUint32(8, parent, true)
  view.setBigUint64(12, 1_800_000_000_000_000n, true)
  out.set(body, 20)
  return out
}

test('a frame survives packing, with an offset beyond four gigabytes', () => {
  const seen: unknown[] = []
  const parser = new FrameParser({
    onData: (...a) => seen.push(['data', a[0], a[1], toText(a[2])]),
    onFrame: (...a) => seen.push(['frame', ...a.slice(0, 4), toText(a[4])]),
  })
  parser.push(
    join([
      toBytes(`Last login: today\n\0up${GREETING}`),
      packFrame(FRAME.data, 0, 7, 5_000_000_000, toBytes('abc')),
      packFrame(FRAME.reply, 0, 0, 0, toBytes('{}')),
    ]),
  )
  expect(seen).toEqual([
    ['data', 7, 5_000_000_000, 'abc'],
    ['frame', FRAME.reply, 0, 0, 0, '{}'],
  ])
})

test('bytes that are no outpost are refused, not waited for', () => {
  const parser = new FrameParser({ onData: () => undefined, onFrame: () => undefined })
  parser.push(toBytes(GREETING))
  expect(() => parser.push(toBytes('HTTP/1.1 400 Bad Request'))).toThrow(RangeError)
  const silent = new FrameParser({ onData: () => undefined, onFrame: () => undefined })
  expect(() => silent.push(new Uint8Array(2 << 20))).toThrow(/no greeting/)
})

for (let seed = 1; seed <= 40; seed++) {
  test(`frames and records come out the same however they are cut (seed ${seed})`, () => {
    const next = random(seed)
    const log: Uint8Array[] = []
    const wanted: string[] = []
    let offset = 0
    for (let i = 0; i < 30; i++) {
      const kind = 1 + Math.floor(next() * 12)
      const payload = 'x'.repeat(Math.floor(next() ** 3 * 400)) + i
      wanted.push(`${kind} ${i} ${payload} ends ${offset + 20 + payload.length}`)
      log.push(record(kind, i, payload))
      offset += 20 + payload.length
    }
    const bytes = join(log)
    const framed: Uint8Array[] = [toBytes(GREETING)]
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(next() * 200)
      framed.push(
        packFrame(FRAME.data, 0, 1, at, bytes.subarray(at, at + size)),
        packFrame(FRAME.event, 0, 0, 0, toBytes('{"event":"idle"}')),
      )
      at += size
    }
    const got: string[] = []
    let text = ''
    const whole = (head: RecordHead, payload: string): void =>
      void got.push(`${head.kind} ${head.parent} ${payload} ends ${head.start + 20 + head.sizeBytes}`)
    const records = new RecordParser(
      {
        onText: (head, piece, from) => {
          expect(from).toBe(text.length)
          text += toText(piece)
          if (text.length < head.sizeBytes) return
          whole(head, text)
          text = ''
        },
        onRecord: (head, payload) => whole(head, toText(payload)),
      },
      0,
    )
    let position = 0
    const frames = new FrameParser({
      onData: (_stream, seq, piece) => {
        expect(seq).toBe(position)
        position += piece.length
        records.push(piece)
      },
      onFrame: (kind, _f, _s, _q, body) => expect([kind, toText(body)]).toEqual([FRAME.event, '{"event":"idle"}']),
    })
    for (const piece of cut(join(framed), next)) frames.push(piece)
    expect(got).toEqual(wanted)
    expect(records.border).toBe(bytes.length)
  })
}

test('a reader that stopped inside a long text goes on with the byte behind what it had', () => {
  const bytes = record(RECORD.stdout, 1, '0123456789')
  let text = ''
  const parser = new RecordParser({ onText: (_head, piece) => (text += toText(piece)), onRecord: () => undefined }, 0, 4)
  parser.push(bytes.subarray(0, 22))
  parser.push(bytes.subarray(22))
  parser.push(record(RECORD.stderr, 1, 'abc'))
  expect(text).toBe('456789abc')
})

test('a message keeps its buffers, and one that is cut off is refused', () => {
  const packed = packMessage({
    type: 'comm_msg',
    id: 'm1',
    session: 's',
    date: '2026-01-01T00:00:00Z',
    parent: 'p',
    content: { a: 'é' },
    buffers: [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array([3])],
  })
  const { buffers, ...rest } = unpackMessage(packed)
  expect(rest).toEqual({ type: 'comm_msg', id: 'm1', parent: 'p', content: { a: 'é' }, metadata: {} })
  expect(buffers.map((b) => [...b])).toEqual([[1, 2], [], [3]])
  expect(() => unpackMessage(packed.subarray(0, packed.length - 1))).toThrow(RangeError)
})
