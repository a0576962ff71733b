// Tables are queried: the window asks for filter, sort and range; the feed says which rows of its window changed.
import * as z from 'zod/mini'
import { feed } from '../define.ts'
import type { Json } from '../json.ts'

export type TableRow = { readonly id: string; readonly [column: string]: Json }
export type TableQuery = {
  /** Which table: `executions` (every run of every cell, newest last). Clusters add theirs. */
  readonly table: string
  readonly filter: readonly {
    readonly column: string
    readonly op: 'is' | 'not' | 'contains' | 'above' | 'below'
    readonly value: Json
  }[]
  readonly sort: readonly { readonly column: string; readonly descending: boolean }[]
  readonly from: number
  readonly count: number
  /** Wall-clock instant in ms: the table as it was then. Absent = live. */
  readonly at?: number
}
/** Rows `from …` of `matched` that pass the filter, out of `total`. */
export type TableState = {
  readonly total: number
  readonly matched: number
  readonly rows: readonly TableRow[]
  readonly cut?: string
}
export type TableChange = {
  readonly type: 'rows'
  readonly total: number
  readonly matched: number
  readonly order: readonly string[]
  readonly changed: readonly TableRow[]
}

export function reduceTable(state: TableState, change: TableChange): TableState {
  const known = new Map(state.rows.map((r) => [r.id, r]))
  for (const row of change.changed) known.set(row.id, row)
  return { ...state, total: change.total, matched: change.matched, rows: change.order.flatMap((id) => known.get(id) ?? []) }
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()])
const count = z.int().check(z.nonnegative())
const query = z.object({
  table: z.string().check(z.maxLength(128)),
  filter: z.array(z.object({ column: z.string(), op: z.enum(['is', 'not', 'contains', 'above', 'below']), value: scalar })),
  sort: z.array(z.object({ column: z.string(), descending: z.boolean() })),
  from: count,
  count: count.check(z.maximum(2000)),
  at: z.optional(z.number()),
}) as unknown as z.ZodMiniType<TableQuery>

export const tableFeeds = { table: feed<TableQuery, TableState, TableChange>(query, reduceTable) }
