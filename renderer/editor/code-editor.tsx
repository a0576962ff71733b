// A whole text in Monaco, for files. The caller owns the text: `onEdit` tells what the user changed, `ref.apply` puts in what others did.
// Until Monaco is there the text is shown as it is, so nothing jumps and nothing is blank.
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import type { TextEdit } from '../../engine/contract/text-edit.ts'
import { applyToModel, CODE_LINE_PX, fileOptions, loadMonaco, type Monaco, monacoNow, onMonaco } from './monaco.ts'
import { tokenize } from './python-tokens.ts'
import './editor.css'

export type CodeEditorHandle = {
  /** Puts an edit of somebody else into the text (not told back through `onEdit`). */
  apply(edit: TextEdit): void
  /** Replaces everything, e.g. when the file was changed on disk. */
  replace(text: string): void
  focus(): void
  /** Lines and columns count from 1. */
  reveal(line: number, column?: number): void
  text(): string
}

export type CodeEditorProps = {
  /** Names the model: undo history lives as long as the name is used (tabs may be switched). */
  readonly name: string
  readonly initialText: string
  readonly language: string
  readonly label: string
  readonly readOnly?: boolean
  readonly lineNumbers?: boolean
  readonly wrap?: boolean
  /** The user's edit, against the text before it, and the whole new text. */
  readonly onEdit?: (edit: TextEdit, text: string) => void
  readonly onCursor?: (line: number, column: number) => void
  readonly onReady?: (editor: Monaco.editor.IStandaloneCodeEditor) => void
  readonly ref?: Ref<CodeEditorHandle>
}

const models = new Map<string, Monaco.editor.ITextModel>()
/** Forgets a model and its undo history: the tab was closed. */
export function forgetModel(name: string): void {
  models.get(name)?.dispose()
  models.delete(name)
}

export function CodeEditor(props: CodeEditorProps): ReactNode {
  const { name, initialText, language, label, readOnly = false, lineNumbers = true, wrap = false, ref } = props
  const monaco = useSyncExternalStore(onMonaco, monacoNow)
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<Monaco.editor.IStandaloneCodeEditor>(undefined)
  const foreign = useRef(false)
  const latest = useRef(props)
  latest.current = props

  useEffect(() => {
    loadMonaco().catch(() => {})
  }, [])

  useLayoutEffect(() => {
    if (monaco === undefined || host.current === null) return
    const model =
      models.get(name) ??
      monaco.editor.createModel(
        initialText,
        language,
        monaco.Uri.from({ scheme: 'updraft-file', path: `/${encodeURIComponent(name)}` }),
      )
    models.set(name, model)
    if (model.getValue() !== initialText) model.setValue(initialText)
    const made = monaco.editor.create(host.current, { ...fileOptions, model, ariaLabel: label })
    editor.current = made
    const subscriptions = [
      model.onDidChangeContent((e) => {
        if (foreign.current) return
        const edit = e.changes
          .map((c) => ({ at: c.rangeOffset, delete: c.rangeLength, insert: c.text }))
          .sort((a, b) => a.at - b.at)
        latest.current.onEdit?.(edit, model.getValue())
      }),
      made.onDidChangeCursorPosition((e) => latest.current.onCursor?.(e.position.lineNumber, e.position.column)),
    ]
    latest.current.onReady?.(made)
    return () => {
      for (const s of subscriptions) s.dispose()
      editor.current = undefined
      made.dispose()
    }
    // The text is owned by the model once it is made.
  }, [monaco, name, language, label])

  useEffect(() => {
    editor.current?.updateOptions({ readOnly, lineNumbers: lineNumbers ? 'on' : 'off', wordWrap: wrap ? 'on' : 'off' })
  })

  useImperativeHandle(ref, () => ({
    apply: (edit) => {
      const model = models.get(name)
      if (model === undefined) return
      foreign.current = true
      applyToModel(model, edit)
      foreign.current = false
    },
    replace: (text) => {
      const model = models.get(name)
      if (model === undefined || model.getValue() === text) return
      foreign.current = true
      model.pushEditOperations(null, [{ range: model.getFullModelRange(), text }], () => null)
      foreign.current = false
    },
    focus: () => editor.current?.focus(),
    reveal: (line, column = 1) => {
      editor.current?.setPosition({ lineNumber: line, column })
      editor.current?.revealLineInCenterIfOutsideViewport(line)
    },
    text: () => models.get(name)?.getValue() ?? initialText,
  }))

  if (monaco === undefined) return <StaticCode source={initialText} language={language} className="file-static" />
  return <div ref={host} className="code-editor" data-context="editorFocus" />
}

/** Coloured text without an editor: cells that are not edited, and files until Monaco is there. */
export function StaticCode({
  source,
  language,
  className = '',
}: {
  readonly source: string
  readonly language: string
  readonly className?: string
}): ReactNode {
  return (
    <pre className={`code ${className}`} style={{ lineHeight: `${CODE_LINE_PX}px` }}>
      {tokenize(source, language).map(([text, kind], i) =>
        kind === '' ? (
          text
        ) : (
          <span key={i} className={`t${kind}`}>
            {text}
          </span>
        ),
      )}
    </pre>
  )
}
