// What a table query means, on plain rows: filter, then sort, then range. Pure, so that the engine's answer, a test's expectation and a
// scrubbed-back view are the same function.
import type { Json } from './json.ts'
import type { TableQuery, TableRow, TableState } from './topics/tables.ts'

export function queryRows(rows: readonly TableRow[], query: TableQuery): TableState {
  const matched =
    query.filter.length === 0
      ? rows
      : rows.filter((row) => query.filter.every((f) => passes(row[f.column] ?? null, f.op, f.value)))
  const sorted = query.sort.length === 0 ? matched : [...matched].sort(comparer(query.sort))
  return { total: rows.length, matched: matched.length, rows: sorted.slice(query.from, query.from + query.count) }
}

type Op = TableQuery['filter'][number]['op']

function passes(value: Json, op: Op, wanted: Json): boolean {
  switch (op) {
    case 'is':
      return value === wanted
    case 'not':
      return value !== wanted
    case 'contains':
      return typeof value !== 'object' && String(value).toLowerCase().includes(String(wanted).toLowerCase())
    case 'above':
      return value !== null && typeof value === typeof wanted && compare(value, wanted) > 0
    case 'below':
      return value !== null && typeof value === typeof wanted && compare(value, wanted) < 0
    default:
      op satisfies never
      return false
  }
}

/** Rows without a value come last in both directions: they are the ones one is not looking for. Equal rows keep their order. */
function comparer(sort: TableQuery['sort']): (a: TableRow, b: TableRow) => number {
  return (a, b) => {
    for (const { column, descending } of sort) {
      const [x, y] = [a[column] ?? null, b[column] ?? null]
      if (x === y) continue
      if (x === null) return 1
      if (y === null) return -1
      const order = compare(x, y)
      if (order !== 0) return descending ? -order : order
    }
    return 0
  }
}

/** Numbers by size, text by code unit (the same everywhere: no locale), kinds apart: booleans, numbers, text, the rest. */
function compare(x: Json, y: Json): number {
  if (typeof x === 'number' && typeof y === 'number') return x - y
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : x > y ? 1 : 0
  if (typeof x === 'boolean' && typeof y === 'boolean') return Number(x) - Number(y)
  return rank(x) - rank(y)
}
const rank = (value: Json) => ['boolean', 'number', 'string'].indexOf(typeof value) >>> 0
