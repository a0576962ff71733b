// A cell that is edited before Monaco is there (its 4 MB come after the first paint): a plain text field over the coloured text, so that no
// key is lost. What is typed is the notebook's text at once; the live editor then takes over at the same cursor.
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { StaticCode } from '../editor/code-editor.tsx'
import { setContext } from '../parts/command.ts'
import { arrivals } from './arrivals.ts'
import { lineCount } from './cell-height.ts'
import type { NotebookView } from './notebook-view.ts'

let current: { view: NotebookView; cell: string; field: HTMLTextAreaElement } | undefined
/** The cursor in a cell whose editor is still loading, for split. Offsets are UTF-16 units. */
export const earlyCursor = (view: NotebookView): { cell: string; offsets: readonly number[] } | undefined =>
  current?.view === view ? { cell: current.cell, offsets: [current.field.selectionStart, current.field.selectionEnd] } : undefined

type Props = {
  readonly view: NotebookView
  readonly cell: string
  readonly source: string
  readonly language: string
  readonly label: string
  readonly readOnly: boolean
}

export function EarlyCode({ view, cell, source, language, label, readOnly }: Props): ReactNode {
  const ref = useRef<HTMLTextAreaElement>(null)
  // The notebook does not redraw for each key that is typed here, only for what others do.
  const [text, setText] = useState(source)
  useEffect(() => view.model.onText((id) => id === cell && setText(view.model.text(cell))), [view, cell])
  useLayoutEffect(() => {
    const field = ref.current
    if (field === null) return
    current = { view, cell, field }
    const at = offsetOf(field.value, arrivals.get(cell))
    field.setSelectionRange(at, at)
    field.focus({ preventScroll: true })
    setContext({ cellEditing: true })
    return () => {
      setContext({ cellEditing: false })
      if (current?.field === field) current = undefined
      const before = field.value.slice(0, field.selectionStart)
      arrivals.set(cell, { line: lineCount(before), column: before.length - before.lastIndexOf('\n') })
    }
  }, [view, cell])
  useEffect(() => view.focusWish.listen(() => ref.current?.focus({ preventScroll: true })), [view])
  return (
    <div className="early-code">
      {text === '' ? <pre className="code">&#8203;</pre> : <StaticCode source={text} language={language} />}
      <textarea
        ref={ref}
        className="code"
        aria-label={label}
        value={text}
        readOnly={readOnly}
        spellCheck={false}
        autoCapitalize="off"
        onChange={(e) => {
          setText(e.target.value)
          view.model.type(cell, e.target.value)
        }}
        onKeyDown={(e) => {
          if (e.key !== 'Tab' || e.shiftKey || e.ctrlKey || e.altKey || e.metaKey) return
          e.preventDefault()
          // Not setRangeText: the change must be heard, and undone by the field's own Ctrl+Z.
          document.execCommand('insertText', false, '    ')
        }}
      />
    </div>
  )
}

function offsetOf(text: string, to: ReturnType<typeof arrivals.get>): number {
  if (to === undefined || to === 'start') return 0
  if (to === 'end') return text.length
  const lines = text.split('\n').slice(0, to.line - 1)
  return lines.reduce((sum, line) => sum + line.length + 1, 0) + to.column - 1
}
