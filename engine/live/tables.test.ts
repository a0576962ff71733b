// Tables against a plain model: what a window folds from the feed is what the query says, whatever happens to the rows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { queryRows } from '../contract/table-query.ts'
import type { Timers } from '../contract/timers.ts'
import { reduceTable, type TableQuery, type TableRow } from '../contract/topics/tables.ts'
import { createExecutions } from './executions.ts'
import { TableSource } from './table-source.ts'

const random = (seed: number) => () => {
  seed = (Math.imul(seed ^ (seed >>> 15), 2246822519) + 0x9e3779b9) | 0
  return ((seed ^ (seed >>> 13)) >>> 0) / 4294967296
}

class HandClock {
  nowMs = 0
  #due: (() => void)[] = []
  readonly timers: Timers = {
    nowMs: () => this.nowMs,
    after: (_ms, run) => {
      this.#due.push(run)
      return () => {
        this.#due = this.#due.filter((r) => r !== run)
      }
    },
  }
  fire(): void {
    for (const run of this.#due.splice(0)) run()
  }
}

const ask = (more: Partial<TableQuery> = {}): TableQuery => ({ table: 'x', filter: [], sort: [], from: 0, count: 10, ...more })

test('a query filters, sorts and cuts; rows without a value come last both ways', () => {
  const rows: TableRow[] = [
    { id: 'a', n: 3, name: 'Beta' },
    { id: 'b', n: null, name: 'alpha' },
    { id: 'c', n: 1, name: 'Gamma', done: true },
    { id: 'd', n: 3 },
  ]
  const ids = (more: Partial<TableQuery>) =>
    queryRows(rows, ask(more))
      .rows.map((row) => row.id)
      .join('')
  expect({
    ascending: ids({ sort: [{ column: 'n', descending: false }] }),
    descending: ids({ sort: [{ column: 'n', descending: true }] }),
    'then by name': ids({
      sort: [
        { column: 'n', descending: true },
        { column: 'name', descending: false },
      ],
    }),
    contains: ids({ filter: [{ column: 'name', op: 'contains', value: 'A' }] }),
    above: ids({ filter: [{ column: 'n', op: 'above', value: 1 }] }),
    'below another kind': ids({ filter: [{ column: 'n', op: 'below', value: 'z' }] }),
    'not there': ids({ filter: [{ column: 'done', op: 'is', value: null }] }),
    range: ids({ from: 1, count: 2 }),
  }).toMatchInlineSnapshot(`
    {
      "above": "ad",
      "ascending": "cadb",
      "below another kind": "",
      "contains": "abc",
      "descending": "adcb",
      "not there": "abd",
      "range": "bc",
      "then by name": "adcb",
    }
  `)
  expect(queryRows(rows, ask({ filter: [{ column: 'n', op: 'is', value: 3 }], count: 1 }))).toMatchObject({
    total: 4,
    matched: 2,
    rows: [{ id: 'a' }],
  })
})

for (const seed of [1, 2, 3, 4]) {
  test(`a window that folds the changes has what the query says (seed ${seed})`, () => {
    const next = random(seed)
    const clock = new HandClock()
    const table = new TableSource({ timers: clock.timers, limit: 60 })
    const queries = [
      ask(),
      ask({ sort: [{ column: 'n', descending: true }], from: 3, count: 5 }),
      ask({ filter: [{ column: 'even', op: 'is', value: true }], count: 100 }),
    ]
    const windows = queries.map((query) => {
      const { feed, release } = table.watch(query)
      return { query, feed, release, state: feed.state, rev: feed.rev }
    })
    for (let step = 0; step < 400; step++) {
      const n = Math.floor(next() * 80)
      if (next() < 0.8) table.set({ id: `r${n}`, n: Math.floor(next() * 20), even: next() < 0.5 })
      else table.delete(`r${n}`)
      if (next() < 0.2) clock.fire()
    }
    clock.fire()
    for (const w of windows) {
      const { cut: _cut, ...wanted } = table.query(w.query)
      const { cut: _was, ...state } = (w.feed.since(w.rev) ?? []).reduce(reduceTable, w.state)
      const { cut: _now, ...folded } = w.feed.state
      expect(folded).toEqual(wanted)
      if (w.feed.since(w.rev) !== undefined) expect(state).toEqual(wanted)
      w.release()
    }
    const before = windows.map((w) => w.feed.rev)
    table.set({ id: 'after', n: 1 })
    clock.fire()
    expect(windows.map((w) => w.feed.rev)).toEqual(before)
  })
}

test('runs are kept over a restart, also when the last line was torn, and can be asked for as of an instant', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runs-'))
  const clock = new HandClock()
  const first = createExecutions(folder, clock.timers)
  first.record({ id: 'e1', notebook: '/n.ipynb', cell: 'c1', code: 'train()', state: 'queued', queuedMs: 100 })
  first.record({ id: 'e1', state: 'running', startedMs: 200 })
  first.record({ id: 'e1', state: 'failed', endedMs: 300, error: 'ValueError: no' })
  first.record({ id: 'e2', notebook: '/n.ipynb', cell: 'c2', code: 'x', state: 'queued', queuedMs: 250 })
  await first.close()
  const file = join(folder, 'executions.jsonl')
  writeFileSync(file, '{"id":"e3","que', { flag: 'a' })
  const second = createExecutions(folder, clock.timers)
  const at = (ms?: number) =>
    second.table
      .query(ask(ms === undefined ? {} : { at: ms }))
      .rows.map((row) => `${row.id} ${row['state']} ${row['error'] ?? ''}`.trim())
  expect({ at50: at(50), at150: at(150), at260: at(260), now: at() }).toMatchInlineSnapshot(`
    {
      "at150": [
        "e1 queued",
      ],
      "at260": [
        "e1 running",
        "e2 queued",
      ],
      "at50": [],
      "now": [
        "e1 failed ValueError: no",
        "e2 queued",
      ],
    }
  `)
  second.record({ id: 'e4', notebook: '/n.ipynb', cell: 'c', code: 'y', state: 'queued', queuedMs: 400 })
  await second.close()
  const third = createExecutions(folder, clock.timers)
  expect(third.table.all().map((row) => row.id)).toEqual(['e1', 'e2', 'e4'])
  await third.close()
  rmSync(folder, { recursive: true })
})
