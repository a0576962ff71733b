// A table in memory that windows query: each watch is its own small feed, asked again (paced) after the rows changed, and told only which
// rows of its window differ. Costs a viewer its window of rows and nothing per row of the table.
import { Feed } from '../contract/feed.ts'
import { queryRows } from '../contract/table-query.ts'
import type { Timers } from '../contract/timers.ts'
import { reduceTable, type TableChange, type TableQuery, type TableRow, type TableState } from '../contract/topics/tables.ts'

export type TableSourceOptions = {
  readonly timers: Timers
  /** Rows as they were at an instant. Absent: the table has no past and a query with `at` is answered as it is now. */
  readonly asOf?: (row: TableRow, atMs: number) => TableRow | undefined
  /** Oldest rows go when there are more. */
  readonly limit: number
}

/** Between two answers to one window; more when the query itself takes long. */
const PACE_MS = 100

export class TableSource {
  // In order of first appearance; a changed row keeps its place.
  readonly #rows = new Map<string, TableRow>()
  readonly #watchers = new Set<() => void>()
  readonly #options: TableSourceOptions
  #dropped = 0

  constructor(options: TableSourceOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#rows.size
  }
  get(id: string): TableRow | undefined {
    return this.#rows.get(id)
  }
  all(): readonly TableRow[] {
    return [...this.#rows.values()]
  }

  set(row: TableRow): void {
    this.#rows.set(row.id, row)
    if (this.#rows.size > this.#options.limit) {
      const [oldest] = this.#rows.keys()
      if (oldest !== undefined) this.#rows.delete(oldest)
      this.#dropped++
    }
    for (const tell of this.#watchers) tell()
  }

  delete(id: string): void {
    if (!this.#rows.delete(id)) return
    for (const tell of this.#watchers) tell()
  }

  query(query: TableQuery): TableState {
    const { at } = query
    const { asOf } = this.#options
    const rows = at === undefined || asOf === undefined ? this.all() : this.all().flatMap((row) => asOf(row, at) ?? [])
    const state = queryRows(rows, query)
    return this.#dropped === 0
      ? state
      : { ...state, cut: `The oldest ${this.#dropped.toLocaleString('en-US')} rows are no longer kept here.` }
  }

  watch(query: TableQuery): { feed: Feed<TableState, TableChange>; release: () => void } {
    const feed = new Feed<TableState, TableChange>(this.query(query), reduceTable, crypto.randomUUID(), 16)
    const { timers } = this.#options
    let callOff: (() => void) | undefined
    let paceMs = PACE_MS
    const look = () => {
      callOff = undefined
      const began = timers.nowMs()
      const change = difference(feed.state, this.query(query))
      paceMs = Math.max(PACE_MS, (timers.nowMs() - began) * 10)
      if (change !== undefined) feed.change(change)
    }
    const tell = () => {
      callOff ??= timers.after(paceMs, look)
    }
    // The past does not change.
    if (query.at === undefined) this.#watchers.add(tell)
    return {
      feed,
      release: () => {
        this.#watchers.delete(tell)
        callOff?.()
      },
    }
  }
}

function difference(before: TableState, after: TableState): TableChange | undefined {
  const known = new Map(before.rows.map((row) => [row.id, row]))
  const changed = after.rows.filter((row) => known.get(row.id) !== row)
  const order = after.rows.map((row) => row.id)
  const same =
    changed.length === 0 &&
    before.total === after.total &&
    before.matched === after.matched &&
    order.length === before.rows.length &&
    order.every((id, i) => before.rows[i]?.id === id)
  return same ? undefined : { type: 'rows', total: after.total, matched: after.matched, order, changed }
}
