import { describe, expect, it } from 'vitest'
import type { Cell } from '../../contract/topics/notebook.ts'
import { type ReadNotebook, readIpynb } from './ipynb-read.ts'
import { type NotebookParts, writeIpynb } from './ipynb-write.ts'
import { detectStyle } from './json-style.ts'

const NO_STORE = { blob: async () => undefined, log: async () => undefined }

const partsOf = (read: ReadNotebook): NotebookParts => ({
  order: read.order,
  cells: Object.fromEntries([...read.raw.cells].map(([id, c]) => [id, c.cell])),
  metadata: read.metadata,
})
const edit = (parts: NotebookParts, id: string, change: Partial<Cell>): NotebookParts => ({
  ...parts,
  cells: { ...parts.cells, [id]: { ...(parts.cells[id] as Cell), ...change } },
})
async function written(file: string, change: (parts: NotebookParts, read: ReadNotebook) => NotebookParts): Promise<string> {
  const read = readIpynb(Buffer.from(file), 'test')
  const { chunks, raw } = await writeIpynb(change(partsOf(read), read), read.raw, NO_STORE)
  const out = Buffer.concat(chunks)
  // What is kept after a save is what the file holds: saved again without a change it is the same file.
  const again = await writeIpynb({ ...change(partsOf(read), read) }, raw, NO_STORE)
  expect(Buffer.concat(again.chunks).toString()).toBe(out.toString())
  return out.toString()
}

const FILE = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "aa",
   "metadata": {},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "1\\n",
      "2\\n"
     ]
    }
   ],
   "source": [
    "a = '\\u00e9'\\n",
    "print(a)"
   ]
  },
  {
   "cell_type": "markdown",
   "id": "bb",
   "metadata": {"x": NaN, "y": 1.50},
   "source": "# One string"
  }
 ],
 "metadata": {
  "zeta": 1.0,
  "alpha": {"deep": [1, 2]}
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
`

describe('an ipynb file', () => {
  it('comes back byte by byte when nothing changed', async () => {
    expect(await written(FILE, (p) => p)).toBe(FILE)
  })

  it('keeps the text of lines that stay in a changed cell', async () => {
    const out = await written(FILE, (p) => edit(p, 'aa', { source: "a = 'é'\nprint(b)" }))
    expect(out).toBe(FILE.replace('print(a)', 'print(b)'))
  })

  it('keeps an escape that the file writes otherwise elsewhere', async () => {
    const mixed = FILE.replace('# One string', '# é')
    const out = await written(mixed, (p) => edit(p, 'aa', { source: "a = 'é'\nprint('é')" }))
    expect(out).toBe(mixed.replace('print(a)', "print('é')"))
  })

  it('keeps one-string sources, and numbers that JSON would write otherwise', async () => {
    const out = await written(FILE, (p) => edit(p, 'bb', { source: '# Two\nlines', metadata: { x: null, y: 1.5, z: true } }))
    expect(out).toBe(FILE.replace('# One string', '# Two\\nlines').replace('"y": 1.50', '"y": 1.50, "z": true'))
  })

  it('puts a new cell between others, in the style of the file', async () => {
    const cell: Cell = { id: 'cc', kind: 'code', source: 'x\ny', version: 1, metadata: {}, outputs: [], count: null }
    const out = await written(FILE, (p) => ({ ...p, order: ['aa', 'cc', 'bb'], cells: { ...p.cells, cc: cell } }))
    const fresh =
      '  {\n   "cell_type": "code",\n   "execution_count": null,\n   "id": "cc",\n   "metadata": {},\n   "outputs": [],\n   "source": [\n    "x\\n",\n    "y"\n   ]\n  },\n'
    expect(out).toBe(FILE.replace('  {\n   "cell_type": "markdown"', `${fresh}  {\n   "cell_type": "markdown"`))
  })

  it('moves and deletes cells with their own bytes', async () => {
    const moved = await written(FILE, (p) => ({ ...p, order: ['bb', 'aa'] }))
    expect(JSON.parse(moved.replace('NaN', 'null')).cells.map((c: { id: string }) => c.id)).toEqual(['bb', 'aa'])
    const emptied = await written(FILE, (p) => ({ ...p, order: [] }))
    expect(JSON.parse(emptied).cells).toEqual([])
  })

  it('becomes markdown and code again without a trace', async () => {
    const code = await written(FILE, (p) => edit(p, 'bb', { kind: 'code' }))
    expect(code).toContain(
      '"cell_type": "code",\n   "execution_count": null,\n   "id": "bb",\n   "metadata": {"x": NaN, "y": 1.50},\n   "outputs": [],\n   "source": "# One string"',
    )
    const markdown = await written(FILE, (p) => edit(p, 'aa', { kind: 'markdown', outputs: [], count: null }))
    expect(JSON.parse(markdown.replace('NaN', 'null')).cells[0]).toEqual({
      cell_type: 'markdown',
      id: 'aa',
      metadata: {},
      source: ["a = 'é'\n", 'print(a)'],
    })
  })

  it('changes a deep value of its metadata and nothing round it', async () => {
    const out = await written(FILE, (p) => ({ ...p, metadata: { zeta: 1, alpha: { deep: [1, 2], new: 'x' } } }))
    expect(out).toBe(FILE.replace('"deep": [1, 2]', '"deep": [1, 2], "new": "x"'))
  })

  it('keeps a byte order mark, carriage returns, tabs and compact writing', async () => {
    for (const file of [
      `\ufeff${FILE}`,
      FILE.replaceAll('\n', '\r\n'),
      FILE.replaceAll(/^ +/gm, (s) => '\t'.repeat(s.length)),
      JSON.stringify(JSON.parse(FILE.replace('NaN', 'null'))),
    ]) {
      expect(await written(file, (p) => p)).toBe(file)
      expect(await written(file, (p) => edit(p, 'aa', { source: "a = 'é'\nprint(b)" }))).toBe(
        file.replace('print(a)', 'print(b)'),
      )
    }
  })

  it('escapes all but ASCII where the file does', () => {
    expect(detectStyle(Buffer.from('{"a": "\\u00e9"}')).ascii).toBe(true)
    expect(detectStyle(Buffer.from('{"a": "é \\u00e9"}')).ascii).toBe(false)
    expect(detectStyle(Buffer.from('{"a": "\\u001b[0m"}')).ascii).toBe(false)
  })
})
