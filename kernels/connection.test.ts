import { expect, test } from 'vitest'
import type { ByteHandlers, Clock } from './byte-stream.ts'
import { join, toBytes, toText } from './bytes.ts'
import { OutpostConnection } from './connection.ts'
import { FRAME, GREETING, packFrame } from './frames.ts'

/** A clock that is moved by hand: nothing in these tests waits. */
function handClock(): Clock & { pass(ms: number): Promise<void> } {
  let now = 0
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    nowMs: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    async pass(ms) {
      const end = now + ms
      for (;;) {
        const due = [...timers].filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        timers.delete(due)
        now = due.at
        due.run()
        await settle()
      }
      now = end
      await settle()
    },
  }
}
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

type Asked = { readonly id: number; readonly op: string } & Record<string, unknown>
/** An outpost made by hand: `asked` are the calls it got on its latest stream, `answer` answers one. */
function handOutpost() {
  const streams: { handlers: ByteHandlers; asked: Asked[]; inputs: string[]; credits: number[]; closed: boolean }[] = []
  let refuse: Error | undefined
  const at = () => streams[streams.length - 1] as (typeof streams)[number]
  return {
    streams,
    at,
    refuseWith: (error: Error | undefined) => {
      refuse = error
    },
    dial: async (handlers: ByteHandlers) => {
      if (refuse !== undefined) throw refuse
      const stream = { handlers, asked: [] as Asked[], inputs: [] as string[], credits: [] as number[], closed: false }
      streams.push(stream)
      queueMicrotask(() => handlers.onBytes(toBytes(GREETING)))
      return {
        write(frame: Uint8Array) {
          const view = new DataView(frame.buffer, frame.byteOffset)
          if (frame[4] === FRAME.call) stream.asked.push(JSON.parse(toText(frame.subarray(16))))
          else if (frame[4] === FRAME.input) stream.inputs.push(toText(frame.subarray(16)))
          else if (frame[4] === FRAME.credit) stream.credits.push(Number(view.getBigUint64(8, true)))
        },
        close: () => {
          stream.closed = true
        },
      }
    },
    answer(op: string, body: object) {
      const call = at().asked.find((c) => c.op === op)
      at().handlers.onBytes(packFrame(FRAME.reply, 0, 0, 0, toBytes(JSON.stringify({ id: call?.id, ...body }))))
    },
  }
}
const HELLO = { version: 1, runs: {}, spares: [], pid: 1 }
const opened = (from: number) => ({ log: 'L', first: 0, from, size: 100, skipped: 0 })

async function connected() {
  const clock = handClock()
  const outpost = handOutpost()
  const connection = new OutpostConnection({ dial: outpost.dial, clock, client: 'test', epoch: 7 })
  const states: string[] = []
  connection.onState((state) => states.push(state.state))
  await settle()
  outpost.answer('hello', HELLO)
  await settle()
  return { clock, outpost, connection, states }
}

test('bytes that follow the answer of open in the same chunk are taken', async () => {
  const { outpost, connection } = await connected()
  const stream = connection.open({ name: 'run', since: 0 })
  const id = outpost.at().asked.find((c) => c.op === 'open')?.id
  outpost
    .at()
    .handlers.onBytes(
      join([
        packFrame(FRAME.reply, 0, 0, 0, toBytes(JSON.stringify({ id, ...opened(0) }))),
        packFrame(FRAME.data, 0, 1, 0, toBytes('abc')),
      ]),
    )
  const batch = await stream.next()
  expect(batch?.pieces.map(toText)).toEqual(['abc'])
  connection.close()
})

test('after a broken stream it opens at the border it had cut, sends again what was not accepted, and nothing else', async () => {
  const { clock, outpost, connection, states } = await connected()
  const stream = connection.open({ name: 'run', since: 10 })
  outpost.answer('open', opened(10))
  stream.request('one', 1, toBytes('one'))
  stream.request('two', 1, toBytes('two'))
  stream.accepted('one')
  outpost.at().handlers.onBytes(packFrame(FRAME.data, 0, 1, 10, new Uint8Array(30)))
  await stream.next()
  stream.cutUpTo(25)
  const signal = connection.call('signal', { name: 'run', signal: 'INT' })
  const journal = connection.call('journal', { name: 'run' })
  outpost.at().handlers.onEnd('killed')
  await expect(signal).rejects.toMatchObject({ code: 'outpost.broken' })
  await clock.pass(0)
  outpost.answer('hello', HELLO)
  expect(outpost.at().asked.find((c) => c.op === 'open')?.['since']).toBe(25)
  outpost.answer('open', opened(25))
  outpost.answer('journal', { executions: [], size: 0 })
  await expect(journal).resolves.toMatchObject({ size: 0 })
  expect(outpost.at().inputs).toEqual(['two'])
  expect(states).toEqual(['up', 'connecting', 'up'])
  connection.close()
})

test('credit is given for what was consumed, each megabyte', async () => {
  const { outpost, connection } = await connected()
  const stream = connection.open({ name: 'run', since: 0 })
  outpost.answer('open', opened(0))
  for (let position = 0; position <= 3 << 20; position += 256 << 10) stream.consumed(position)
  expect(outpost.at().credits).toEqual([1 << 20, 2 << 20, 3 << 20])
  connection.close()
})

test('an outpost that falls silent is given up and dialed again', async () => {
  const { clock, outpost, connection } = await connected()
  await clock.pass(25_000)
  expect(outpost.streams[0]?.closed).toBe(true)
  expect(outpost.streams.length).toBeGreaterThan(1)
  connection.close()
})

test('a call has a deadline, and says why when the outpost can not be reached', async () => {
  const { clock, outpost, connection } = await connected()
  const late = connection.call('journal', { name: 'run' }).catch((e: Error) => e.message)
  await clock.pass(10_000)
  expect(await late).toBe('The outpost did not answer "journal" within 10 s.')
  const full = new Error('The disk is full.')
  outpost.refuseWith(full)
  outpost.at().handlers.onEnd('killed')
  const unreachable = connection.call('journal', { name: 'run' }).catch((e: Error) => e)
  await clock.pass(10_000)
  expect(await unreachable).toMatchObject({ code: 'outpost.unreachable', message: 'The disk is full.', cause: full })
  expect(connection.state.state).toBe('down')
  outpost.refuseWith(undefined)
  await clock.pass(2000)
  outpost.answer('hello', HELLO)
  expect(connection.state.state).toBe('up')
  connection.close()
})

test('an engine with a higher number ends this one for good', async () => {
  const { clock, outpost, connection } = await connected()
  const stream = connection.open({ name: 'run', since: 0 })
  outpost.at().handlers.onBytes(packFrame(FRAME.event, 0, 0, 0, toBytes('{"event":"replaced","epoch":8}')))
  await expect(stream.next()).rejects.toMatchObject({ code: 'outpost.replaced' })
  await expect(connection.call('journal', { name: 'run' })).rejects.toMatchObject({ code: 'outpost.replaced' })
  await clock.pass(60_000)
  expect(outpost.streams).toHaveLength(1)
})

test('what answers but is no outpost is said to be none', async () => {
  const clock = handClock()
  const outpost = handOutpost()
  const connection = new OutpostConnection({ dial: outpost.dial, clock, client: 'test', epoch: 1 })
  await settle()
  outpost.at().handlers.onBytes(toBytes('SSH-2.0-OpenSSH_9.2 and so on\r\n'))
  expect(connection.state).toMatchObject({ state: 'down', problem: { message: expect.stringContaining('not an outpost') } })
  connection.close()
})
