// The blob store on a real folder: one file per content, safe names, and a collection that never takes what somebody refers to.
import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { BlobStore } from './blob-store.ts'

let folder = ''
const make = (more: { limitBytes?: number; nowMs?: () => number } = {}) => {
  folder = mkdtempSync(join(tmpdir(), 'blobs-'))
  return new BlobStore({ folder, ...more })
}
afterEach(() => rm(folder, { recursive: true, force: true }))

const HOUR_MS = 3600_000

test('the same content is one file, whoever stores it', async () => {
  const store = make()
  const [a, b] = await Promise.all([store.put('hello'), store.put(Buffer.from('hello'))])
  expect([a, a.blob === b.blob]).toEqual([
    { blob: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', sizeBytes: 5 },
    true,
  ])
  expect(Buffer.from((await store.get(a.blob)) ?? []).toString()).toBe('hello')
  expect(readdirSync(join(folder, '2c'))).toEqual([a.blob])
})

test('a name that is no hash finds nothing and is never a path', async () => {
  const store = make()
  expect(await store.get('../../../etc/passwd')).toBeUndefined()
  expect(() => store.path('..')).toThrow('not the name of a blob')
})

test('what nobody refers to goes after a week, after an hour when space is short, and what is referred to stays', async () => {
  let nowMs = Date.now()
  const store = make({ limitBytes: 100, nowMs: () => nowMs })
  const kept = await store.put('k'.repeat(80))
  const free = await store.put('f'.repeat(80))
  store.refersTo(() => [kept.blob])
  expect(await store.collect()).toEqual({ removed: 0, removedBytes: 0, keptBytes: 160 })
  nowMs += 2 * HOUR_MS
  expect(await store.collect()).toEqual({ removed: 1, removedBytes: 80, keptBytes: 80 })
  expect([await store.sizeBytes(free.blob), await store.sizeBytes(kept.blob)]).toEqual([undefined, 80])
  nowMs += 30 * 24 * HOUR_MS
  expect((await store.collect()).removed).toBe(0)
})

test('content that is stored again is young again', async () => {
  let nowMs = Date.now()
  const store = make({ limitBytes: 0, nowMs: () => nowMs })
  const blob = await store.put('x')
  nowMs += 2 * HOUR_MS
  await store.put('x')
  expect((await store.collect()).removed).toBe(0)
  expect(await store.sizeBytes(blob.blob)).toBe(1)
})
