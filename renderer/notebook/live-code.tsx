// The one live editor of a notebook: made fresh when a cell gets the focus (5–10 ms with the size given; moving one shared editor costs
// 15–90), on the cell's own model, so that undo survives. Its height is its lines, known before it is made: nothing moves.
import { type ReactNode, useLayoutEffect, useRef } from 'react'
import { jupyterTab, offerKernelLanguage } from '../editor/kernel-language.ts'
import { CODE_LINE_PX, cellOptions, type Monaco, overflowHost } from '../editor/monaco.ts'
import { setContext } from '../parts/command.ts'
import { statusTextStore } from '../parts/go.ts'
import { arrivals } from './arrivals.ts'
import { stepCell } from './cell-actions.ts'
import { earlyCursor } from './early-code.tsx'
import { onCursorQuestion } from './notebook-commands.ts'
import type { NotebookView } from './notebook-view.ts'

let current: { view: NotebookView; cell: string; editor: Monaco.editor.IStandaloneCodeEditor } | undefined

/** The editor that has the focus in this notebook, for find, split and completion. */
export const liveEditor = (view: NotebookView, cell: string): Monaco.editor.IStandaloneCodeEditor | undefined =>
  current !== undefined && current.view === view && current.cell === cell ? current.editor : undefined

/** A small open thing of Monaco that Escape closes first. */
export function closeWidget(): boolean {
  const editor = current?.editor
  const node = editor?.getDomNode()
  if (editor === undefined || !node) return false
  const open: readonly (readonly [string, string])[] = [
    ['.suggest-widget.visible', 'hideSuggestWidget'],
    ['.parameter-hints-widget.visible', 'closeParameterHints'],
    ['.find-widget.visible', 'closeFindWidget'],
    ['.rename-box', 'cancelRenameInput'],
  ]
  for (const [selector, command] of open) {
    if (node.querySelector(selector) === null && overflowHost().querySelector(selector) === null) continue
    editor.trigger('escape', command, {})
    return true
  }
  if ((editor.getSelections()?.length ?? 1) > 1) {
    editor.trigger('escape', 'removeSecondaryCursors', {})
    return true
  }
  return false
}

onCursorQuestion((view) => {
  if (current?.view !== view) return earlyCursor(view)
  const model = current.editor.getModel()
  const selection = current.editor.getSelection()
  if (model === null || selection === null) return undefined
  const ends = [model.getOffsetAt(selection.getStartPosition()), model.getOffsetAt(selection.getEndPosition())]
  return { cell: current.cell, offsets: ends }
}, closeWidget)

type Props = {
  readonly monaco: typeof Monaco
  readonly view: NotebookView
  readonly cell: string
  readonly language: string
  readonly label: string
  readonly readOnly: boolean
  readonly onLines: (lines: number) => void
}

export function LiveCode({ monaco, view, cell, language, label, readOnly, onLines }: Props): ReactNode {
  const host = useRef<HTMLDivElement>(null)
  const made = useRef<Monaco.editor.IStandaloneCodeEditor>(undefined)
  const said = useRef({ label, readOnly })
  said.current = { label, readOnly }
  const lines = useRef(onLines)
  lines.current = onLines

  useLayoutEffect(() => {
    if (host.current === null) return
    // An element of its own for each editor: the one before is disposed a moment later, and Monaco minds sharing.
    const el = document.createElement('div')
    host.current.append(el)
    offerKernelLanguage(monaco)
    const model = view.texts.of(monaco, cell, language)
    const width = el.clientWidth
    const heightOf = () => model.getLineCount() * CODE_LINE_PX
    el.style.height = `${heightOf()}px`
    const editor = monaco.editor.create(el, {
      ...cellOptions,
      overflowWidgetsDomNode: overflowHost(),
      model,
      readOnly: said.current.readOnly,
      ariaLabel: said.current.label,
      dimension: { width, height: heightOf() },
    })
    made.current = editor
    jupyterTab(monaco, editor)
    edges(monaco, editor, view)
    current = { view, cell, editor }
    let height = heightOf()
    const arrival = arrivals.get(cell)
    arrivals.delete(cell)
    const subscriptions = [
      model.onDidChangeContent(() => {
        if (heightOf() === height) return
        height = heightOf()
        el.style.height = `${height}px`
        editor.layout({ width: el.clientWidth, height })
        lines.current(model.getLineCount())
      }),
      editor.onDidChangeCursorPosition((e) => {
        statusTextStore.set({ owner: view.id, text: `Ln ${e.position.lineNumber}, Col ${e.position.column}` })
        revealLine(el, e.position.lineNumber)
      }),
      editor.onDidFocusEditorText(() => setContext({ cellEditing: true })),
      editor.onDidBlurEditorText(() => setContext({ cellEditing: false })),
    ]
    const sizes = new ResizeObserver(() => editor.layout({ width: el.clientWidth, height: heightOf() }))
    sizes.observe(el)
    // At once, though it forces a layout: keys pressed right after Enter must not fall back to the cell, where they are commands.
    if (arrival !== undefined) place(editor, model, arrival)
    if (view.selection.get().active === cell && view.selection.get().mode === 'edit') editor.focus()
    const unfocus = view.focusWish.listen(() => {
      const s = view.selection.get()
      if (s.active !== cell || s.mode !== 'edit') return
      const again = arrivals.get(cell)
      arrivals.delete(cell)
      if (again !== undefined) place(editor, model, again)
      editor.focus()
    })
    return () => {
      unfocus()
      sizes.disconnect()
      for (const s of subscriptions) s.dispose()
      if (current?.editor === editor) current = undefined
      if (statusTextStore.get()?.owner === view.id) statusTextStore.set(undefined)
      setContext({ cellEditing: false })
      el.remove()
      // Later: disposing an editor in the commit that shows the next one costs a frame.
      setTimeout(() => editor.dispose(), 0)
    }
  }, [monaco, view, cell, language])
  // A cell that moves has another label: its editor, cursor and focus stay.
  useLayoutEffect(() => made.current?.updateOptions({ ariaLabel: label, readOnly }), [label, readOnly])

  return <div className="live-code" ref={host} />
}

function place(
  editor: Monaco.editor.IStandaloneCodeEditor,
  model: Monaco.editor.ITextModel,
  to: NonNullable<ReturnType<typeof arrivals.get>>,
): void {
  if (to === 'start') editor.setPosition({ lineNumber: 1, column: 1 })
  else if (to === 'end')
    editor.setPosition({ lineNumber: model.getLineCount(), column: model.getLineMaxColumn(model.getLineCount()) })
  else if (to.endColumn === undefined) editor.setPosition({ lineNumber: to.line, column: to.column })
  else editor.setSelection({ startLineNumber: to.line, startColumn: to.column, endLineNumber: to.line, endColumn: to.endColumn })
}

/** Arrow keys at the first and last line go on to the next cell, as in JupyterLab. */
function edges(monaco: typeof Monaco, editor: Monaco.editor.IStandaloneCodeEditor, view: NotebookView): void {
  const top = editor.createContextKey<boolean>('updraftAtTop', false)
  const end = editor.createContextKey<boolean>('updraftAtEnd', false)
  const look = (): void => {
    const at = editor.getPosition()
    top.set(at?.lineNumber === 1)
    end.set(at?.lineNumber === editor.getModel()?.getLineCount())
  }
  look()
  editor.onDidChangeCursorPosition(look)
  const leave = (by: 1 | -1): void => {
    const before = view.selection.get().active
    stepCell(view, by)
    const now = view.selection.get().active
    if (now === null || now === before) {
      view.choose(before, 'edit')
      return
    }
    if (view.cell(now)?.kind !== 'markdown' || view.opened.get().has(now)) {
      arrivals.set(now, by < 0 ? 'end' : 'start')
      view.choose(now, 'edit')
    }
  }
  const when =
    'editorTextFocus && !suggestWidgetVisible && !parameterHintsVisible && !editorHasSelection && !editorHasMultipleSelections'
  editor.addCommand(monaco.KeyCode.UpArrow, () => leave(-1), `${when} && updraftAtTop`)
  editor.addCommand(monaco.KeyCode.DownArrow, () => leave(1), `${when} && updraftAtEnd`)
}

/** Keeps the cursor's line in view: the notebook scrolls, not the editor. */
function revealLine(host: HTMLElement, line: number): void {
  const box = host.closest('.cells')
  if (box === null) return
  const at = host.getBoundingClientRect().top + (line - 1) * CODE_LINE_PX
  const { top, bottom } = box.getBoundingClientRect()
  if (at < top) box.scrollTop -= top - at + CODE_LINE_PX
  else if (at + CODE_LINE_PX > bottom) box.scrollTop += at + CODE_LINE_PX * 2 - bottom
}
