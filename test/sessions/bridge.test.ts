// A kernel of any other kind, over ZeroMQ: the same events, so that nobody above notices. Here ipykernel itself by its kernelspec's command.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OutpostSession } from '../../engine/sessions/outpost-session.ts'
import type { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { basePython } from '../worlds/python.ts'
import { never, Recorder, type SessionsWorld, sessionsWorld, until } from './sessions-world.ts'

let world: SessionsWorld
let sessions: OutpostSessions
let kernel: OutpostSession
let record: Recorder

beforeAll(async () => {
  world = await sessionsWorld({
    kernelspec: { argv: [basePython(), '-m', 'ipykernel_launcher', '-f', '{connection_file}'], interrupt_mode: 'signal' },
  })
  sessions = world.engine()
  kernel = await world.start(sessions)
  record = new Recorder(kernel)
})
afterAll(async () => {
  await world?.close()
})

test('a cell runs over the bridge: text, result, reply', async () => {
  const { id, status, text } = await record.run('print("hi"); 1 + 1')
  const kinds = record.events.flatMap((e) =>
    e.type === 'message' && e.message.parent === id ? [`${e.channel} ${e.message.type}`] : [],
  )
  expect({ status, text, path: kernel.run.path }).toEqual({ status: 'ok', text: 'hi\n', path: 'bridge' })
  expect(kinds).toEqual(expect.arrayContaining(['iopub execute_input', 'iopub execute_result', 'shell execute_reply']))
})

test('a hundred thousand prints arrive byte for byte', async () => {
  const { text } = await record.run('for i in range(10**5): print(i)')
  expect(text).toBe(`${Array.from({ length: 100_000 }, (_, i) => i).join('\n')}\n`)
})

test('an interrupt ends a busy loop, and input gets its answer', async () => {
  const id = randomUUID()
  const running = record.run('while True: pass', id)
  await until(() => kernel.summary.state.state === 'busy', 'busy')
  await kernel.interrupt()
  expect((await running).status).toBe('error')
  const asking = randomUUID()
  const answered = record.run('print("hello", input("Who? "))', asking)
  await record.until((e) => e.type === 'message' && e.channel === 'stdin' && e.request === asking)
  kernel.answerInput(asking, 'Ada')
  await answered
  expect(record.text(asking).toString()).toContain('hello Ada')
})

test('the outpost is killed while a cell runs, and the same request is not run twice', async () => {
  const id = randomUUID()
  const code = 'import time\nruns = globals().get("runs", 0) + 1\nfor i in range(200):\n  print(i)\n  time.sleep(0.005)'
  const running = record.run(code, id)
  await until(() => record.text(id).length > 100, 'some output')
  process.kill(await world.outpostPid(), 'SIGKILL')
  await until(() => sessions.connection.state.state !== 'up', 'the break')
  kernel.execute({ id, code })
  await running
  expect(record.text(id).toString()).toBe(`${Array.from({ length: 200 }, (_, i) => i).join('\n')}\n`)
  expect((await record.run('print(runs)')).text).toBe('1\n')
})

test('a restart starts another one, and a kernel that is killed is a dead one', async () => {
  await kernel.restart(never)
  const { text } = await record.run('import os; print("runs" in globals(), os.getpid())')
  expect(text).toMatch(/^False \d+\n$/)
  process.kill(Number(text.split(' ')[1]), 'SIGKILL')
  await until(() => kernel.summary.state.state === 'dead', 'dead')
  expect(kernel.summary.state.problem?.message).toMatch(/SIGKILL/)
})

test('a kernelspec whose command is missing says so', async () => {
  const broken = await sessionsWorld({ kernelspec: { argv: ['no-such-kernel', '{connection_file}'] } })
  try {
    await expect(broken.start(broken.engine())).rejects.toThrow(/no-such-kernel/)
    expect((await broken.target.leases.list()).filter((lease) => lease.kind === 'kernel')).toEqual([])
  } finally {
    await broken.close()
  }
})
