// The wire under every kind of trouble that a seed can make: delay, stall, loss with reconnect, viewers that are slow to look. Whatever
// happens, every view ends at the engine's own state, nothing is folded twice, and a viewer costs the engine no more than one batch.
import { expect, test } from 'vitest'
import { Link } from '../../engine/contract/link.ts'
import { Peer } from '../../engine/contract/peer.ts'
import type { Service } from '../../engine/contract/service.ts'
import { type Pair, simulatedPair } from './simulated-net.ts'
import { notice, Viewer, world } from './wire-world.ts'

for (const seed of Array.from({ length: 12 }, (_, i) => i + 1)) {
  test(`every view ends at the engine's state, whatever happens to its wire (seed ${seed})`, async () => {
    const w = world(seed)
    const viewers = Array.from({ length: 4 }, (_, n) => new Viewer(w, n, [0, 5, 80, 400][n] ?? 0, [0, 10, 300, 2000][n] ?? 0))
    const watching = viewers.map((v) => v.link.watch('notices', null))
    let made = 0
    for (let step = 0; step < 150; step++) {
      const burst = w.random() < 0.1 ? 200 : Math.floor(w.random() * 4)
      for (let i = 0; i < burst; i++) {
        w.feed.change(
          w.random() < 0.8 ? notice(made++ % 40, `text ${made}`) : { type: 'notice-gone', id: `n${Math.floor(w.random() * 40)}` },
        )
      }
      if (w.random() < 0.02) {
        w.restart()
        for (const v of viewers) v.pair?.cut()
      }
      for (const v of viewers) v.trouble()
      await w.clock.pass(w.random() * 60)
    }
    for (const v of viewers) v.pair?.flow()
    await w.clock.pass(60_000)
    for (const { view } of watching) expect([view.status, view.state]).toEqual(['live', w.feed.state])
    for (const v of viewers) v.link.close()
    await w.clock.pass(10_000)
    expect(w.released()).toBe(w.watched())
  })
}

test('a viewer that never looks costs one batch, however much happens, and then gets one snapshot', async () => {
  const w = world(7)
  let seen: (() => void)[] = []
  const pair = simulatedPair(w.clock, w.random, 1)
  const server = new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
  const frames: string[] = []
  const link = new Link({
    role: 'window',
    name: 'stalled',
    timers: w.clock.timers,
    whenShown: (s) => void seen.push(s),
    connect: async () => pair.near,
  })
  const { view } = link.watch('notices', null)
  view.listen(() => frames.push(`${view.status} ${view.state?.list.length}`))
  await w.clock.pass(100)
  const sizes: number[] = []
  for (let round = 0; round < 50; round++) {
    for (let i = 0; i < 1000; i++) w.feed.change(notice(i % 40, `${round} ${i}`))
    await w.clock.pass(100)
    sizes.push(pair.underWayBytes)
  }
  // A ping now and then, never a batch.
  expect(Math.max(...sizes)).toBeLessThan(50)
  expect([frames, server.watchers]).toEqual([['live 0'], 1])
  for (const s of seen) s()
  seen = []
  await w.clock.pass(100)
  expect(frames).toEqual(['live 0', 'live 40'])
  expect(view.state).toEqual(w.feed.state)
  link.close()
})

test('a window gets at most one batch per 16 ms, and the first change at once', async () => {
  const w = world(3)
  const pair = simulatedPair(w.clock, w.random, 0)
  new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
  const link = new Link({ role: 'window', name: 'window', timers: w.clock.timers, connect: async () => pair.near })
  const { view } = link.watch('notices', null)
  await w.clock.pass(100)
  const at: number[] = []
  view.listen(() => at.push(Math.round(w.clock.nowMs - began)))
  const began = w.clock.nowMs
  for (let ms = 0; ms < 100; ms++) {
    w.feed.change(notice(0, `${ms}`))
    await w.clock.pass(1)
  }
  expect(at.slice(0, 4)).toEqual([0, 16, 32, 48])
  expect(at.length).toBeLessThanOrEqual(8)
  link.close()
})

test('silence of 15 s ends a wire and the link comes back by itself; a machine that slept does not lose its wire', async () => {
  const w = world(5)
  const v = new Viewer(w, 1, 0, 0)
  const { view } = v.link.watch('notices', null)
  await w.clock.pass(60_000)
  const first = v.pair
  expect([view.status, first?.open]).toEqual(['live', true])
  first?.stall()
  await w.clock.pass(25_000)
  expect(first?.open).toBe(false)
  await w.clock.pass(10_000)
  expect([view.status, v.link.state.status]).toEqual(['live', 'connected'])
  const second = v.pair
  // Nobody's timers ran while the lid was closed.
  w.clock.nowMs += 3_600_000
  await w.clock.pass(1)
  await w.clock.pass(20_000)
  expect([second?.open, view.status]).toEqual([true, 'live'])
  v.link.close()
})

test('a call is answered, refused in words, cancelled, and lost with its wire, each exactly once', async () => {
  const w = world(9)
  const said: string[] = []
  const service: Service = {
    ...w.service,
    call: (name, input, asker) =>
      name === 'ray.start'
        ? new Promise((_, reject) =>
            asker.signal.addEventListener('abort', () => {
              said.push('aborted')
              reject(asker.signal.reason)
            }),
          )
        : w.service.call(name, input, asker),
  }
  const pair = simulatedPair(w.clock, w.random, 0)
  new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service })
  const link = new Link({ role: 'cli', name: 'cli', timers: w.clock.timers, connect: async () => pair.near, pausesMs: [60_000] })
  const tell = (what: string, call: Promise<unknown>) =>
    void call.then(
      (out) => said.push(`${what}: ${JSON.stringify(out)}`),
      (error: { problem: { code: string; message: string } }) =>
        said.push(`${what}: ${error.problem.code} ${error.problem.message}`),
    )
  await w.clock.pass(10)
  tell('asked', link.call('engine.sign-in', { path: '/x' }))
  tell('wrong', link.call('engine.sign-in', { path: 3 as unknown as string }))
  tell('unknown', link.call('__proto__' as 'ray.stop', null))
  const stop = new AbortController()
  tell('cancelled', link.call('ray.start', {}, stop.signal))
  await w.clock.pass(10)
  stop.abort()
  await w.clock.pass(10)
  tell('lost', link.call('ray.start', {}))
  await w.clock.pass(10)
  pair.cut()
  await w.clock.pass(10)
  expect(said).toMatchInlineSnapshot(`
    [
      "wrong: invalid "engine.sign-in": path is not right (invalid_type, expected string).",
      "unknown: missing There is no call "__proto__".",
      "asked: {"url":"/x"}",
      "cancelled: cancelled Cancelled.",
      "aborted",
      "aborted",
      "lost: unreachable The connection to the engine was lost.",
    ]
  `)
  link.close()
})

test('another protocol version is refused in words and not tried again', async () => {
  const w = world(11)
  let attempts = 0
  const link = new Link({
    role: 'window',
    name: 'old window',
    timers: w.clock.timers,
    connect: async () => {
      attempts++
      const pair = simulatedPair(w.clock, w.random, 0)
      new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
      const { send } = pair.near
      pair.near.send = (frame) => send(frame.t === 'hello' ? { ...frame, version: 99 } : frame)
      return pair.near
    },
  })
  await w.clock.pass(60_000)
  expect([attempts, link.state.status, link.state.problem?.message]).toMatchInlineSnapshot(`
    [
      1,
      "refused",
      "This end speaks version 1 of Updraft's protocol, the other version 99.",
    ]
  `)
  link.close()
})

test('a view whose batch does not fit asks for a snapshot', async () => {
  const w = world(13)
  const pair = simulatedPair(w.clock, w.random, 0)
  new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
  const link = new Link({ role: 'test', name: 'test', timers: w.clock.timers, connect: async () => pair.near })
  const { view } = link.watch('notices', null)
  await w.clock.pass(10)
  const { send } = pair.far
  let dropped = 0
  pair.far.send = (frame) =>
    frame.t === 'changes' && dropped++ === 0 ? send({ ...frame, changes: frame.changes.slice(1) }) : send(frame)
  w.feed.change(notice(1, 'a'))
  w.feed.change(notice(2, 'b'))
  await w.clock.pass(100)
  expect([dropped, view.status, view.state]).toEqual([1, 'live', w.feed.state])
  link.close()
})

test('a restarted engine is another life: a view never folds its changes onto the old state', async () => {
  const w = world(19)
  const pairs: Pair[] = []
  const link = new Link({
    role: 'test',
    name: 'test',
    timers: w.clock.timers,
    connect: async () => {
      const pair = simulatedPair(w.clock, w.random, 0)
      new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
      pairs.push(pair)
      return pair.near
    },
  })
  const { view } = link.watch('notices', null)
  await w.clock.pass(10)
  for (let n = 0; n < 3; n++) w.feed.change(notice(n, 'old'))
  await w.clock.pass(10)
  w.restart()
  pairs[0]?.cut()
  // The new life counts past where the view stood in the old one: only the epoch tells them apart.
  for (let n = 0; n < 5; n++) w.feed.change(notice(n, 'new'))
  await w.clock.pass(1000)
  expect([pairs.length, view.status, view.state]).toEqual([2, 'live', w.feed.state])
  link.close()
})

test('bytes keep their order and their place, and a full queue is said', async () => {
  const w = world(15)
  const pair = simulatedPair(w.clock, w.random, 50)
  const server = new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service: w.service })
  const link = new Link({ role: 'window', name: 'window', timers: w.clock.timers, connect: async () => pair.near })
  const got: string[] = []
  link.onBytes('terminal:1', (seq, payload) => got.push(`${seq}:${payload.length}`))
  await w.clock.pass(200)
  expect(server.sendBytes('terminal:1', 0, new Uint8Array(3))).toBe(true)
  expect(server.sendBytes('terminal:1', 3, new Uint8Array(5 << 20))).toBe(false)
  await w.clock.pass(200)
  expect(got).toEqual(['0:3', `3:${5 << 20}`])
  // Nobody listens to the refusal and the far end takes nothing: the wire is given up before memory is.
  pair.stall()
  for (let n = 0; n < 20; n++) server.sendBytes('terminal:1', n, new Uint8Array(5 << 20))
  expect([server.closed, pair.underWayBytes < 80 << 20]).toEqual([true, true])
  link.close()
})

test('what is too large or no JSON is answered in words, and the wire lives on', async () => {
  const w = world(17)
  const outputs: Record<string, () => unknown> = {
    large: () => 'x'.repeat(70 << 20),
    circular: () => {
      const a: { a?: unknown } = {}
      a.a = a
      return a
    },
    big: () => 10n,
  }
  const service: Service = { ...w.service, call: async (name) => outputs[name]?.() ?? 'fine' }
  const pair = simulatedPair(w.clock, w.random, 0)
  new Peer(pair.far, { role: 'engine', name: 'engine', timers: w.clock.timers, service })
  const client = new Peer(pair.near, { role: 'test', name: 'test', timers: w.clock.timers })
  const answers: unknown[] = []
  for (const name of ['large', 'circular', 'big', 'other'])
    client.call(name, null).then(
      (v) => answers.push(v),
      (e) => answers.push(e.problem.message),
    )
  await w.clock.pass(100)
  expect(answers).toMatchInlineSnapshot(`
    [
      "This can't be sent to the window: it is larger than 64 MB.",
      "This can't be sent to the window: it is not JSON.",
      "This can't be sent to the window: it is not JSON.",
      "fine",
    ]
  `)
})
