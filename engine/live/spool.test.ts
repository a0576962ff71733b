// The spool against a plain model: whatever is appended in whatever pieces is read back by line, found, cut, and counted again after a reopen.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { LINE_SHOWN_BYTES, LineFile } from './line-file.ts'
import { Spool } from './spool.ts'
import { SpoolStore } from './spool-store.ts'

const folders: string[] = []
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'spool-'))
  folders.push(made)
  return made
}
afterEach(async () => {
  for (const made of folders.splice(0)) await rm(made, { recursive: true, force: true })
})

const random = (seed: number) => () => {
  seed = (Math.imul(seed ^ (seed >>> 15), 2246822519) + 0x9e3779b9) | 0
  return ((seed ^ (seed >>> 13)) >>> 0) / 4294967296
}
const modelLines = (text: string) => (text === '' ? [] : (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n'))

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`what was appended in pieces is read back line by line, cut and reopened (seed ${seed})`, async () => {
    const next = random(seed)
    const file = join(folder(), 'a.log')
    let spool = await Spool.open({ file, title: 'a' })
    let model = ''
    for (let step = 0; step < 120; step++) {
      const dice = next()
      if (dice < 0.75) {
        const piece = Array.from(
          { length: Math.floor(next() * 40) },
          () => `${'xé🙂 '.repeat(Math.floor(next() * 200))}${Math.floor(next() * 1e6)}${next() < 0.9 ? '\n' : ''}`,
        ).join('')
        model += piece
        void spool.append(Buffer.from(piece))
      } else if (dice < 0.85) {
        await spool.close()
        spool = await Spool.open({ file, title: 'a' })
      } else if (dice < 0.92) {
        const lines = modelLines(model)
        model = lines.slice(0, Math.floor(next() * lines.length)).join('\n')
        await spool.truncate(Buffer.byteLength(model))
      }
      const [a, b] = [next(), next()].map((x) => Math.floor(x * Buffer.byteLength(model))).sort((x, y) => x - y) as [
        number,
        number,
      ]
      expect(Buffer.from(spool.bytesAt(a, b)).equals(Buffer.from(model).subarray(a, b))).toBe(true)
      const lines = modelLines(model)
      expect([spool.lines, spool.bytes]).toEqual([lines.length, Buffer.byteLength(model)])
      const from = Math.floor(next() * (lines.length + 2))
      const { lines: read } = await spool.read(from, 50)
      expect(read).toEqual(lines.slice(from, from + 50))
    }
    const digit = String(Math.floor(next() * 10)).repeat(2)
    const wanted = modelLines(model).flatMap((line, i) => (line.includes(digit) ? [i] : []))
    for (const query of [{ query: digit, caseSensitive: true }, { query: digit }, { query: `${digit[0]}{2}`, regex: true }]) {
      const { lines, total, until } = await spool.search({ ...query, limit: 10_000 })
      expect({ lines, total, until }).toEqual({ lines: wanted, total: wanted.length, until: modelLines(model).length })
    }
    await spool.close()
    expect(readFileSync(file, 'utf8')).toBe(model)
  })
}

test('a line that no window could show is cut and says how much is missing', async () => {
  const spool = await Spool.open({ file: join(folder(), 'a.log'), title: 'a' })
  await spool.append(Buffer.from(`first\n${'x'.repeat(LINE_SHOWN_BYTES + 5000)}\nlast`))
  const { lines, total } = await spool.read(0, 10)
  expect(total).toBe(3)
  expect(lines.map((line) => line.slice(-40))).toMatchInlineSnapshot(`
    [
      "first",
      "xxxxxxx… (5,000 more bytes in this line)",
      "last",
    ]
  `)
  await spool.close()
})

test('beyond the quota nothing is kept and the loss is counted', async () => {
  const spool = await Spool.open({ file: join(folder(), 'a.log'), title: 'a', quotaBytes: 10 })
  await spool.append(Buffer.from('12345\n78'))
  await spool.append(Buffer.from('90abc'))
  await spool.append(Buffer.from('more'))
  expect([spool.bytes, spool.lostBytes, (await spool.read(0, 9)).lines]).toEqual([10, 7, ['12345', '7890']])
  await spool.close()
})

test('an expression that never ends is stopped, and one that is wrong is refused in words', async () => {
  const spool = await Spool.open({ file: join(folder(), 'a.log'), title: 'a' })
  await spool.append(Buffer.from(`${'a'.repeat(200)}!\n`))
  await expect(spool.search({ query: '(', regex: true })).rejects.toMatchObject({ problem: { code: 'invalid' } })
  const stop = new AbortController()
  const search = spool.search({ query: '(a+)+$', regex: true }, stop.signal)
  // The engine's own thread is free meanwhile: this very line runs.
  stop.abort()
  await expect(search).rejects.toMatchObject({ problem: { code: 'cancelled' } })
  await spool.close()
})

test('a log that another program writes is followed, and read anew when it was cut', async () => {
  const file = join(folder(), 'other.log')
  writeFileSync(file, 'one\ntwo\n')
  const log = await LineFile.open(file, 'other')
  expect((await log.read(0, 9)).lines).toEqual(['one', 'two'])
  const grew = new Promise<void>((resolve) => log.listen(resolve))
  writeFileSync(file, 'three', { flag: 'a' })
  await grew
  expect((await log.read(1, 9)).lines).toEqual(['two', 'three'])
  writeFileSync(file, 'new\n')
  expect(await log.read(0, 9)).toEqual({ from: 0, lines: ['new'], total: 1, bytes: 4 })
  await log.close()
})

test('the store opens a spool once, finds an old one as ended, and removes what nobody refers to', async () => {
  const place = folder()
  const store = new SpoolStore(place)
  const [a, again] = await Promise.all([store.open('a', 'A'), store.open('a', 'A')])
  expect(again).toBe(a)
  await a.append(Buffer.from('x\n'))
  await store.closeAll()
  const later = new SpoolStore(place)
  const found = await later.find('a')
  expect([found?.ended, found?.lines]).toEqual([true, 1])
  const resumed = await later.open('a', 'A')
  await resumed.append(Buffer.from('y\n'))
  expect(resumed.lines).toBe(2)
  await later.closeAll()
  const stop = later.refersTo(() => ['a'])
  expect(await later.collect(-1)).toEqual({ removed: 0, removedBytes: 0 })
  stop()
  expect(await later.collect(-1)).toEqual({ removed: 1, removedBytes: 4 })
  await expect(later.find('../../etc/passwd')).rejects.toMatchObject({ problem: { code: 'invalid' } })
})
