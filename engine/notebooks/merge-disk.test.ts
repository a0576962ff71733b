import { describe, expect, it } from 'vitest'
import type { Cell, NotebookState } from '../contract/topics/notebook.ts'
import { NotebookDocument } from './document.ts'
import { type ReadNotebook, readIpynb } from './ipynb/ipynb-read.ts'
import { mergeFromDisk } from './merge-disk.ts'
import { mergeText } from './merge-text.ts'

type Plain = { id?: string; source: string; outputs?: unknown[] }
const file = (cells: readonly Plain[]): Buffer =>
  Buffer.from(
    `${JSON.stringify({ cells: cells.map((c) => ({ cell_type: 'code', execution_count: null, ...(c.id === undefined ? {} : { id: c.id }), metadata: {}, outputs: c.outputs ?? [], source: c.source })), metadata: {}, nbformat: 4, nbformat_minor: cells.some((c) => c.id === undefined) ? 4 : 5 }, null, 1)}\n`,
  )

function opened(bytes: Buffer): { document: NotebookDocument; read: ReadNotebook } {
  const read = readIpynb(bytes, 'n')
  const state: NotebookState = {
    id: 'n',
    path: '/n.ipynb',
    title: 'n.ipynb',
    format: read.format,
    metadata: read.metadata,
    trusted: true,
    order: read.order,
    cells: Object.fromEntries([...read.raw.cells].map(([id, c]) => [id, c.cell])),
    kernel: { state: 'none', name: '', place: { id: 'local', title: '' } },
    queue: [],
    save: { state: 'saved' },
    undo: {},
    remarks: [],
    away: [],
  }
  return { document: new NotebookDocument(state, { epoch: 'e' }), read }
}
const sources = (document: NotebookDocument): string[] => document.state.order.map((id) => document.state.cells[id]?.source ?? '')
const type = (document: NotebookDocument, id: string, text: string): void => {
  const { version, source } = document.state.cells[id] as Cell
  document.apply([{ op: 'edit-source', cell: id, version, edit: [{ at: source.length, delete: 0, insert: text }] }])
}

/** Merges and folds; answers what the user is told. */
function merge(document: NotebookDocument, read: ReadNotebook, theirs: Buffer): string[] {
  const merged = mergeFromDisk(document.state, read.raw, theirs, 'm')
  document.merge(merged.changes, 'Change on disk')
  // What the journal would fold on their file gives the same notebook.
  const again = opened(theirs).document
  const idsOf = mergeFromDisk(document.state, read.raw, theirs, 'm').raw
  const base = new NotebookDocument(
    {
      ...again.state,
      order: [...idsOf.cells.keys()],
      cells: Object.fromEntries([...idsOf.cells].map(([id, c]) => [id, c.cell])),
    },
    { epoch: 'f' },
  )
  base.merge(merged.unsaved, 'x')
  expect(sources(base)).toEqual(sources(document))
  return merged.remarks.map((r) => r.message)
}

describe('a change on disk', () => {
  it('comes in beside ours: edits, new cells, deletions and moves', () => {
    const { document, read } = opened(
      file([
        { id: 'a', source: 'one' },
        { id: 'b', source: 'two' },
        { id: 'c', source: 'three' },
        { id: 'd', source: 'four' },
      ]),
    )
    type(document, 'a', '!')
    document.apply([{ op: 'insert-cell', after: 'b', cell: { id: 'mine', kind: 'code', source: 'mine' } }])
    const told = merge(
      document,
      read,
      file([
        { id: 'd', source: 'four' },
        { id: 'a', source: 'one' },
        { id: 'theirs', source: 'theirs' },
        { id: 'b', source: 'two?' },
      ]),
    )
    expect(sources(document)).toEqual(['four', 'one!', 'theirs', 'two?', 'mine'])
    expect(told).toEqual([])
    document.undo()
    expect(sources(document)).toEqual(['one!', 'two', 'mine', 'three', 'four'])
  })

  it('finds cells by content where there are no ids, also edited ones', () => {
    const { document, read } = opened(file([{ source: 'one' }, { source: 'two' }, { source: 'three' }]))
    type(document, document.state.order[0] ?? '', '!')
    merge(document, read, file([{ source: 'zero' }, { source: 'one' }, { source: 'two, edited' }, { source: 'three' }]))
    expect(sources(document)).toEqual(['zero', 'one!', 'two, edited', 'three'])
    expect(document.state.order).toEqual(expect.arrayContaining([...read.order]))
  })

  it('never loses a cell that one side changed and the other deleted, and says so', () => {
    const { document, read } = opened(
      file([
        { id: 'a', source: 'one' },
        { id: 'b', source: 'two' },
      ]),
    )
    type(document, 'a', '!')
    document.apply([{ op: 'delete-cell', cell: 'b' }])
    const told = merge(document, read, file([{ id: 'b', source: 'two?' }]))
    expect(sources(document).sort()).toEqual(['one!', 'two?'])
    expect(told).toEqual([
      'A cell that you deleted was changed on disk; it is back.',
      'A cell that you changed was deleted on disk; yours is kept.',
    ])
  })

  it('takes outputs of the side that ran the cell', () => {
    const out = (text: string): unknown[] => [{ name: 'stdout', output_type: 'stream', text: [text] }]
    const { document, read } = opened(
      file([
        { id: 'a', source: 'x', outputs: out('old') },
        { id: 'b', source: 'y', outputs: out('same') },
      ]),
    )
    const kept = document.state.cells['b']?.outputs[0]
    merge(
      document,
      read,
      file([
        { id: 'a', source: 'x', outputs: out('new') },
        { id: 'b', source: 'y!', outputs: out('same') },
      ]),
    )
    expect(document.state.cells['a']?.outputs).toMatchObject([{ content: { text: 'new' } }])
    expect(document.state.cells['b']?.outputs[0]).toBe(kept)
  })

  it('keeps every text that either side typed (seeds 1…300)', () => {
    for (let seed = 1; seed <= 300; seed++) {
      let a = seed
      const random = (below: number): number => {
        a = (Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
        return a % below
      }
      const ids = seed % 3 > 0
      const cells = Array.from({ length: 1 + random(6) }, (_, i) => ({
        ...(ids ? { id: `c${i}` } : {}),
        source: `cell ${i}\nline\nend ${i}`,
      }))
      const { document, read } = opened(file(cells))
      const typed: string[] = []
      const theirs = cells.map((c) => ({ ...c }))
      for (let n = random(5); n >= 0; n--) {
        const mine = document.state.order[random(document.state.order.length)] ?? ''
        type(document, mine, `\nmine ${n}`)
        typed.push(`mine ${n}`)
        const other = theirs[random(theirs.length)]
        if (other !== undefined) other.source = `their ${n}\n${other.source}`
        typed.push(`their ${n}`)
        if (random(3) === 0) theirs.splice(random(theirs.length), 0, { ...(ids ? { id: `t${n}` } : {}), source: `fresh ${n}` })
        if (random(4) === 0) theirs.reverse()
      }
      merge(document, read, file(theirs))
      const all = sources(document).join('\n')
      for (const text of typed) expect(all, `seed ${seed}`).toContain(text)
      expect(new Set(document.state.order).size, `seed ${seed}`).toBe(document.state.order.length)
    }
  })
})

describe('three versions of a text', () => {
  it('are merged by lines, or not at all', () => {
    expect(mergeText('a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n')).toBe('A\nb\nC\n')
    expect(mergeText('a\nb\n', 'a\nb\nmine\n', 'a\nb\n')).toBe('a\nb\nmine\n')
    expect(mergeText('a\n', 'x\n', 'x\n')).toBe('x\n')
    expect(mergeText('a\n', 'x\n', 'y\n')).toBeUndefined()
  })
})
