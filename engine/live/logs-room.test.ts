// The log room over real spools: how long a log is, its lines, a search, and logs that are not there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Asker } from '../contract/index.ts'
import { LineFile } from './line-file.ts'
import { createLogsRoom, type LogsRoom } from './logs-room.ts'
import { SpoolStore } from './spool-store.ts'

let folder = ''
let spools: SpoolStore
let room: LogsRoom
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'logs-'))
  writeFileSync(join(folder, 'engine.log'), '{"what":"starting"}\n')
  spools = new SpoolStore(folder)
  room = createLogsRoom({ spools, engineLogFile: join(folder, 'engine.log') })
})
afterEach(async () => {
  await room.close()
  rmSync(folder, { recursive: true, force: true })
})
const asker: Asker = { id: 'a', role: 'test', signal: new AbortController().signal }

test('a log that grows says so, its lines are read and searched, and its end is told', async () => {
  const spool = await spools.open('x1', 'Cell 3')
  await spool.append(Buffer.from('one\ntwo\nthree\n'))
  const { feed, release } = await room.sources.log({ log: 'run:x1' }, asker)
  expect(feed.state).toEqual({ id: 'run:x1', title: 'Cell 3', bytes: 14, lines: 3, ended: false })
  await spool.append(Buffer.from('four'))
  await vi.waitFor(() => expect(feed.state).toMatchObject({ bytes: 18, lines: 4 }))
  expect(await room.answers['logs.read']({ log: 'run:x1', from: 2, count: 9 }, asker)).toEqual({
    from: 2,
    lines: ['three', 'four'],
    total: 4,
    bytes: 18,
  })
  expect(await room.answers['logs.search']({ log: 'run:x1', query: 'O' }, asker)).toEqual({
    lines: [0, 1, 3],
    total: 3,
    until: 4,
  })
  expect(await room.answers['logs.search']({ log: 'run:x1', query: '^t', regex: true, from: 2, limit: 1 }, asker)).toEqual({
    lines: [2],
    total: 1,
    until: 4,
  })
  spool.end()
  await vi.waitFor(() => expect(feed.state.ended).toBe(true))
  release()
})

test("the engine's own log and another room's are found, others are not there in words", async () => {
  room.provide('ray', async (name) => (name === 'raylet' ? LineFile.open(join(folder, 'engine.log'), 'Ray: raylet') : undefined))
  expect((await room.answers['logs.read']({ log: 'engine', from: 0, count: 1 }, asker)).lines).toEqual(['{"what":"starting"}'])
  expect((await room.sources.log({ log: 'ray:raylet' }, asker)).feed.state.title).toBe('Ray: raylet')
  for (const log of ['run:none', 'ray:../../etc/passwd', 'nonsense', 'constructor:x'])
    await expect(room.answers['logs.read']({ log, from: 0, count: 1 }, asker)).rejects.toMatchObject({
      problem: { code: 'missing', message: 'This log is not there.' },
    })
  await expect(room.answers['logs.read']({ log: 'run:../../etc/passwd', from: 0, count: 1 }, asker)).rejects.toMatchObject({
    problem: { code: 'invalid' },
  })
})
