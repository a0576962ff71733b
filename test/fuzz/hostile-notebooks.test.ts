// Notebooks with bytes that nobody meant: whatever is in a file, it opens, opens repaired, or is explained by a Problem; it never ends the
// engine, and what is opened can be changed and saved.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { ProblemError } from '../../engine/contract/problem.ts'
import { writeIpynb } from '../../engine/notebooks/ipynb/ipynb-write.ts'
import { loadFile } from '../../engine/notebooks/load-file.ts'

const fixtures = fileURLToPath(new URL('../fixtures/notebooks/', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'updraft-hostile-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function seeded(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  'NaN',
  '-',
  '\\u',
  '\\ud800',
  '\n',
  '\u0000',
  '"cells": 3,',
  '"source": {"a": 1}',
  '"outputs": [null, 1, "x", []]',
  '"id": 7,',
  '"cell_type": [],',
  '"metadata": "m"',
  '\ufeff',
  '<<<<<<< a\n',
  '=======\n',
  '>>>>>>> b\n',
  '1e999',
  '"__proto__": {}',
]

/** One to four wounds: bytes flipped, cut out, put in, or the end cut off. */
function wounded(file: Buffer, random: (below: number) => number): Buffer {
  let out = Buffer.from(file)
  for (let n = random(4); n >= 0; n--) {
    const at = random(out.length + 1)
    const what = random(5)
    if (what === 0) out[at] = random(256)
    else if (what === 1) out = Buffer.concat([out.subarray(0, at), out.subarray(at + random(60))])
    else if (what === 2) out = out.subarray(0, at)
    else if (what === 3)
      out = Buffer.concat([out.subarray(0, at), Buffer.from(PIECES[random(PIECES.length)] ?? ''), out.subarray(at)])
    else {
      // A whole value exchanged: valid JSON with a shape that nobody expects.
      const text = out.toString('latin1')
      const values = ['7', '[]', '{}', '"x"', 'null', '[[]]', '-Infinity']
      const swapped = text.replace(
        /("(?:source|metadata|outputs|cells|text|data|output_type|cell_type|id|nbformat|nbformat_minor|attachments|traceback)"\s*:\s*)("[^"]*"|\d+|\[\]|\{\})/,
        (m, key: string) => (random(2) ? m : key + values[random(values.length)]),
      )
      out = Buffer.from(swapped, 'latin1')
    }
  }
  return out
}

describe('a notebook with hostile bytes', () => {
  const SEEDS = 3000
  it(`is opened, repaired or explained, and can be saved (seeds 1…${SEEDS})`, async () => {
    const files = readdirSync(fixtures)
      .filter((n) => n.endsWith('.ipynb'))
      .map((n) => readFileSync(join(fixtures, n)))
    const path = join(folder, 'n.ipynb')
    const seen = { opened: 0, repaired: 0, explained: 0 }
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seeded(seed)
      const file = wounded(files[random(files.length)] as Buffer, random)
      writeFileSync(path, file)
      try {
        const { read, original, bytes } = await loadFile(path, 'notebook:x')
        seen[original === undefined ? 'opened' : 'repaired']++
        const cells = Object.fromEntries([...read.raw.cells].map(([id, c]) => [id, c.cell]))
        const store = { blob: async () => undefined, log: async () => undefined }
        const same = await writeIpynb({ order: read.order, cells, metadata: read.metadata }, read.raw, store)
        if (!Buffer.concat(same.chunks).equals(bytes)) expect.fail(`seed ${seed}: not the same bytes`)
        const changed = Object.fromEntries(
          Object.entries(cells).map(([id, c]) => [id, { ...c, source: `${c.source}\n#`, metadata: { a: 1 } }]),
        )
        const { chunks } = await writeIpynb({ order: read.order, cells: changed, metadata: { b: 2 } }, read.raw, store)
        writeFileSync(path, Buffer.concat(chunks))
        const again = await loadFile(path, 'notebook:y')
        if (again.original !== undefined)
          expect.fail(`seed ${seed}: what was saved needs repair: ${JSON.stringify(again.remarks)}`)
      } catch (error) {
        if (!(error instanceof ProblemError)) throw new Error(`seed ${seed}`, { cause: error })
        seen.explained++
      }
    }
    for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(50)
  })
})
