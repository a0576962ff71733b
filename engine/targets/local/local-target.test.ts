import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ProblemError } from '../../contract/problem.ts'
import { nextEpoch } from '../epoch.ts'
import { Leases } from '../leases.ts'
import { LocalTarget, outpostBase } from './local-target.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ut-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const target = (more: { python?: string; program?: string; runtimeFolder?: string }): LocalTarget =>
  new LocalTarget({
    runtimeFolder: more.runtimeFolder ?? join(folder, 'run'),
    program: more.program ?? join(folder, 'outpost.py'),
    python: async () => more.python ?? '/bin/sh',
    leases: new Leases(join(folder, 'leases.json')),
    env: { PATH: '/usr/bin:/bin' },
    nowMs: () => 1,
  })
const dial = async (place: LocalTarget): Promise<ProblemError> => {
  const failed = await place
    .dial({ onBytes: () => undefined, onEnd: () => undefined }, new AbortController().signal)
    .catch((error: unknown) => error)
  if (!(failed instanceof ProblemError)) throw new Error(`no Problem: ${failed}`)
  return failed
}

test('a Python that is missing is named, with what to do', async () => {
  const { problem } = await dial(target({ python: join(folder, 'no-python') }))
  expect({ ...problem, detail: undefined, message: problem.message.replace(folder, '') }).toMatchInlineSnapshot(`
    {
      "code": "missing",
      "detail": undefined,
      "hint": "Nothing is lost. Run \`./updraft.mjs doctor\` to see which Python is used, or choose another one.",
      "message": "The Python that runs kernels can't be started: /no-python",
      "where": "kernel",
    }
  `)
})

test('an outpost that does not come up says its own last words', async () => {
  // A shell stands in for a Python that fails: `sh -I` is refused by it as an unknown option.
  const { problem } = await dial(target({ python: '/bin/sh' }))
  expect(problem.message).toBe('The outpost, which keeps kernels alive, did not come up.')
  expect(problem.detail).toMatch(/-I|option/)
})

test('the lease is on disk before anything is started', async () => {
  const python = join(folder, 'python')
  await writeFile(python, `#!/bin/sh\ncp ${join(folder, 'leases.json')} ${join(folder, 'seen.json')}\nexit 3\n`)
  await chmod(python, 0o700)
  await dial(target({ python }))
  expect(JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8')).leases).toMatchObject([{ id: 'outpost', kind: 'outpost' }])
})

test('a runtime folder that is a link to somewhere else is refused, one that others may read is closed to them', async () => {
  await mkdir(join(folder, 'elsewhere'))
  await symlink(join(folder, 'elsewhere'), join(folder, 'link'))
  expect((await dial(target({ runtimeFolder: join(folder, 'link') }))).problem.code).toBe('denied')
  await mkdir(join(folder, 'open'), { mode: 0o755 })
  await dial(target({ runtimeFolder: join(folder, 'open') }))
  expect((await stat(join(folder, 'open'))).mode & 0o777).toBe(0o700)
})

test('a runtime folder that is too deep for a socket gets a short name, the same each time', () => {
  const deep = `/srv/somebody/${'a-long-folder/'.repeat(8)}`
  expect(Buffer.byteLength(outpostBase(deep))).toBeLessThanOrEqual(80)
  expect(outpostBase(deep)).toBe(outpostBase(deep))
  expect(outpostBase('/run/user/1000/updraft')).toBe('/run/user/1000/updraft/outpost')
})

test('UPDRAFT_RUNTIME says where sockets lie, when it is a full path', () => {
  const base = (runtime: string): string =>
    new LocalTarget({
      runtimeFolder: '/run/user/1000/updraft',
      program: '',
      python: async () => '',
      leases: new Leases(join(folder, 'leases.json')),
      env: { UPDRAFT_RUNTIME: runtime },
      nowMs: () => 1,
    }).base
  expect([base('/var/lib/x'), base('relative'), base('')]).toEqual([
    '/var/lib/x/outpost',
    '/run/user/1000/updraft/outpost',
    '/run/user/1000/updraft/outpost',
  ])
})

test('leases survive a restart, also many at once, and a damaged file is no reason to stop', async () => {
  const file = join(folder, 'leases.json')
  const leases = new Leases(file)
  const lease = (id: string) => ({ id, kind: 'kernel' as const, sinceMs: 1, detail: { session: id } })
  await Promise.all(['a', 'b', 'c'].map((id) => leases.record(lease(id))))
  await leases.release('b')
  expect((await new Leases(file).list()).map((l) => l.id)).toEqual(['a', 'c'])
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  await writeFile(file, '{"leases": [')
  expect(await new Leases(file).list()).toEqual([])
})

test('each engine gets a higher number, also when the clock goes back', async () => {
  const file = join(folder, 'epoch')
  expect([await nextEpoch(file, 1000), await nextEpoch(file, 900), await nextEpoch(file, 5000)]).toEqual([1000, 1001, 5000])
})
