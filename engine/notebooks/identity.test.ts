import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Identities } from './identity.ts'
import { stampOf } from './load-file.ts'

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'identity-'))
  const path = (name: string) => join(folder, name)
  return { path, identities: new Identities(path('state')) }
}

test('a notebook keeps its id when its file is renamed', async () => {
  const { path, identities } = world()
  writeFileSync(path('a.ipynb'), '{}')
  const stamp = await stampOf(path('a.ipynb'))
  const id = await identities.of(path('a.ipynb'), stamp)
  await identities.remember(id, path('a.ipynb'), stamp)
  renameSync(path('a.ipynb'), path('b.ipynb'))
  expect(await identities.of(path('b.ipynb'), await stampOf(path('b.ipynb')))).toBe(id)
})

test('a new file on the inode of a deleted one is another notebook', async () => {
  const { path, identities } = world()
  writeFileSync(path('a.ipynb'), '{}')
  const stamp = (await stampOf(path('a.ipynb'))) ?? expect.fail('no stamp')
  const id = await identities.of(path('a.ipynb'), stamp)
  await identities.remember(id, path('a.ipynb'), stamp)
  rmSync(path('a.ipynb'))
  // What the file system may do at once: the same number, born later.
  const reused = { ...stamp, birthNs: stamp.birthNs + 1_000_000n }
  expect(await identities.of(path('new.ipynb'), reused)).not.toBe(id)
})
