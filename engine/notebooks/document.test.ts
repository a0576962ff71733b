import { describe, expect, it } from 'vitest'
import { applyEdit, rebaseEdit, type TextEdit } from '../contract/text-edit.ts'
import {
  type Cell,
  type NotebookChange,
  type NotebookOp,
  type NotebookState,
  reduceNotebook,
} from '../contract/topics/notebook.ts'
import type { Output } from '../contract/topics/outputs.ts'
import { type DocumentRecord, NotebookDocument } from './document.ts'

const stream = (id: string, text: string): Output => ({
  type: 'stream',
  id,
  name: 'stdout',
  content: { text, bytes: text.length, lines: 1 },
})
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
function stateOf(...cells: Cell[]): NotebookState {
  return {
    id: 'n',
    path: '/n.ipynb',
    title: 'n.ipynb',
    format: { major: 4, minor: 5, language: 'python' },
    metadata: { a: 1 },
    trusted: true,
    order: cells.map((c) => c.id),
    cells: Object.fromEntries(cells.map((c) => [c.id, c])),
    kernel: { state: 'none', name: 'Python 3', place: { id: 'local', title: 'This computer' } },
    queue: [],
    save: { state: 'saved' },
    undo: {},
    remarks: [],
    away: [],
  }
}
const first = (): NotebookState =>
  stateOf(
    cell('a', 'one', { outputs: [stream('a.0', 'x\n')], count: 3 }),
    cell('b', 'two\nlines'),
    cell('c', '# three', { kind: 'markdown' }),
  )

function documentOf(state = first()): { document: NotebookDocument; records: DocumentRecord[]; clock: { ms: number } } {
  const clock = { ms: 1_000_000 }
  const records: DocumentRecord[] = []
  const document = new NotebookDocument(state, { epoch: 'e', now: () => clock.ms })
  document.onRecord = (record) => records.push(record)
  return { document, records, clock }
}

/** What a file would hold: versions and the undo titles count nothing. */
const lasting = (state: NotebookState): unknown => ({
  order: state.order,
  metadata: state.metadata,
  cells: Object.fromEntries(Object.entries(state.cells).map(([id, { version: _v, ...rest }]) => [id, rest])),
})

function seeded(seed: number): (below: number) => number {
  let a = seed
  return (below) => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

let made = 0
function randomEdit(random: (below: number) => number, length: number): TextEdit {
  const at = random(length + 1)
  const edit = { at, delete: Math.min(random(4), length - at), insert: 'xyz\n'.slice(0, random(5)) }
  const rest = length - at - edit.delete
  if (random(3) > 0 || rest < 1) return [edit]
  return [edit, { at: at + edit.delete + random(rest), delete: 1, insert: 'Q' }]
}
function randomOps(random: (below: number) => number, state: NotebookState): NotebookOp[] {
  const someCell = (): string => state.order[random(state.order.length)] ?? 'none'
  const after = (): string | null => (random(4) === 0 ? null : someCell())
  const id = someCell()
  switch (random(9)) {
    case 0:
      return [
        {
          op: 'insert-cell',
          after: after(),
          cell: {
            id: `n${made++}`,
            kind: random(2) ? 'code' : 'markdown',
            source: 'new',
            ...(random(2) ? { outputsOf: id } : {}),
          },
        },
      ]
    case 1:
      return state.order.length > 1 ? [{ op: 'delete-cell', cell: id }] : []
    case 2:
      return [{ op: 'move-cell', cell: id, after: after() }]
    case 3:
      return [{ op: 'set-kind', cell: id, kind: (['code', 'markdown', 'raw'] as const)[random(3)] ?? 'raw' }]
    case 4:
      return [{ op: 'set-cell-metadata', cell: id, metadata: { n: random(5) } }]
    case 5:
      return [{ op: 'set-metadata', metadata: { n: random(5) } }]
    case 6:
      return [{ op: 'clear-outputs', cell: id }]
    case 7:
      // A whole gesture: several cells cut at once.
      return state.order.slice(0, random(3)).map((c) => ({ op: 'delete-cell', cell: c }))
    default: {
      const c = state.cells[id]
      return c === undefined
        ? []
        : [{ op: 'edit-source', cell: id, version: c.version, edit: randomEdit(random, c.source.length) }]
    }
  }
}

describe('the document', () => {
  it('is as before when everything is undone, and as after when everything is done again (seeds 1…400)', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const random = seeded(seed)
      const { document, clock } = documentOf()
      const states = [lasting(document.state)]
      let steps = 0
      for (let n = 0; n < 30; n++) {
        clock.ms += random(2) * 2000
        document.apply(randomOps(random, document.state))
        if (random(6) === 0 && document.undo()) document.redo()
      }
      const last = lasting(document.state)
      while (document.undo()) steps++
      expect(lasting(document.state), `seed ${seed}`).toEqual(states[0])
      for (let n = 0; n < steps; n++) document.redo()
      expect(lasting(document.state), `seed ${seed}`).toEqual(last)
      expect(document.redo()).toBe(false)
    }
  })

  it('is folded again from its records, with the same undo steps (seeds 1…200)', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed)
      const { document, records, clock } = documentOf()
      for (let n = 0; n < 30; n++) {
        clock.ms += random(2) * 2000
        const what = random(6)
        if (what === 0) document.undo()
        else if (what === 1) document.redo()
        else if (what === 2) {
          const id = document.state.order[0] ?? ''
          document.change({ type: 'output-added', cell: id, output: stream(`o${n}`, `${n}`) }, { place: { offset: n } })
        } else document.apply(randomOps(random, document.state))
      }
      const again = documentOf().document
      for (const record of JSON.parse(JSON.stringify(records)) as DocumentRecord[]) again.replay(record)
      expect(again.state, `seed ${seed}`).toEqual(document.state)
      expect(again.notes).toEqual(document.notes)
      while (document.undo()) expect(again.undo(), `seed ${seed}`).toBe(true)
      expect(again.undo()).toBe(false)
      expect(lasting(again.state), `seed ${seed}`).toEqual(lasting(document.state))
    }
  })

  it('brings two windows that type at once to the same text, whatever the delay (seeds 1…300)', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed)
      const { document } = documentOf(stateOf(cell('a', 'hello world')))
      const changes: NotebookChange[] = []
      let told = 0
      document.feed.listen(() => {
        changes.push(...(document.feed.since(told) ?? []))
        told = document.feed.rev
      })
      const windows = ['w1', 'w2'].map((name) => new TypingWindow(name, document.state))
      for (let n = 0; n < 60; n++) {
        const window = windows[random(2)] as TypingWindow
        const what = random(3)
        if (what === 0) window.type(randomEdit(random, window.text.length))
        else if (what === 1) window.send(document)
        else window.receive(changes, random(3))
      }
      while (windows.some((w) => w.behind(changes))) {
        for (const window of windows) {
          window.receive(changes, Number.POSITIVE_INFINITY)
          window.send(document)
        }
      }
      const text = document.state.cells['a']?.source
      expect(
        windows.map((w) => w.text),
        `seed ${seed}`,
      ).toEqual([text, text])
    }
  })

  it('makes one step of typing until there is a pause or another cell', () => {
    const { document, clock } = documentOf()
    const type = (id: string, text: string): void => {
      const c = document.state.cells[id] as Cell
      document.apply([
        { op: 'edit-source', cell: id, version: c.version, edit: [{ at: c.source.length, delete: 0, insert: text }] },
      ])
    }
    for (const letter of ' more') {
      type('a', letter)
      clock.ms += 200
    }
    type('b', '!')
    clock.ms += 1500
    type('b', '?')
    expect([document.undo(), document.state.cells['b']?.source]).toEqual([true, 'two\nlines!'])
    expect([document.undo(), document.state.cells['b']?.source]).toEqual([true, 'two\nlines'])
    expect([document.undo(), document.state.cells['a']?.source]).toEqual([true, 'one'])
    expect(document.undo()).toBe(false)
  })

  it('says what the next undo and redo would do', () => {
    const { document } = documentOf()
    document.apply([
      { op: 'delete-cell', cell: 'a' },
      { op: 'delete-cell', cell: 'b' },
    ])
    expect(document.state.undo).toEqual({ undo: 'Delete cells' })
    document.undo()
    expect(document.state.undo).toEqual({ redo: 'Delete cells' })
    document.apply([{ op: 'clear-outputs', cell: 'a' }], { title: 'Clear all outputs' })
    expect(document.state.undo).toEqual({ undo: 'Clear all outputs' })
  })

  it('keeps what arrives for a deleted cell, and shows it when the cell comes back', () => {
    const { document } = documentOf()
    document.apply([{ op: 'delete-cell', cell: 'a' }])
    document.change({ type: 'output-added', cell: 'a', output: stream('late', 'late\n') })
    document.apply([{ op: 'edit-source', cell: 'a', version: 0, edit: [{ at: 0, delete: 0, insert: '>' }] }])
    expect(document.state.order).toEqual(['b', 'c'])
    while (document.undo());
    expect(document.state.cells['a']?.outputs.map((o) => o.id)).toEqual(['a.0', 'late'])
    expect(document.state.order).toEqual(['a', 'b', 'c'])
  })

  it('leaves outputs of a newer run alone when a clear is undone', () => {
    const { document } = documentOf()
    document.apply([{ op: 'clear-outputs', cell: 'a' }])
    document.change({ type: 'output-added', cell: 'a', output: stream('new', 'new\n') })
    document.undo()
    expect(document.state.cells['a']?.outputs.map((o) => o.id)).toEqual(['new'])
  })

  it('does not apply a repeated call twice, and refuses an edit of a text that nobody knows', () => {
    const { document } = documentOf()
    const ops: NotebookOp[] = [{ op: 'edit-source', cell: 'a', version: 0, edit: [{ at: 0, delete: 0, insert: '!' }] }]
    expect(document.apply(ops, { by: 'w', serial: 1 })).toEqual({ a: 1 })
    expect(document.apply(ops, { by: 'w', serial: 1 })).toEqual({ a: 1 })
    expect(document.state.cells['a']?.source).toBe('!one')
    expect(() => document.apply([{ op: 'edit-source', cell: 'a', version: 7, edit: [] }])).toThrow('no longer known')
  })

  it('takes ids for what they are, also those that every object has', () => {
    const { document } = documentOf()
    document.apply([
      { op: 'insert-cell', after: null, cell: { id: '__proto__', kind: 'code', source: 'x' } },
      { op: 'delete-cell', cell: 'constructor' },
    ])
    document.apply([{ op: 'edit-source', cell: 'toString', version: 0, edit: [] }])
    expect(document.state.order).toEqual(['__proto__', 'a', 'b', 'c'])
    expect(document.cell('__proto__')?.source).toBe('x')
    document.undo()
    expect(document.state.order).toEqual(['a', 'b', 'c'])
  })
})

/** A window as the link makes it: pending edits on top of what is confirmed, sent one at a time, rebased on what others did. */
class TypingWindow {
  text: string
  readonly #name: string
  #confirmed: NotebookState
  #pending: { edit: TextEdit; serial: number; sent: boolean }[] = []
  #serial = 0
  #seen = 0
  constructor(name: string, state: NotebookState) {
    this.#name = name
    this.#confirmed = state
    this.text = state.cells['a']?.source ?? ''
  }
  type(edit: TextEdit): void {
    this.#pending.push({ edit, serial: ++this.#serial, sent: false })
    this.text = applyEdit(this.text, edit)
  }
  behind(changes: readonly NotebookChange[]): boolean {
    return this.#pending.length > 0 || this.#seen < changes.length
  }
  send(document: NotebookDocument): void {
    // One under way: the next is made on the text after it, which only its confirmation makes known.
    const next = this.#pending[0]
    if (next === undefined || next.sent) return
    const version = this.#confirmed.cells['a']?.version ?? 0
    document.apply([{ op: 'edit-source', cell: 'a', version, edit: next.edit }], { by: this.#name, serial: next.serial })
    next.sent = true
  }
  receive(changes: readonly NotebookChange[], count: number): void {
    const until = Math.min(changes.length, this.#seen + count)
    for (; this.#seen < until; this.#seen++) {
      const change = changes[this.#seen] as NotebookChange
      this.#confirmed = reduceNotebook(this.#confirmed, change)
      if (change.type !== 'source-edited') continue
      if (change.by === this.#name) {
        this.#pending.shift()
        continue
      }
      let over = change.edit
      this.#pending = this.#pending.map((p) => {
        const edit = rebaseEdit(p.edit, over, true)
        over = rebaseEdit(over, p.edit, false)
        return { ...p, edit }
      })
      this.text = applyEdit(this.text, over)
    }
  }
}
