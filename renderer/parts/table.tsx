// A table of rows of one height, virtual above a few hundred rows. Columns size themselves by a grid template; a row can be selected.
import type { ReactNode } from 'react'
import { VirtualList } from './virtual-list.tsx'

export type Column<Row> = {
  readonly id: string
  readonly title: string
  readonly width: string
  readonly number?: boolean
  readonly cell: (row: Row) => ReactNode
}

export function Table<Row extends { readonly id: string }>({
  label,
  columns,
  rows,
  selected,
  onSelect,
  rowHeight = 28,
}: {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly selected?: string | undefined
  readonly onSelect?: (row: Row) => void
  readonly rowHeight?: number
}): ReactNode {
  const template = { gridTemplateColumns: columns.map((c) => c.width).join(' ') }
  const row = (index: number): ReactNode => {
    const r = rows[index]
    if (r === undefined) return null
    return (
      // biome-ignore lint/a11y/useSemanticElements: a virtual table can't be a <table>; the row that selects is focusable below.
      <div
        key={r.id}
        role="row"
        aria-rowindex={index + 2}
        aria-selected={selected === r.id}
        tabIndex={onSelect === undefined ? undefined : 0}
        className="table-row"
        style={{ ...template, height: rowHeight }}
        onClick={() => onSelect?.(r)}
        onKeyDown={(e) => {
          if (e.key === 'Enter' || e.key === ' ') onSelect?.(r)
          const next =
            e.key === 'ArrowDown'
              ? e.currentTarget.nextElementSibling
              : e.key === 'ArrowUp'
                ? e.currentTarget.previousElementSibling
                : null
          if (next instanceof HTMLElement) {
            e.preventDefault()
            next.focus()
          }
        }}
      >
        {columns.map((c) => (
          // biome-ignore lint/a11y/useSemanticElements: see above.
          <div key={c.id} role="cell" className={c.number ? 'num' : ''}>
            {c.cell(r)}
          </div>
        ))}
      </div>
    )
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: see above.
    <div role="table" aria-label={label} aria-rowcount={rows.length + 1} className="table">
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above. */}
      <div role="row" className="table-head" style={template} aria-rowindex={1}>
        {columns.map((c) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above.
          <div key={c.id} role="columnheader" className={c.number ? 'num' : ''}>
            {c.title}
          </div>
        ))}
      </div>
      {rows.length > 200 ? (
        <VirtualList count={rows.length} rowHeight={rowHeight} row={row} role="rowgroup" />
      ) : (
        // biome-ignore lint/a11y/useSemanticElements: see above.
        <div role="rowgroup" className="table-body">
          {rows.map((_, i) => row(i))}
        </div>
      )}
    </div>
  )
}
