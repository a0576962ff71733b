// What the kernel knows, in the editor: completion, hover, and Tab / Shift+Tab as in Jupyter. A cell's model names its kernel here; models
// without one (files) get nothing from it. Answers come within 2 s; one that says `later` is asked for again while the user waits for it.
import type { CallOutput } from '../../engine/contract/index.ts'
import { plainText } from '../parts/ansi.ts'
import type { Monaco } from './monaco.ts'

export type KernelKnowledge = {
  complete(code: string, position: number, signal: AbortSignal): Promise<CallOutput<'notebook.complete'>>
  inspect(code: string, position: number, detail: '0' | '1', signal: AbortSignal): Promise<CallOutput<'notebook.inspect'>>
}

const kernels = new Map<string, KernelKnowledge>()
/** Ties a model to the kernel that knows about it; returns the way to untie. */
export function tieModel(model: Monaco.editor.ITextModel, kernel: KernelKnowledge): () => void {
  const key = model.uri.toString()
  kernels.set(key, kernel)
  return () => kernels.delete(key)
}

let offered = false
export function offerKernelLanguage(monaco: typeof Monaco, languages: readonly string[] = ['python', 'r', 'julia']): void {
  if (offered) return
  offered = true
  const kinds = monaco.languages.CompletionItemKind
  const kindOf: { readonly [type: string]: number } = {
    function: kinds.Function,
    method: kinds.Method,
    class: kinds.Class,
    module: kinds.Module,
    instance: kinds.Variable,
    statement: kinds.Variable,
    param: kinds.Property,
    property: kinds.Property,
    keyword: kinds.Keyword,
    path: kinds.File,
    magic: kinds.Operator,
  }
  for (const language of languages) {
    monaco.languages.registerCompletionItemProvider(language, {
      triggerCharacters: ['.'],
      provideCompletionItems: async (model, position, _context, cancel) => {
        const kernel = kernels.get(model.uri.toString())
        if (kernel === undefined) return { suggestions: [] }
        const signal = signalOf(cancel)
        const answer = await patiently(signal, () => kernel.complete(model.getValue(), model.getOffsetAt(position), signal))
        if (answer === undefined) return { suggestions: [] }
        const a = model.getPositionAt(answer.from)
        const b = model.getPositionAt(answer.to)
        const range = { startLineNumber: a.lineNumber, startColumn: a.column, endLineNumber: b.lineNumber, endColumn: b.column }
        const before = model.getValueInRange(range)
        return {
          suggestions: answer.items.slice(0, 2000).map((item, i) => ({
            label: item.signature === undefined ? item.text : { label: item.text, detail: ` ${item.signature}` },
            kind: kindOf[item.type ?? ''] ?? kinds.Text,
            insertText: item.text,
            range,
            // The kernel's order is the order; its matches may differ from the typed text (case, paths), so they all stay.
            sortText: String(i).padStart(5, '0'),
            filterText: item.text.toLowerCase().includes(before.toLowerCase()) ? item.text : before + item.text,
          })),
        }
      },
    })
    monaco.languages.registerHoverProvider(language, {
      provideHover: async (model, position, cancel) => {
        const kernel = kernels.get(model.uri.toString())
        if (kernel === undefined || (model.getWordAtPosition(position) === null && !asked.has(model))) return null
        asked.delete(model)
        const signal = signalOf(cancel)
        const answer = await patiently(signal, () => kernel.inspect(model.getValue(), model.getOffsetAt(position), '0', signal))
        const text = answer?.found ? (answer.data['text/plain'] ?? '') : ''
        if (text === '') return null
        // As code, never as markdown: a docstring is somebody's text.
        const body = plainText(text).replaceAll('```', "'''").slice(0, 8000)
        return { contents: [{ value: `\`\`\`text\n${body}\n\`\`\``, isTrusted: false, supportHtml: false }] }
      },
    })
  }
}

/** So long "Loading…" may stand; a kernel that is inside C answers no sooner. */
const PATIENCE_MS = 30_000

/** The answer that is no `later`. Undefined: none came, or the user typed on. */
async function patiently<T extends { readonly later?: true }>(
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  const began = performance.now()
  while (!signal.aborted && performance.now() - began < PATIENCE_MS) {
    const answer = await ask().catch(() => undefined)
    if (answer?.later !== true) return answer
  }
  return undefined
}

const asked = new WeakSet<Monaco.editor.ITextModel>()

const signalOf = (cancel: Monaco.CancellationToken): AbortSignal => {
  const controller = new AbortController()
  cancel.onCancellationRequested(() => controller.abort())
  return controller.signal
}

/** Tab completes behind a word, Shift+Tab shows the signature; elsewhere both indent as usual. */
export function jupyterTab(monaco: typeof Monaco, editor: Monaco.editor.IStandaloneCodeEditor): void {
  const behindWord = editor.createContextKey<boolean>('updraftBehindWord', false)
  const look = (): void => {
    const model = editor.getModel()
    const at = editor.getPosition()
    const before = model !== null && at !== null ? model.getLineContent(at.lineNumber).slice(0, at.column - 1) : ''
    behindWord.set(/[\w.)\]'"/(,=%]\s?$/.test(before) && /\S/.test(before))
  }
  editor.onDidChangeCursorPosition(look)
  look()
  editor.addCommand(
    monaco.KeyCode.Tab,
    () => editor.trigger('tab', 'editor.action.triggerSuggest', {}),
    // A widget that says "No suggestions" is visible too: Tab asks again, since the kernel may have been slow the first time.
    'editorTextFocus && updraftBehindWord && !suggestWidgetHasFocusedSuggestion && !editorHasSelection && !inSnippetMode && !editorTabMovesFocus && !editorReadonly',
  )
  editor.addCommand(
    monaco.KeyMod.Shift | monaco.KeyCode.Tab,
    () => {
      const model = editor.getModel()
      if (model !== null) asked.add(model)
      editor.trigger('tab', 'editor.action.showHover', { focus: 'noAutoFocus' })
    },
    'editorTextFocus && updraftBehindWord && !suggestWidgetVisible && !editorHasSelection && !inSnippetMode && !editorTabMovesFocus',
  )
}
