// JSON as a tree: folded below the second level, long lists cut with their total, every value selectable.
import { type ReactNode, useState } from 'react'
import type { Json } from '../../../engine/contract/json.ts'
import { count } from '../../parts/units.ts'

const STEP = 100

export const JsonOutput = ({ value }: { readonly value: Json }): ReactNode => (
  <div className="out-json" data-context="cellCommand=">
    <Node value={value} depth={0} />
  </div>
)

function Node({ name, value, depth }: { readonly name?: string; readonly value: Json; readonly depth: number }): ReactNode {
  const [open, setOpen] = useState(depth < 2)
  const [shown, setShown] = useState(STEP)
  const label = name === undefined ? null : <span className="tf">{name}: </span>
  if (typeof value !== 'object' || value === null) {
    return (
      <div className="json-leaf">
        {label}
        <span className={typeof value === 'string' ? 'ts' : 'tn'}>{JSON.stringify(value)}</span>
      </div>
    )
  }
  const list = Array.isArray(value)
  const entries: [string, Json][] = list ? value.map((v, i) => [String(i), v]) : (Object.entries(value) as [string, Json][])
  return (
    <div>
      <button type="button" className="json-fold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={`codicon codicon-chevron-${open ? 'down' : 'right'}`} aria-hidden="true" />
        {label}
        <span className="faint">{list ? `[${count(entries.length)}]` : `{${count(entries.length)}}`}</span>
      </button>
      {open && (
        <div className="json-in">
          {entries.slice(0, shown).map(([k, v]) => (
            <Node key={k} name={k} value={v} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className="link" onClick={() => setShown(shown + STEP * 10)}>
              {count(shown)} of {count(entries.length)}, show more
            </button>
          )}
        </div>
      )}
    </div>
  )
}
