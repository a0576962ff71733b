import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OpenNotebooks } from './open-notebooks.ts'

const FILE = `{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": null,
   "id": "aa",
   "metadata": {},
   "outputs": [],
   "source": [
    "print(1)"
   ]
  },
  {
   "cell_type": "markdown",
   "id": "bb",
   "metadata": {},
   "source": [
    "# Title"
   ]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
`

let folder: string
let houses: OpenNotebooks[]
const errors: unknown[] = []
const house = (): OpenNotebooks => {
  const made = new OpenNotebooks({
    folder: join(folder, 'state', 'notebooks'),
    store: { blob: async () => undefined, log: async () => undefined },
    workspace: () => folder,
    home: folder,
    trusted: async () => true,
    log: (error) => errors.push(error),
  })
  houses.push(made)
  return made
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'updraft-notebook-'))
  houses = []
  errors.length = 0
})
afterEach(async () => {
  for (const h of houses) await h.close()
  await rm(folder, { recursive: true, force: true })
  expect(errors).toEqual([])
})
const soon = { timeout: 5000, interval: 20 }

describe('an open notebook', () => {
  it('saves an edit by itself, and nothing else in the file changes', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const open = await house().open('a.ipynb')
    const versions = open.document.apply([
      { op: 'edit-source', cell: 'aa', version: 0, edit: [{ at: 6, delete: 1, insert: '2' }] },
    ])
    expect(versions).toEqual({ aa: 1 })
    expect(open.state.save.state).toBe('dirty')
    await vi.waitFor(async () => expect(await readFile(path, 'utf8')).toBe(FILE.replace('print(1)', 'print(2)')), soon)
    await vi.waitFor(() => expect(open.state.save.state).toBe('saved'), soon)
    open.document.undo()
    await open.save()
    expect(await readFile(path, 'utf8')).toBe(FILE)
  })

  it('is opened once for all who ask, by any name of the file', async () => {
    await writeFile(join(folder, 'a.ipynb'), FILE)
    const notebooks = house()
    const [one, two] = await Promise.all([notebooks.open('a.ipynb'), notebooks.open(join(folder, 'a.ipynb'))])
    expect(one).toBe(two)
    expect(await notebooks.get(one.id)).toBe(one)
  })

  it('has what was typed before the engine was killed, and its undo step', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const killed = await house().open('a.ipynb')
    killed.document.apply([{ op: 'edit-source', cell: 'aa', version: 0, edit: [{ at: 0, delete: 0, insert: 'x = 1\n' }] }])
    killed.document.change([], { place: { offset: 7 } })
    await killed.document.journaled()
    // Nothing of the first engine is used from here on: it is as if it had been killed.
    const state = killed.state
    const next = await house().open('a.ipynb')
    expect(next.id).toBe(killed.id)
    expect(next.state.cells).toEqual(state.cells)
    expect(next.document.note('place')).toEqual({ offset: 7 })
    expect(next.state.undo).toEqual({ undo: 'Typing' })
    next.document.undo()
    expect(next.state.cells['aa']?.source).toBe('print(1)')
  })

  it('takes a change on disk in, beside an edit here', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const open = await house().open('a.ipynb')
    open.document.apply([{ op: 'edit-source', cell: 'aa', version: 0, edit: [{ at: 0, delete: 0, insert: 'x' }] }])
    await writeFile(path, FILE.replace('# Title', '# Other'))
    await vi.waitFor(() => expect(open.state.cells['bb']?.source).toBe('# Other'), soon)
    await open.save()
    expect(await readFile(path, 'utf8')).toBe(FILE.replace('# Title', '# Other').replace('print(1)', 'xprint(1)'))
  })

  it('keeps both versions when the same line was changed here and on disk', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const open = await house().open('a.ipynb')
    open.document.apply([{ op: 'edit-source', cell: 'aa', version: 0, edit: [{ at: 6, delete: 1, insert: '2' }] }])
    await writeFile(path, FILE.replace('print(1)', 'print(3)'))
    await vi.waitFor(() => expect(open.state.order).toEqual(['aa', 'aa-theirs', 'bb']), soon)
    expect(open.state.order.map((id) => open.state.cells[id]?.source)).toEqual(['print(2)', 'print(3)', '# Title'])
    expect(open.state.remarks.map((r) => r.message)).toEqual([
      'The same lines of a cell were changed here and on disk. Your version stays; the other one stands below it.',
    ])
  })

  it('says that its file was deleted, keeps everything, and writes it again when asked', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const open = await house().open('a.ipynb')
    await rm(path)
    await vi.waitFor(() => expect(open.state.remarks.map((r) => r.code)).toEqual(['missing']), soon)
    await open.save()
    expect(await readFile(path, 'utf8')).toBe(FILE)
  })

  it('leaves a file alone that somebody else made unreadable', async () => {
    const path = join(folder, 'a.ipynb')
    await writeFile(path, FILE)
    const open = await house().open('a.ipynb')
    const conflict = FILE.replace('    "print(1)"', '<<<<<<< HEAD\n    "print(1)"\n=======\n    "print(2)"\n>>>>>>> other')
    await writeFile(path, conflict)
    await vi.waitFor(() => expect(open.state.save.state).toBe('failed'), soon)
    open.document.apply([{ op: 'edit-source', cell: 'bb', version: 0, edit: [{ at: 0, delete: 0, insert: '#' }] }])
    await open.close()
    expect(await readFile(path, 'utf8')).toBe(conflict)
  })

  it('shows a damaged file as a copy under another name and never touches the file', async () => {
    const path = join(folder, 'a.ipynb')
    const cut = FILE.slice(0, FILE.indexOf('"# Title"') + 4)
    await writeFile(path, cut)
    const open = await house().open('a.ipynb')
    expect(open.state.title).toBe('a (repaired).ipynb')
    expect(open.state.order.map((id) => open.state.cells[id]?.source)).toEqual(['print(1)', '# T'])
    expect(open.state.remarks).toMatchInlineSnapshot(`
      [
        {
          "code": "invalid",
          "hint": "a.ipynb is left as it is; this copy is saved as a (repaired).ipynb when you change or save it.",
          "message": "a.ipynb is damaged: The file ends inside a string (line 18, column 9, byte 251). 2 cells were saved from it.",
          "where": "notebook:a.ipynb",
        },
      ]
    `)
    open.document.apply([{ op: 'delete-cell', cell: open.state.order[1] ?? '' }])
    await open.save()
    expect(await readFile(path, 'utf8')).toBe(cut)
    expect(JSON.parse(await readFile(join(folder, 'a (repaired).ipynb'), 'utf8')).cells).toHaveLength(1)
  })
})
