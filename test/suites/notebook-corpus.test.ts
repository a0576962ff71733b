// Every notebook of a corpus, opened and closed: the same bytes. One cell changed: `git diff` touches that cell only. What is written is
// valid nbformat wherever the file was. The corpus: nbformat's own test notebooks of all versions, our examples, and hard ones made by hand.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { JsonScan } from '../../engine/notebooks/ipynb/json-scan.ts'
import type { OpenNotebook } from '../../engine/notebooks/open-notebook.ts'
import { OpenNotebooks } from '../../engine/notebooks/open-notebooks.ts'
import { nbformatNotebooks } from '../worlds/nbformat-notebooks.ts'
import { basePython, need, tierPython } from '../worlds/python.ts'

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const notebooksIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((n) => n.endsWith('.ipynb'))
        .sort()
        .map((n) => join(folder, n))
    : []

const folder = mkdtempSync(join(tmpdir(), 'updraft-corpus-'))
const state = mkdtempSync(join(tmpdir(), 'updraft-corpus-state-'))
afterAll(() => {
  for (const made of [folder, state]) rmSync(made, { recursive: true, force: true })
})
const errors: unknown[] = []
const house = (): OpenNotebooks =>
  new OpenNotebooks({
    folder: state,
    store: { blob: async () => undefined, log: async () => undefined },
    workspace: () => folder,
    home: folder,
    trusted: async () => false,
    log: (error) => errors.push(error),
  })

let copies = 0
const copyOf = (path: string): string => {
  const copy = join(folder, `${++copies}-${basename(path)}`)
  copyFileSync(path, copy)
  return copy
}

/** [start, end) of each cell in the bytes of a notebook of nbformat 4. */
function cellRanges(file: Buffer): { start: number; end: number }[] {
  const begin = file[0] === 0xef ? 3 : 0
  const cells = new JsonScan(file).object(begin).members.find((m) => m.key === 'cells')
  return cells === undefined ? [] : new JsonScan(file).array(cells.start).elements
}

/** Lines of the old file that real `git diff` shows as changed or as neighbours of an insertion. */
function changedLines(before: string, after: string): number[] {
  const diff = spawnSync('git', ['diff', '--no-index', '-U0', '--no-color', '--', before, after], { encoding: 'utf8' }).stdout
  return [...diff.matchAll(/^@@ -(\d+)(?:,(\d+))? /gm)].flatMap(([, from, count]) =>
    Array.from({ length: Number(count ?? 1) || 1 }, (_, i) => Number(from) + i),
  )
}
const lineOf = (file: Buffer, offset: number): number => file.subarray(0, offset).toString('latin1').split('\n').length

async function openedAndClosed(path: string): Promise<void> {
  const copy = copyOf(path)
  const before = readFileSync(copy)
  const around = readdirSync(folder).sort()
  const notebooks = house()
  const open = await notebooks.open(copy).catch((error: unknown) => error)
  await notebooks.close()
  if (open instanceof Error) expect(open, basename(path)).toHaveProperty('problem.message')
  expect(readFileSync(copy).equals(before), `${basename(path)} is byte-identical`).toBe(true)
  expect(readdirSync(folder).sort(), `nothing appears beside ${basename(path)}`).toEqual(around)
}

/** Types into one cell, saves, and answers where the notebook then is. */
async function oneCellChanged(
  path: string,
  index: number,
): Promise<{ before: Buffer; after: Buffer; saved: string; open: OpenNotebook } | undefined> {
  const copy = copyOf(path)
  const before = readFileSync(copy)
  const notebooks = house()
  const open = await notebooks.open(copy)
  const id = open.state.order[index]
  if (id === undefined) return undefined
  const { source, version } = open.state.cells[id] ?? { source: '', version: 0 }
  open.document.apply([
    { op: 'edit-source', cell: id, version, edit: [{ at: source.length, delete: 0, insert: '\n# changed: é' }] },
  ])
  await open.save()
  const { path: saved } = open
  await notebooks.close()
  return { before, after: readFileSync(saved), saved, open }
}

async function changesItsCellOnly(path: string): Promise<string[]> {
  const written: string[] = []
  const cells = (await house().open(copyOf(path))).state.order.length
  for (let i = 0; i < Math.min(cells, 12); i++) {
    const done = await oneCellChanged(path, i)
    if (done === undefined) continue
    written.push(done.saved)
    // A converted or repaired notebook is another file; the original is checked to be untouched by whoever asks.
    if (done.open.state.remarks.some((r) => r.hint?.includes('is left as it is'))) continue
    const name = `${basename(path)}, cell ${i}`
    const range = cellRanges(done.before)[i] as { start: number; end: number }
    const tail = done.before.length - range.end
    expect(done.after.subarray(0, range.start).equals(done.before.subarray(0, range.start)), `${name}: what is before it`).toBe(
      true,
    )
    expect(
      done.after.subarray(done.after.length - tail).equals(done.before.subarray(range.end)),
      `${name}: what is behind it`,
    ).toBe(true)
    const [from, to] = [lineOf(done.before, range.start), lineOf(done.before, range.end)]
    const lines = changedLines(copyOf(path), done.saved)
    expect(lines.length, `${name}: git sees a change`).toBeGreaterThan(0)
    for (const line of lines)
      expect(line >= from && line <= to, `${name}: git diff touches line ${line}, the cell is lines ${from} to ${to}`).toBe(true)
  }
  return written
}

/** Valid, or the reason; `original` counts when it was not valid itself (then what we write need not be either). */
function validity(python: string, paths: readonly string[]): Map<string, string> {
  const script = `
import json, sys, nbformat
for path in json.load(sys.stdin):
    try:
        nb = json.load(open(path, encoding="utf-8-sig"))
        nbformat.validate(nb, version=nb["nbformat"], version_minor=nb.get("nbformat_minor", 0))
        print(json.dumps([path, "valid"]))
    except Exception as e:
        print(json.dumps([path, type(e).__name__ + ": " + str(e)[:300]]))
`
  const done = spawnSync(python, ['-W', 'ignore', '-c', script], {
    input: JSON.stringify(paths),
    encoding: 'utf8',
    timeout: 60_000,
  })
  return new Map(
    done.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as [string, string]),
  )
}

describe('notebooks made by hand, and our examples', () => {
  const corpus = [...notebooksIn(at('../fixtures/notebooks')), ...notebooksIn(at('../../examples'))]

  it('come out of opening and closing byte by byte', async () => {
    expect(corpus.length).toBeGreaterThan(14)
    for (const path of corpus) await openedAndClosed(path)
    expect(errors).toEqual([])
  })

  it('change in the lines of the changed cell only, and stay valid', async (context) => {
    const written = new Map<string, string[]>()
    for (const path of corpus) written.set(path, await changesItsCellOnly(path))
    const python = need(
      context,
      hasNbformat(tierPython('nbformat') ?? basePython()),
      'the nbformat tier',
      './updraft.mjs python nbformat',
    )
    expectValid(python, written)
  })
})

describe('the notebooks of nbformat', () => {
  it('come out of opening and closing byte by byte', async (context) => {
    const paths = need(context, corpusOf(), 'the source archive of nbformat', 'a network for pip')
    expect(paths.length).toBeGreaterThan(15)
    for (const path of paths) await openedAndClosed(path)
    expect(errors).toEqual([])
  })

  it('change in the lines of the changed cell only; older formats become a valid copy', async (context) => {
    const paths = need(context, corpusOf(), 'the source archive of nbformat', 'a network for pip')
    const python = need(
      context,
      hasNbformat(tierPython('nbformat') ?? basePython()),
      'the nbformat tier',
      './updraft.mjs python nbformat',
    )
    const written = new Map<string, string[]>()
    for (const path of paths) {
      const opens = await house()
        .open(copyOf(path))
        .then(
          () => true,
          () => false,
        )
      if (opens) written.set(path, await changesItsCellOnly(path))
    }
    expect(written.size).toBeGreaterThan(14)
    expectValid(python, written)
  })
})

function corpusOf(): string[] | undefined {
  const found = nbformatNotebooks(basePython())
  return 'paths' in found ? found.paths : undefined
}

const hasNbformat = (python: string): string | undefined =>
  spawnSync(python, ['-c', 'import nbformat'], { timeout: 30_000 }).status === 0 ? python : undefined

function expectValid(python: string, written: ReadonlyMap<string, readonly string[]>): void {
  const verdicts = validity(python, [...written.keys(), ...[...written.values()].flat()])
  for (const [original, files] of written) {
    const converted = /"nbformat":\s*[123]\b/.test(readFileSync(original, 'utf8'))
    for (const file of files) {
      if (converted || verdicts.get(original) === 'valid')
        expect(verdicts.get(file), `${basename(file)} (from ${basename(original)})`).toBe('valid')
    }
  }
}
