import { mkdir, mkdtemp, readFile, readlink, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProblemError } from '../contract/problem.ts'
import { loadFile } from './load-file.ts'
import { OpenNotebooks } from './open-notebooks.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'updraft-load-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const cell = (id: string, source: string): string =>
  `  {"cell_type": "code", "execution_count": null, "id": "${id}", "metadata": {}, "outputs": [], "source": [${JSON.stringify(source)}]}`
const notebook = (...cells: string[]): string =>
  `{\n "cells": [\n${cells.join(',\n')}\n ],\n "metadata": {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}},\n "nbformat": 4,\n "nbformat_minor": 5\n}\n`
const GOOD = notebook(cell('a', 'one'), cell('b', 'two'))

let files = 0
/** How a file opens: its sources and remarks, or the letter that says why it does not. */
async function opened(content: string | Buffer): Promise<unknown> {
  const path = join(folder, `${++files}.ipynb`)
  await writeFile(path, content)
  const shown = await shownOf(path)
  expect((await readFile(path)).equals(Buffer.from(content)), 'the file is left alone').toBe(true)
  return shown
}
async function shownOf(path: string): Promise<unknown> {
  const name = new RegExp(`${path.replaceAll('.', '\\.')}|\\b${files}( \\(\\w+\\))?\\.ipynb`, 'g')
  const plain = (text: string | undefined): string | undefined =>
    text?.replace(name, (_m, kind: string | undefined) => `x${kind ?? ''}.ipynb`)
  try {
    const { read, remarks } = await loadFile(path, 'notebook:test')
    return {
      cells: [...read.raw.cells.values()].map((c) => `${c.cell.kind}: ${c.cell.source}`),
      remarks: remarks.map((r) => plain(`${r.message} ${r.hint ?? ''}`)),
    }
  } catch (error) {
    const { problem } = error as ProblemError
    if (problem === undefined) throw error
    return plain(`${problem.code}: ${problem.message} ${problem.hint}`)
  }
}

describe('a file that is no notebook of today', () => {
  it('that is empty, or no notebook at all, is explained', async () => {
    expect([
      await opened(''),
      await opened(' \n'),
      await opened('hello'),
      await opened('[]'),
      await opened('{"a": 1}'),
      await opened('null'),
      await opened(Buffer.alloc(4000)),
    ]).toMatchInlineSnapshot(`
      [
        "invalid: x.ipynb is not a notebook that can be read: The file is empty (line 1, column 1, byte 0). The file is empty and was not touched; a new notebook can be made in its folder.",
        "invalid: x.ipynb is not a notebook that can be read: The file is empty (line 1, column 1, byte 0). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
        "invalid: x.ipynb is not a notebook that can be read: An object ({…}) is missing (line 1, column 1, byte 0). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
        "invalid: x.ipynb is not a notebook that can be read: An object ({…}) is missing (line 1, column 1, byte 0). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
        "invalid: x.ipynb is not a notebook that can be read: The list of cells is missing (line 1, column 8, byte 7). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
        "invalid: x.ipynb is not a notebook that can be read: An object ({…}) is missing (line 1, column 1, byte 0). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
        "invalid: x.ipynb is not a notebook that can be read: An object ({…}) is missing (line 1, column 1, byte 0). The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.",
      ]
    `)
  })

  it('that is cut off opens as a repaired copy with every cell that can be read', async () => {
    expect(await opened(GOOD.slice(0, GOOD.indexOf('"two"') + 3))).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: one",
          "code: tw",
        ],
        "remarks": [
          "x.ipynb is damaged: The file ends inside a string (line 4, column 106, byte 230). 2 cells were saved from it. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
    expect(await opened(GOOD.slice(0, GOOD.indexOf('"metadata": {"kernelspec"')))).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: one",
          "code: two",
        ],
        "remarks": [
          "x.ipynb is damaged: The file ends where a name in quotes is expected (line 6, column 2, byte 240). 2 cells were saved from it. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('with a broken cell in the middle keeps the cells round it', async () => {
    expect(
      await opened(
        notebook(cell('a', 'one'), '  {"cell_type": "code", "source": ["kept\\n", "also"], "outputs": [}', cell('c', 'three')),
      ),
    ).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: one",
          "code: kept
      also",
          "code: three",
        ],
        "remarks": [
          "x.ipynb is damaged: "}" stands where a value is expected (line 4, column 67, byte 191). 3 cells were saved from it. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('with bytes that are no UTF-8, or in UTF-16, opens as a repaired copy', async () => {
    expect(
      await opened(
        Buffer.concat([
          Buffer.from(GOOD.slice(0, GOOD.indexOf('one'))),
          Buffer.from([0xff]),
          Buffer.from(GOOD.slice(GOOD.indexOf('one'))),
        ]),
      ),
    ).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: �one",
          "code: two",
        ],
        "remarks": [
          "x.ipynb: byte 0xff in line 3, column 104 (byte 117) is not UTF-8; such bytes are shown as �. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
    expect(await opened(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(GOOD, 'utf16le')]))).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: one",
          "code: two",
        ],
        "remarks": [
          "x.ipynb: the file is UTF-16; notebooks are UTF-8. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('with the marks of a merge conflict shows both versions', async () => {
    const conflict = notebook(
      cell('a', 'same'),
      `<<<<<<< HEAD\n${cell('b', 'ours')}\n=======\n${cell('b', 'theirs')}\n>>>>>>> branch`,
    ).replace('}\n ],', '}\n ],')
    expect(await opened(conflict)).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: same",
          "code: ours",
          "code: theirs",
        ],
        "remarks": [
          "x.ipynb holds the marks of a merge conflict (line 4). Both versions are shown: cells that differ stand one behind the other. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('of nbformat 3 opens as a converted copy', async () => {
    const old = {
      metadata: { name: 'old' },
      nbformat: 3,
      nbformat_minor: 0,
      worksheets: [
        {
          cells: [
            { cell_type: 'heading', level: 2, source: ['Title'] },
            {
              cell_type: 'code',
              input: ['1+1'],
              language: 'python',
              collapsed: false,
              prompt_number: 3,
              outputs: [
                { output_type: 'pyout', prompt_number: 3, text: ['2'] },
                { output_type: 'stream', stream: 'stderr', text: 'x' },
                { output_type: 'pyerr', ename: 'E', evalue: 'v', traceback: ['t'] },
              ],
            },
          ],
          metadata: {},
        },
      ],
    }
    expect(await opened(JSON.stringify(old))).toMatchInlineSnapshot(`
      {
        "cells": [
          "markdown: ## Title",
          "code: 1+1",
        ],
        "remarks": [
          "x.ipynb was written as nbformat 3 and has been converted to nbformat 4.5. x.ipynb is left as it is; this copy is saved as x (converted).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('with ids that stand twice, NaN or a lone surrogate opens as it is', async () => {
    expect(await opened(notebook(cell('a', 'one'), cell('a', 'two')))).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: one",
          "code: two",
        ],
        "remarks": [
          "x.ipynb has several cells with the same id (a). Updraft tells them apart; a cell gets its own id in the file when you change it.",
        ],
      }
    `)
    expect(await opened(GOOD.replace('"metadata": {}', '"metadata": {"loss": NaN, "s": "\\ud83d"}'))).toEqual({
      cells: ['code: one', 'code: two'],
      remarks: [],
    })
  })

  it('that is nested without end is explained, not a crash', async () => {
    const deep = notebook(
      `  {"cell_type": "code", "id": "a", "source": [], "metadata": {"x": ${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
      cell('b', 'two'),
    )
    expect(await opened(deep)).toMatchInlineSnapshot(`
      {
        "cells": [
          "code: two",
        ],
        "remarks": [
          "x.ipynb is damaged: Values are nested more than 2000 deep (line 3, column 2065, byte 2078). 1 cell was saved from it. x.ipynb is left as it is; this copy is saved as x (repaired).ipynb when you change or save it.",
        ],
      }
    `)
  })

  it('of 2 GB is refused with its size and the limit, without being read', async () => {
    const path = join(folder, `${++files}.ipynb`)
    await writeFile(path, '')
    await truncate(path, 2 * 1024 ** 3)
    expect(await shownOf(path)).toMatchInlineSnapshot(
      `"full: x.ipynb is 2 GB; Updraft opens notebooks up to 1 GB. The file was not touched. Nearly all of such a file is outputs: \`jupyter nbconvert --clear-output --to notebook\` makes a copy without them."`,
    )
    await rm(path)
  })

  it('that is a folder, or not there, or a pipe, is said', async () => {
    await mkdir(join(folder, 'dir.ipynb'))
    await symlink('loop.ipynb', join(folder, 'loop.ipynb'))
    const all = [
      await shownOf(join(folder, 'dir.ipynb')),
      await shownOf(join(folder, 'none.ipynb')),
      await shownOf(join(folder, 'loop.ipynb')),
      await shownOf('/dev/null'),
    ]
    expect(JSON.parse(JSON.stringify(all).replaceAll(folder, ''))).toMatchInlineSnapshot(`
      [
        "invalid: x.ipynb is a folder, not a notebook. Open a file inside it.",
        "missing: x.ipynb does not exist. Look for it in the file tree.",
        "invalid: x.ipynb is a symbolic link that leads back to itself. undefined",
        "invalid: x.ipynb is not a regular file. undefined",
      ]
    `)
  })
})

describe('a symbolic link', () => {
  it('is written through, and stays a link; the mode of the file stays too', async () => {
    const { chmod, stat } = await import('node:fs/promises')
    const real = join(folder, 'real.ipynb')
    const alias = join(folder, 'alias.ipynb')
    await writeFile(real, GOOD)
    await chmod(real, 0o640)
    await symlink('real.ipynb', alias)
    const notebooks = new OpenNotebooks({
      folder: join(folder, 'state'),
      store: { blob: async () => undefined, log: async () => undefined },
      workspace: () => folder,
      home: folder,
      trusted: async () => true,
      log: (e) => expect.fail(String(e)),
    })
    const open = await notebooks.open('alias.ipynb')
    expect(await notebooks.open('real.ipynb')).toBe(open)
    open.document.apply([{ op: 'edit-source', cell: 'a', version: 0, edit: [{ at: 0, delete: 3, insert: 'ONE' }] }])
    await open.save()
    await notebooks.close()
    expect(await readFile(real, 'utf8')).toBe(GOOD.replace('one', 'ONE'))
    expect(await readlink(alias)).toBe('real.ipynb')
    expect((await stat(real)).mode & 0o777).toBe(0o640)
  })
})
