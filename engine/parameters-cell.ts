// Parameters the way papermill puts them in: one cell tagged `injected-parameters`, after the cell tagged `parameters` (or at the top), in place
// of one that an earlier run left.
import { randomBytes } from 'node:crypto'
import { problem } from './contract/problem.ts'
import type { NotebookOp, NotebookState } from './contract/topics/notebook.ts'

export function parametersCell(state: NotebookState, parameters: readonly (readonly [string, string])[]): readonly NotebookOp[] {
  const lines = parameters.map(([name, value]) => {
    if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name))
      throw problem('invalid', `"${name}" can't be the name of a parameter.`, {
        hint: 'Nothing was run. Use letters, digits and underscores: --param steps=100.',
      })
    return `${name} = ${pythonLiteral(value)}`
  })
  const tagged = (tag: string) =>
    state.order.find((id) => {
      const tags = state.cells[id]?.metadata['tags']
      return Array.isArray(tags) && tags.includes(tag)
    })
  const old = tagged('injected-parameters')
  const cell = {
    id: randomBytes(4).toString('hex'),
    kind: 'code' as const,
    source: ['# Parameters', ...lines].join('\n'),
    metadata: { tags: ['injected-parameters'] },
  }
  const insert: NotebookOp = { op: 'insert-cell', after: old ?? tagged('parameters') ?? null, cell }
  return old === undefined ? [insert] : [insert, { op: 'delete-cell', cell: old }]
}

/** What was typed after `name=` as Python: numbers, true/false/none and JSON lists and objects mean themselves, anything else is text. */
export function pythonLiteral(text: string): string {
  if (/^[+-]?(\d+|\d+\.\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return text
  if (/^(true|false|none|null)$/i.test(text))
    return ({ true: 'True', false: 'False', none: 'None', null: 'None' } as Record<string, string>)[text.toLowerCase()] ?? 'None'
  if (/^[[{"]/.test(text)) {
    try {
      return python(JSON.parse(text))
    } catch {}
  }
  return python(text)
}

function python(value: unknown): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  // JSON's escapes are all Python's too, once the line separators that Python does not end a string at are left alone.
  if (typeof value === 'string' || typeof value === 'number') return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`
  return `{${Object.entries(value as Record<string, unknown>)
    .map(([key, v]) => `${JSON.stringify(key)}: ${python(v)}`)
    .join(', ')}}`
}
