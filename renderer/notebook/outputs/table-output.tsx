// A table that came as HTML (pandas, polars): its text is read out with the browser's inert parser and drawn by us. None of the notebook's
// HTML reaches the page. Rows beyond SHOWN come on demand.
import { type ReactNode, useMemo, useState } from 'react'
import { count } from '../../parts/units.ts'
import { purify } from '../purify.ts'

const SHOWN = 200
type Cell = { readonly text: string; readonly head: boolean; readonly colSpan: number; readonly rowSpan: number }
export type Table = {
  readonly head: readonly (readonly Cell[])[]
  readonly body: readonly (readonly Cell[])[]
  readonly notes: readonly string[]
}

/** Parses without running or fetching anything: DOMPurify's document has no window (and its policy is the one our page allows). */
export function readTable(html: string): Table | undefined {
  const document = purify(html, { FORBID_TAGS: ['style', 'img'], FORBID_ATTR: ['style', 'id', 'class'] })
  const table = document.querySelector('table')
  if (table === null) return undefined
  const rows = (section: Element | null | undefined): Cell[][] =>
    [...(section?.querySelectorAll(':scope > tr') ?? [])].map((tr) =>
      [...tr.querySelectorAll(':scope > th, :scope > td')].map((c) => ({
        text: (c.textContent ?? '').trim(),
        head: c.tagName === 'TH',
        colSpan: Math.min(1000, Number(c.getAttribute('colspan') ?? 1) || 1),
        rowSpan: Math.min(1000, Number(c.getAttribute('rowspan') ?? 1) || 1),
      })),
    )
  const bodies = [...table.querySelectorAll(':scope > tbody, :scope > tfoot')]
  const notes = [...document.querySelectorAll('p, caption, small')]
    .map((p) => (p.textContent ?? '').trim())
    .filter((t) => t !== '' && t.length < 500)
  return { head: rows(table.querySelector(':scope > thead')), body: bodies.flatMap((b) => rows(b)), notes }
}

export function TableOutput({ table }: { readonly table: Table }): ReactNode {
  const [all, setAll] = useState(false)
  const numeric = useMemo(
    () =>
      (table.body[0] ?? []).map((_, i) =>
        table.body
          .slice(0, 20)
          .every((r) => r[i] === undefined || r[i].head || /^[-+]?[\d,.]*(e[-+]?\d+)?$|^NaN$|^…$|^\.\.\.$/i.test(r[i].text)),
      ),
    [table],
  )
  const rows = all ? table.body : table.body.slice(0, SHOWN)
  const cell = (c: Cell, i: number): ReactNode => {
    const span = { ...(c.colSpan > 1 ? { colSpan: c.colSpan } : {}), ...(c.rowSpan > 1 ? { rowSpan: c.rowSpan } : {}) }
    return c.head && c.text !== '' ? (
      <th key={i} {...span}>
        {c.text}
      </th>
    ) : (
      <td key={i} className={numeric[i] ? 'num' : ''} {...span}>
        {c.text}
      </td>
    )
  }
  return (
    <div className="out-table" data-context="cellCommand=">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard. */}
      <section className="out-table-box" tabIndex={0} aria-label="Table">
        <table>
          <thead>
            {table.head.map((r, i) => (
              <tr key={i}>{r.map(cell)}</tr>
            ))}
          </thead>
          <tbody>
            {rows.map((r, i) => (
              <tr key={i}>{r.map(cell)}</tr>
            ))}
          </tbody>
        </table>
      </section>
      {(table.notes.length > 0 || table.body.length > SHOWN) && (
        <div className="out-foot">
          {table.notes.join(' · ')}
          {table.body.length > SHOWN && !all && (
            <button type="button" className="link" onClick={() => setAll(true)}>
              {count(SHOWN)} of {count(table.body.length)} rows, show all
            </button>
          )}
        </div>
      )}
    </div>
  )
}
