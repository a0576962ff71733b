import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Cell, NotebookState } from '../contract/topics/notebook.ts'
import { LineFile } from '../live/line-file.ts'
import { NotebookDocument } from './document.ts'
import { findInNotebook, replaceOps } from './find-in-notebook.ts'
import { findInTexts } from './find-text.ts'

const cell = (id: string, source: string, more: Partial<Cell> = {}): Cell => ({
  id,
  kind: 'code',
  source,
  version: 0,
  metadata: {},
  outputs: [],
  count: null,
  ...more,
})
const cells = [
  cell('a', 'loss = 1\nprint(Loss, loss2)', {
    outputs: [
      { type: 'stream', id: 's', name: 'stdout', content: { text: 'x\nloss is 0.5\n', bytes: 14, lines: 2 } },
      { type: 'error', id: 'e', name: 'ValueError', value: 'no loss', traceback: ['\u001b[31mlo\u001b[0mss'] },
      {
        type: 'stream',
        id: 'l',
        name: 'stdout',
        content: { text: '', bytes: 99, lines: 3, log: { id: 'run:l', head: '', tail: '' } },
      },
    ],
  }),
  cell('b', 'naïve C++ löss'),
]
const state: NotebookState = {
  id: 'n',
  path: '/n.ipynb',
  title: 'n',
  format: { major: 4, minor: 5, language: 'python' },
  metadata: {},
  trusted: true,
  order: ['a', 'b'],
  cells: Object.fromEntries(cells.map((c) => [c.id, c])),
  kernel: { state: 'none', name: '', place: { id: 'local', title: '' } },
  queue: [],
  save: { state: 'saved' },
  undo: {},
  remarks: [],
  away: [],
}
const never = new AbortController().signal

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'updraft-find-'))
  await writeFile(join(folder, 'log'), 'first\nepoch 1 loss 0.25\nloss and loss\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))
const openLog = async (id: string) => (id === 'run:l' ? LineFile.open(join(folder, 'log'), 'log') : undefined)
const find = async (wish: Parameters<typeof findInNotebook>[1]): Promise<string[]> => {
  const { matches, total } = await findInNotebook(state, wish, openLog, never)
  return [...matches.map((m) => `${m.cell}${m.output ?? ''} ${m.line}:${m.from}-${m.to} ${m.text}`), `${total}`]
}

describe('find in a notebook', () => {
  it('looks in sources, and in outputs when asked, also in the spooled ones', async () => {
    expect(await find({ query: 'loss' })).toEqual([
      'a 0:0-4 loss = 1',
      'a 1:15-19 print(Loss, loss2)',
      'a 1:21-25 print(Loss, loss2)',
      '3',
    ])
    expect(await find({ query: 'loss', outputs: true, caseSensitive: true, wholeWord: true })).toEqual([
      'a 0:0-4 loss = 1',
      'as 1:0-4 loss is 0.5',
      'ae 0:0-4 loss',
      'ae 1:15-19 ValueError: no loss',
      'al 1:8-12 epoch 1 loss 0.25',
      'al 2:0-4 loss and loss',
      '6',
    ])
  })

  it('takes letters of all languages for words, and signs for what they are', async () => {
    expect(await find({ query: 'na', wholeWord: true })).toEqual(['0'])
    expect(await find({ query: 'C++', wholeWord: true })).toEqual(['b 0:6-9 naïve C++ löss', '1'])
  })

  it('understands regular expressions, and says what is wrong with one', async () => {
    expect(await find({ query: 'l.ss\\d|x*', regex: true })).toEqual(['a 1:21-26 print(Loss, loss2)', '1'])
    await expect(find({ query: '(', regex: true })).rejects.toThrow(/can't be read/)
  })

  it('stops an expression that would take for ever, and goes on', async () => {
    const begun = performance.now()
    await expect(findInTexts([`${'a'.repeat(40)}!`], { query: '(a+)+$', regex: true }, never)).rejects.toThrow(/longer than 2 s/)
    expect(performance.now() - begun).toBeLessThan(8000)
    expect(await find({ query: 'C\\+', regex: true })).toHaveLength(2)
  })

  it('shows at most what was asked for and counts all', async () => {
    expect(await find({ query: 's', limit: 2 })).toEqual(['a 0:2-3 loss = 1', 'a 0:3-4 loss = 1', '8'])
  })
})

describe('replace in a notebook', () => {
  it('is one undo step over all cells', async () => {
    const document = new NotebookDocument(state, { epoch: 'e' })
    const { ops, replaced } = await replaceOps(state, { query: 'l([oö])ss', with: '$1-$&-$$', regex: true }, never)
    document.apply(ops, { title: `Replace ${replaced} matches` })
    expect(document.state.order.map((id) => document.state.cells[id]?.source)).toEqual([
      'o-loss-$ = 1\nprint(o-Loss-$, o-loss-$2)',
      'naïve C++ ö-löss-$',
    ])
    expect(document.state.undo.undo).toBe('Replace 4 matches')
    document.undo()
    expect(document.state.cells['a']?.source).toBe('loss = 1\nprint(Loss, loss2)')
  })

  it('takes a plain text as it stands', async () => {
    const { ops } = await replaceOps(state, { query: 'C++', with: '$&', cells: ['b'] }, never)
    expect(ops).toEqual([{ op: 'edit-source', cell: 'b', version: 0, edit: [{ at: 6, delete: 3, insert: '$&' }] }])
  })
})
