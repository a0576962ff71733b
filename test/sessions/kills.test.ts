// kill -9 at seeded instants of a flood: of the outpost, of its reader (a new engine adopts), of the kernel. What was printed is what arrives,
// and each cell leaves one line in a file: nothing runs twice.
import { createHash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutpostSession } from '../../engine/sessions/outpost-session.ts'
import type { LogPosition } from '../../engine/sessions/session.ts'
import type { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { never, Recorder, type SessionsWorld, sessionsWorld, until } from './sessions-world.ts'

let world: SessionsWorld
let sessions: OutpostSessions
let kernel: OutpostSession

function random(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const LINES = 400_000
const flood = (line: string): string => `
with open('ran', 'a') as f: f.write(${JSON.stringify(`${line}\n`)})
import os, sys, time
for i in range(${LINES}):
  print(i)
  if i % 50000 == 0: time.sleep(0.02); sys.stderr.write(f'e{i} ' * 3000)
`
const wanted = (): string => {
  const hash = createHash('sha256')
  for (let i = 0; i < LINES; i++) hash.update(`${i}\n`)
  return hash.digest('hex')
}

beforeAll(async () => {
  world = await sessionsWorld()
  sessions = world.engine()
  kernel = await world.start(sessions)
})
afterAll(async () => {
  await world?.close()
})

test.each([1, 2, 3, 4, 5, 6, 7, 8])('a flood survives two kills at instants of seed %i', async (seed) => {
  const next = random(seed)
  const id = randomUUID()
  const out: Uint8Array[] = []
  let err = 0
  let since: LogPosition | undefined
  let record = new Recorder(kernel, 'now')
  const take = (): void => {
    for (const event of record.texts(id)) {
      if (event.stream === 'stdout') out.push(event.bytes)
      else err += event.bytes.length
    }
    since = record.position
  }
  kernel.execute({ id, code: flood(`${seed}`) })
  for (let kill = 0; kill < 2; kill++) {
    const at = next() * 1_500_000
    await until(() => record.bytes > at, 'the instant')
    if (next() < 0.5) {
      const { pid } = sessions.connection.state.state === 'up' ? sessions.connection.state.hello : { pid: 0 }
      if (pid > 0) process.kill(pid, 'SIGKILL')
      await until(() => sessions.connection.state.state !== 'up', 'the break')
    } else {
      // The engine dies: its reader stops in the middle of a batch, what it has stored is all that the next one knows.
      record.stop()
      await sessions.close()
      take()
      sessions = world.engine()
      const adopted = await sessions.adopt('notebook', never)
      if (adopted === undefined || since === undefined) throw new Error('not adopted')
      kernel = adopted
      record = new Recorder(kernel, since)
      // A careful engine sends again what it does not know to be accepted.
      kernel.execute({ id, code: flood(`${seed}`) })
    }
  }
  await record.until((e) => e.type === 'message' && e.channel === 'shell' && e.message.parent === id)
  take()
  record.stop()
  const hash = createHash('sha256')
  for (const bytes of out) hash.update(bytes)
  expect(hash.digest('hex')).toBe(wanted())
  expect(err).toBe([...Array(8).keys()].reduce((sum, i) => sum + `e${i * 50_000} `.length * 3000, 0))
  const ran = (await readFile(join(world.folder, 'ran'), 'utf8')).split('\n').filter((line) => line === `${seed}`)
  expect(ran).toHaveLength(1)
})

test.each([1, 2, 3, 4])(
  'a kernel that is killed in a flood of long writes ends its log in order: what came is a prefix, the loss is said (seed %i)',
  async (seed) => {
    const next = random(seed)
    const id = randomUUID()
    const record = new Recorder(kernel, 'now')
    const line = '0123456789abcdef'.repeat(4096)
    kernel.execute({ id, code: `import sys\nline = ${JSON.stringify(line)} * 8\nwhile True: sys.stdout.write(line)` })
    const at = next() * 40_000_000
    await until(() => record.bytes > at, 'the instant')
    process.kill(kernel.run.pid ?? 0, 'SIGKILL')
    await record.until((e) => e.type === 'exit')
    record.stop()
    let at16 = 0
    for (const { bytes } of record.texts(id)) {
      for (const byte of bytes) if (byte !== line.charCodeAt(at16++ % 16)) throw new Error(`a wrong byte at ${at16 - 1}`)
    }
    expect(at16).toBeGreaterThan(at)
    const exit = record.events.at(-1)
    expect(exit).toMatchObject({ type: 'exit', signal: 'SIGKILL', clean: false })
    await kernel.restart(never)
  },
)
