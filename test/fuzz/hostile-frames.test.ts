// Frames from somebody who means harm: nearly right, broken, deep, binary. The engine refuses each in its place and serves the next viewer.
import { expect, test } from 'vitest'
import { calls, feeds } from '../../engine/contract/index.ts'
import { Peer } from '../../engine/contract/peer.ts'
import { socketWire } from '../../engine/contract/socket-wire.ts'
import type { Random } from './simulated-net.ts'
import { notice, Viewer, type World, world } from './wire-world.ts'

/** Every feed and call by name, for frames that are nearly right. */
const names = [...Object.keys(calls), ...Object.keys(feeds), '__proto__', 'constructor', 'toString', '']

function hostileMessage(random: Random): string | Uint8Array {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const junk = (depth = 0): unknown => {
    const dice = random()
    if (dice < 0.1) return null
    if (dice < 0.25) return pick([0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, 2 ** 53, -0])
    if (dice < 0.45) return pick(['', 'x', '__proto__', '\u0000\u202e', 'é'.repeat(5000), '../../etc/passwd', names[0]])
    if (dice < 0.55) return random() < 0.5
    if (depth > 4) return []
    if (dice < 0.75) return Array.from({ length: Math.floor(random() * 4) }, () => junk(depth + 1))
    return Object.fromEntries(
      Array.from({ length: Math.floor(random() * 4) }, () => [
        pick(['t', 'id', 'name', 'input', 'key', 'constructor', 'a', '0']),
        junk(depth + 1),
      ]),
    )
  }
  const frame = () => ({
    t: pick([
      'hello',
      'call',
      'cancel',
      'done',
      'fail',
      'watch',
      'unwatch',
      'snapshot',
      'changes',
      'seen',
      'end',
      'ping',
      'pong',
      'bye',
      'constructor',
      '__proto__',
    ]),
    id: pick([1, 2, 3, 4, 5, random() * 10, 'x', undefined]),
    name: pick(names),
    feed: pick(names),
    ...(random() < 0.5 ? { input: junk() } : {}),
    ...(random() < 0.5 ? { key: junk() } : {}),
    ...(random() < 0.3
      ? { rev: junk(), epoch: junk(), changes: junk(), state: junk(), problem: junk(), version: junk(), role: junk() }
      : {}),
    ...(random() < 0.2 ? { since: { epoch: pick(['life-0', 3, null]), rev: junk() } } : {}),
  })
  const dice = random()
  if (dice < 0.03) return Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))
  if (dice < 0.06)
    return pick([
      '',
      '[',
      '{}',
      'null',
      '[[[[',
      '[1]',
      '[null]',
      '"x"',
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      '[{"t":"call","id":1,"name":"engine.sign-in","input":{"__proto__":{"path":"/"}}}]',
    ])
  if (dice < 0.1) return `[{"t":"call","id":7,"name":"engine.sign-in","input":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}]`
  const text = JSON.stringify(Array.from({ length: 1 + Math.floor(random() * 3) }, frame))
  if (dice > 0.9) return text.slice(0, Math.floor(random() * text.length))
  return text
}

for (const seed of [101, 102, 103, 104]) {
  test(`2,500 hostile messages harm neither the engine nor the viewer beside them (seed ${seed})`, async () => {
    const w = world(seed)
    const logged: unknown[] = []
    const good = new Viewer(w, 1, 0, 0)
    const { view } = good.link.watch('notices', null)
    const faults: unknown[] = []
    const fault = (error: unknown) => void faults.push(error)
    process.on('unhandledRejection', fault)
    let wires = 0
    let ends: ReturnType<typeof rawEnd> | undefined
    for (let n = 0; n < 2500; n++) {
      if (ends === undefined || !ends.open()) {
        ends = rawEnd(w, logged, wires++)
        if (w.random() < 0.9) ends.send('[{"t":"hello","version":1,"role":"window","name":"evil"}]')
      }
      ends.send(hostileMessage(w.random))
      if (n % 50 === 0) {
        w.feed.change(notice(n, 'x'))
        await w.clock.pass(20)
      }
    }
    await w.clock.pass(30_000)
    process.off('unhandledRejection', fault)
    expect([faults, logged, view.status, view.state]).toEqual([[], [], 'live', w.feed.state])
    expect(wires).toBeGreaterThan(100)
    expect(({} as { path?: string }).path).toBeUndefined()
    good.link.close()
  })
}

/** The engine's end of a wire with nothing but text on the other side. */
function rawEnd(w: World, logged: unknown[], n: number): { send(data: string | Uint8Array): void; open(): boolean } {
  let open = true
  const end = socketEnd(() => {
    open = false
  })
  new Peer(end.wire, {
    role: 'engine',
    name: 'engine',
    timers: w.clock.timers,
    service: w.service,
    askerId: `evil ${n}`,
    log: (error) => logged.push(error),
  })
  return { send: (data) => end.receive(data), open: () => open }
}

function socketEnd(onClose: () => void) {
  return socketWire({ send: () => {}, close: onClose, bufferedBytes: () => 0 })
}
