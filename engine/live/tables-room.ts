// The noun "table": finds a table by its name and lets it answer the query. Rooms add theirs (`executions` first; clusters later).
import { problem } from '../contract/problem.ts'
import type { Sources } from '../contract/rooms.ts'
import type { TableSource } from './table-source.ts'

export type TablesRoom = {
  readonly answers: Record<never, never>
  readonly sources: Pick<Sources, 'table'>
  provide(name: string, table: TableSource): void
  close(): Promise<void>
}

export function createTablesRoom(): TablesRoom {
  const tables = new Map<string, TableSource>()
  return {
    answers: {},
    sources: {
      table: async (query) => {
        const table = tables.get(query.table)
        if (table === undefined) throw problem('missing', `There is no table "${query.table.slice(0, 40)}".`)
        return table.watch(query)
      },
    },
    provide: (name, table) => void tables.set(name, table),
    close: async () => {},
  }
}
