// One engine per data folder: who comes second is a client, and what a killed one left is recognised, also when its pid lives on as another.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Folders, foldersFor, makeFolders } from '../support/folders.ts'
import { processStart } from '../support/process-start.ts'
import { findEngine, lockEngine } from './single-engine.ts'

let folders: Folders
let home = ''
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'one-'))
  folders = foldersFor({ UPDRAFT_HOME: home })
  await makeFolders(folders)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const door = { port: 1, host: 'updraft-x.localhost:1', token: 't', version: '0', background: false }
const lockFile = () => join(folders.runtime, readdirSync(folders.runtime).find((name) => name.endsWith('.lock')) ?? 'none')

test('the first has the lock, the second finds where it is', async () => {
  const lock = await lockEngine(folders)
  expect(await lockEngine(folders)).toBeUndefined()
  await lock?.announce(door)
  expect(await findEngine(folders)).toMatchObject({ ...door, pid: process.pid, dataFolder: folders.data })
  const file = join(folders.runtime, readdirSync(folders.runtime).find((name) => name.endsWith('.json')) ?? '')
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600')
  await lock?.release()
  expect([await findEngine(folders), readdirSync(folders.runtime)]).toEqual([undefined, []])
})

test('of many that start at once exactly one has the lock', async () => {
  const locks = await Promise.all(Array.from({ length: 20 }, () => lockEngine(folders)))
  expect(locks.filter((lock) => lock !== undefined)).toHaveLength(1)
})

test('the lock of a killed engine is taken over, whoever has its pid now', async () => {
  const sleeper = spawn('sleep', ['30'])
  const pid = sleeper.pid ?? 0
  try {
    await (await lockEngine(folders))?.release()
    const file = join(folders.runtime, 'x')
    // A living process, but not the one that wrote the lock: its start differs.
    const first = await lockEngine(folders)
    const path = lockFile()
    await first?.release()
    for (const text of [
      JSON.stringify({ pid, start: 'another time', host: '' }),
      JSON.stringify({ pid: 2 ** 22 + 1, start: 'x' }),
      '',
      '{"pid":',
      'null',
    ]) {
      writeFileSync(path, text)
      const lock = await lockEngine(folders)
      expect([text, lock === undefined]).toEqual([text, false])
      await lock?.release()
    }
    writeFileSync(path, JSON.stringify({ pid, start: await processStart(pid), host: '' }))
    expect(await lockEngine(folders)).toBeUndefined()
    await expect(findEngine(folders, 100)).rejects.toMatchObject({
      problem: { code: 'busy', message: `Another Updraft (process ${pid}) holds the lock and does not answer.` },
    })
    expect(file).not.toBe(path)
  } finally {
    sleeper.kill()
  }
})

test('a lock that is not ours any more is not released', async () => {
  const lock = await lockEngine(folders)
  writeFileSync(lockFile(), 'somebody else')
  await lock?.release()
  expect(readdirSync(folders.runtime)).toHaveLength(1)
})

test('a runtime folder that is somebody else is refused, one that others can read is closed', async () => {
  const { chmodSync } = await import('node:fs')
  chmodSync(folders.runtime, 0o755)
  await makeFolders(folders)
  expect((statSync(folders.runtime).mode & 0o777).toString(8)).toBe('700')
})

test('folders follow XDG, Apple, or one variable', () => {
  expect(
    foldersFor({ XDG_STATE_HOME: '/s', XDG_DATA_HOME: 'relative', XDG_RUNTIME_DIR: '/run/u' }, 'linux', '/h'),
  ).toMatchInlineSnapshot(`
    {
      "cache": "/h/.cache/updraft",
      "config": "/h/.config/updraft",
      "data": "/h/.local/share/updraft",
      "runtime": "/run/u/updraft",
      "state": "/s/updraft",
    }
  `)
  expect(foldersFor({ XDG_RUNTIME_DIR: '/run/u' }, 'darwin', '/h')).toMatchInlineSnapshot(`
    {
      "cache": "/h/Library/Caches/updraft",
      "config": "/h/Library/Application Support/updraft",
      "data": "/h/Library/Application Support/updraft",
      "runtime": "/run/u/updraft",
      "state": "/h/Library/Application Support/updraft/state",
    }
  `)
  expect(() => foldersFor({ UPDRAFT_HOME: 'here' })).toThrow('not an absolute path')
})
