import { describe, expect, it } from 'vitest'
import { applyEdit, rebaseEdit, type TextEdit } from '../../engine/contract/text-edit.ts'
import {
  type NotebookChange,
  type NotebookOp,
  type NotebookState,
  reduceNotebook,
} from '../../engine/contract/topics/notebook.ts'
import { type EditCall, NotebookModel } from './notebook-model.ts'

const cell = (id: string, source: string) => ({
  id,
  kind: 'code' as const,
  source,
  version: 0,
  metadata: {},
  outputs: [],
  count: null,
})
const start = (sources: Record<string, string>): NotebookState => ({
  id: 'n',
  path: '/n.ipynb',
  title: 'n',
  format: { major: 4, minor: 5, language: 'python' },
  metadata: {},
  trusted: true,
  order: Object.keys(sources),
  cells: Object.fromEntries(Object.entries(sources).map(([id, s]) => [id, cell(id, s)])),
  kernel: { state: 'none', name: 'Python', place: { id: 'local', title: 'this machine' } },
  queue: [],
  save: { state: 'saved' },
  undo: {},
  remarks: [],
  away: [],
})

/** An engine in a few lines: rebases late edits, numbers versions, tells all its windows; delivery is by hand. */
class Engine {
  state: NotebookState
  history: { cell: string; version: number; edit: TextEdit }[] = []
  out: NotebookChange[][] = []
  constructor(state: NotebookState) {
    this.state = state
  }
  edit(ops: readonly NotebookOp[], by: string, serial: number): Record<string, number> {
    const changes: NotebookChange[] = []
    const versions: Record<string, number> = {}
    for (const op of ops) {
      if (op.op === 'edit-source') {
        let edit = op.edit
        for (const h of this.history) if (h.cell === op.cell && h.version > op.version) edit = rebaseEdit(edit, h.edit, true)
        const version = (this.state.cells[op.cell]?.version ?? 0) + 1
        versions[op.cell] = version
        this.history.push({ cell: op.cell, version, edit })
        changes.push({ type: 'source-edited', cell: op.cell, version, edit, by, serial })
      } else if (op.op === 'insert-cell')
        changes.push({
          type: 'cell-inserted',
          after: op.after,
          cell: { ...cell(op.cell.id, op.cell.source), kind: op.cell.kind },
        })
      else if (op.op === 'delete-cell') changes.push({ type: 'cell-deleted', cell: op.cell })
      else if (op.op === 'move-cell') changes.push({ type: 'cell-moved', cell: op.cell, after: op.after })
    }
    for (const c of changes) this.state = reduceNotebook(this.state, c)
    this.out.push(changes)
    return versions
  }
}
const tick = () => new Promise<void>((r) => setImmediate(r))
const show = (m: NotebookModel) => m.view.order.map((id) => `${id}: ${m.text(id)}`).join('\n')

describe('the window half of a notebook', () => {
  it('shows what is typed at once and sends the next batch only when the first is confirmed', async () => {
    const engine = new Engine(start({ a: 'x' }))
    const sent: string[] = []
    const m = new NotebookModel(
      engine.state,
      async (i) => (sent.push(JSON.stringify(i.ops)), { versions: engine.edit(i.ops, i.by, i.serial) }),
      'w1',
    )
    m.type('a', 'x1')
    m.type('a', 'x12')
    m.type('a', 'x123')
    expect([show(m), sent.length]).toEqual(['a: x123', 1])
    await tick()
    m.confirm(engine.out.shift() ?? [])
    await tick()
    expect(sent.length).toBe(2)
    m.confirm(engine.out.shift() ?? [])
    await tick()
    expect([m.idle, engine.state.cells['a']?.source]).toEqual([true, 'x123'])
  })

  it('shows a new cell before the engine answers and takes it back when the engine refuses', async () => {
    let refuse: (e: unknown) => void = () => {}
    const m = new NotebookModel(start({ a: '1' }), () => new Promise((_r, no) => (refuse = no)), 'w1')
    const wish = m.apply('insert', [{ op: 'insert-cell', after: 'a', cell: { id: 'b', kind: 'code', source: 'two' } }])
    expect(show(m)).toBe('a: 1\nb: two')
    refuse({ problem: { code: 'denied', message: 'read-only' } })
    await expect(wish).rejects.toThrow('read-only')
    expect(show(m)).toBe('a: 1')
  })

  it('keeps text typed into a cell that the engine does not know yet, and sends it after the insertion', async () => {
    const engine = new Engine(start({ a: '1' }))
    const m = new NotebookModel(engine.state, async (i) => ({ versions: engine.edit(i.ops, i.by, i.serial) }), 'w1')
    void m.apply('insert', [{ op: 'insert-cell', after: 'a', cell: { id: 'b', kind: 'code', source: '' } }])
    m.type('b', 'print(1)')
    for (let i = 0; i < 6; i++) {
      await tick()
      m.confirm(engine.out.shift() ?? [])
    }
    expect([show(m), engine.state.cells['b']?.source, m.idle]).toEqual(['a: 1\nb: print(1)', 'print(1)', true])
  })

  it('sends an edit again after a lost answer, and not twice when the snapshot has it', async () => {
    const engine = new Engine(start({ a: 'x' }))
    let lose = true
    const call: EditCall = async (i) => {
      const versions = engine.edit(i.ops, i.by, i.serial)
      if (lose) throw { problem: { code: 'unreachable', message: 'gone' } }
      return { versions }
    }
    const m = new NotebookModel(engine.state, call, 'w1')
    m.type('a', 'xy')
    await tick()
    m.type('a', 'xyz')
    lose = false
    m.snapshot(engine.state)
    await tick()
    m.confirm(engine.out.pop() ?? [])
    expect([show(m), engine.state.cells['a']?.source]).toEqual(['a: xyz', 'xyz'])
  })

  for (const seed of [1, 2, 3, 7, 11, 42, 99, 1234]) {
    it(`two windows that type at random end with one text (seed ${seed})`, async () => {
      let s = seed
      const random = (n: number) => {
        s = (s * 1103515245 + 12345) & 0x7fffffff
        return (s >> 8) % n
      }
      const engine = new Engine(start({ a: 'hello world' }))
      const inbox: NotebookChange[][][] = [[], []]
      const windows = [0, 1].map(
        (w) => new NotebookModel(engine.state, async (i) => ({ versions: engine.edit(i.ops, i.by, i.serial) }), `w${w}`),
      )
      const editors = windows.map((m) => {
        const e = { text: m.text('a') }
        m.onText((_c, edit) => (e.text = applyEdit(e.text, edit)))
        return e
      })
      // The first window has its changes folded by the link, as the page does; the second folds them itself.
      let seen = engine.state
      const take = (w: number, batch: NotebookChange[]): void => {
        if (w === 0) for (const change of batch) seen = reduceNotebook(seen, change)
        windows[w]!.confirm(batch, w === 0 ? seen : undefined)
      }
      for (let step = 0; step < 400; step++) {
        const w = random(2)
        const m = windows[w]!
        if (step < 300 && random(3) > 0) {
          const t = m.text('a')
          const at = random(t.length + 1)
          const next =
            random(4) === 0
              ? t.slice(0, at) + t.slice(Math.min(t.length, at + 3))
              : `${t.slice(0, at)}${String.fromCharCode(97 + random(26))}${t.slice(at)}`
          editors[w]!.text = next
          m.type('a', next)
        }
        if (random(2) === 0) await tick()
        for (const batch of engine.out.splice(0)) for (const box of inbox) box.push(batch)
        const batch = inbox[w]!.shift()
        if (batch !== undefined) take(w, batch)
      }
      for (let i = 0; i < 200; i++) {
        await tick()
        for (const batch of engine.out.splice(0)) for (const box of inbox) box.push(batch)
        windows.forEach((_m, w) => {
          take(w, inbox[w]!.shift() ?? [])
        })
      }
      const text = engine.state.cells['a']?.source
      expect([...windows.map((m) => m.text('a')), ...editors.map((e) => e.text)]).toEqual([text, text, text, text])
      expect(windows.every((m) => m.idle)).toBe(true)
    })
  }
})
