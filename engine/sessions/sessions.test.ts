import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Hello, RunState } from '../../kernels/index.ts'
import { problem } from '../contract/problem.ts'
import { Leases } from '../targets/leases.ts'
import { deathProblem } from './kernel-problems.ts'
import { sessionState } from './session-state.ts'
import { OutpostSessions } from './sessions.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ut-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

test('a kernel that can not be started because its place can not be reached says why, at once, and leaves no lease', async () => {
  const leases = new Leases(join(folder, 'leases.json'))
  const dial = async (): Promise<never> => {
    throw problem('missing', 'The Python that runs kernels can’t be started: /nowhere/python', { hint: 'Choose another one.' })
  }
  const sessions = new OutpostSessions({
    target: { id: 'local', title: 'This computer', dial, leases },
    epoch: 1,
    environments: { resolve: async (id) => ({ id, title: 'Test', python: '/nowhere/python' }) },
    kernelEnv: async () => ({}),
    env: {},
    keepSpare: () => false,
    lingerSeconds: () => 60,
    onNote: () => undefined,
  })
  const begin = performance.now()
  const request = { id: 'n', environment: 'e', cwd: folder, title: 'n' }
  const failed = await sessions.start(request, new AbortController().signal).catch((error: unknown) => error)
  expect(failed).toMatchObject({
    problem: { code: 'missing', message: expect.stringContaining('/nowhere/python'), hint: 'Choose another one.' },
  })
  expect(performance.now() - begin).toBeLessThan(5000)
  expect(await leases.list()).toEqual([])
  const stop = new AbortController()
  const given = sessions.adopt('n', stop.signal)
  stop.abort(new Error('given up'))
  await expect(given).rejects.toThrow('given up')
  await sessions.close()
})

test('each way to die has its own sentence', () => {
  const exit = { how: 'signal', code: null, signalName: null, oom: false, stderrTail: '' } as const
  const said = [
    { ...exit, signalName: 'SIGKILL', oom: true },
    { ...exit, signalName: 'SIGKILL' },
    { ...exit, signalName: 'SIGSEGV' },
    { ...exit, how: 'code', code: 3 } as const,
    { ...exit, how: 'unknown' } as const,
    { ...exit, how: 'clean', code: 0 } as const,
  ].map((e) => deathProblem(e)?.message)
  expect(said).toMatchInlineSnapshot(`
    [
      "The kernel was ended (SIGKILL) because memory ran out.",
      "The kernel was ended by SIGKILL from outside.",
      "The kernel was ended by SIGSEGV, a crash in native code.",
      "The kernel ended by itself with exit code 3.",
      "The kernel ended, and nobody was there to see how.",
      undefined,
    ]
  `)
})

test('the state that a window shows follows from the connection, the run and what we are about', () => {
  const run = { state: 'ready', busy: false, blocked: null, exit: null } as RunState
  const up = { state: 'up', hello: {} as Hello } as const
  const down = { state: 'down', problem: { code: 'outpost.unreachable', message: 'gone' } } as const
  const died = { ...run, state: 'ended', exit: { how: 'signal', signalName: 'SIGKILL', oom: true, stderrTail: '' } } as RunState
  const say = (...a: Parameters<typeof sessionState>): string =>
    `${sessionState(...a).state}: ${sessionState(...a).problem?.message ?? ''}`
  expect([
    say(up, run, undefined),
    say(up, { ...run, busy: true }, undefined),
    say(up, { ...run, state: 'starting' }, undefined),
    say(up, { ...run, busy: true, blocked: 'disk' }, undefined),
    say({ state: 'connecting' }, { ...run, busy: true }, undefined),
    say(down, run, undefined),
    say({ state: 'replaced' }, run, undefined),
    say(up, died, undefined),
    say(up, died, 'shutdown'),
    say(up, died, 'restart'),
  ]).toMatchInlineSnapshot(`
    [
      "idle: ",
      "busy: ",
      "starting: ",
      "busy: The disk is full: the kernel waits before it prints on.",
      "busy: ",
      "unreachable: The kernel can’t be reached at the moment.",
      "unreachable: Another Updraft has taken over the kernels of this place.",
      "dead: The kernel was ended (SIGKILL) because memory ran out.",
      "none: ",
      "restarting: ",
    ]
  `)
})
