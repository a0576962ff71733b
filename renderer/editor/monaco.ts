// Monaco on demand: its chunk is fetched once the page is painted, and a first hidden editor warms its code up in idle time (77–125 ms
// once, then 5–10 ms per editor). Until it is there, cells are static and the first press waits for it.
import type * as Monaco from 'monaco-editor/editor'

export type { Monaco }

let loading: Promise<typeof Monaco> | undefined
let loaded: typeof Monaco | undefined
const waiting = new Set<() => void>()

/** Monaco, loaded once. Rejects when its file can't be fetched (engine gone); the next call tries again. */
export function loadMonaco(): Promise<typeof Monaco> {
  loading ??= import('./monaco-setup.ts').then(
    (m) => {
      loaded = m.monaco
      for (const tell of waiting) tell()
      waiting.clear()
      return m.monaco
    },
    (error: unknown) => {
      loading = undefined
      throw error
    },
  )
  return loading
}

/** Monaco if it is there already. */
export const monacoNow = (): typeof Monaco | undefined => loaded

/** For useSyncExternalStore with `monacoNow`. */
export function onMonaco(listener: () => void): () => void {
  waiting.add(listener)
  return () => waiting.delete(listener)
}

let warmed = false
/** Fetches Monaco after the next paint and builds one hidden editor in idle time. */
export function warmMonaco(): void {
  if (warmed) return
  warmed = true
  requestAnimationFrame(() => requestAnimationFrame(() => void loadMonaco().then(warm, () => (warmed = false))))
}

function warm(monaco: typeof Monaco): void {
  const idle = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 200))
  idle(() => {
    const host = document.createElement('div')
    host.style.cssText = 'position:fixed;left:-9999px;top:0;width:600px;height:60px'
    host.ariaHidden = 'true'
    document.body.append(host)
    const model = monaco.editor.createModel('import x\n', 'python')
    const editor = monaco.editor.create(host, { ...cellOptions, model, dimension: { width: 600, height: 60 } })
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        editor.dispose()
        model.dispose()
        host.remove()
      }),
    )
  })
}

/** Line height of code everywhere, static and live, in px. */
export const CODE_LINE_PX = 20

const shared: Monaco.editor.IStandaloneEditorConstructionOptions = {
  theme: 'updraft',
  fontFamily: "'JetBrains Mono Variable', 'JetBrains Mono', ui-monospace, monospace",
  fontSize: 12.5,
  lineHeight: CODE_LINE_PX,
  fontLigatures: false,
  minimap: { enabled: false },
  scrollBeyondLastLine: false,
  fixedOverflowWidgets: true,
  renderLineHighlight: 'none',
  overviewRulerLanes: 0,
  overviewRulerBorder: false,
  guides: { indentation: false },
  bracketPairColorization: { enabled: false },
  occurrencesHighlight: 'off',
  stickyScroll: { enabled: false },
  unicodeHighlight: { ambiguousCharacters: false },
  contextmenu: true,
  links: false,
  // Word completion from other models would mix cells of other notebooks in; the kernel knows better.
  wordBasedSuggestions: 'off',
  tabCompletion: 'off',
  quickSuggestions: false,
  suggestOnTriggerCharacters: true,
  acceptSuggestionOnEnter: 'on',
  accessibilitySupport: 'auto',
}

let overflow: HTMLElement | undefined
/**
 * Where suggestions and hovers are put: outside the cell. A cell is moved by a transform and contained, so a fixed element inside it
 * would be placed and cut by the cell instead of the window.
 */
export function overflowHost(): HTMLElement {
  if (overflow === undefined) {
    overflow = document.createElement('div')
    overflow.className = 'monaco-editor updraft-overflow'
    document.body.append(overflow)
  }
  return overflow
}

/** An editor inside a notebook cell: as tall as its text, scrolled by the notebook. */
export const cellOptions: Monaco.editor.IStandaloneEditorConstructionOptions = {
  ...shared,
  lineNumbers: 'off',
  folding: false,
  glyphMargin: false,
  lineDecorationsWidth: 0,
  lineNumbersMinChars: 0,
  padding: { top: 0, bottom: 0 },
  scrollbar: {
    vertical: 'hidden',
    horizontalScrollbarSize: 6,
    alwaysConsumeMouseWheel: false,
    handleMouseWheel: false,
    useShadows: false,
  },
  find: { addExtraSpaceOnTop: false },
}

/** An editor that fills its place: text files. */
export const fileOptions: Monaco.editor.IStandaloneEditorConstructionOptions = {
  ...shared,
  lineNumbers: 'on',
  lineNumbersMinChars: 3,
  folding: true,
  glyphMargin: false,
  automaticLayout: true,
  padding: { top: 8, bottom: 8 },
  guides: { indentation: true },
  wordBasedSuggestions: 'currentDocument',
  quickSuggestions: true,
  links: false,
  renderLineHighlight: 'line',
}

/** Puts an edit of somebody else into a model, keeping cursors and the undo stack right. Positions are UTF-16 units of the old text. */
export function applyToModel(
  model: Monaco.editor.ITextModel,
  edit: readonly { at: number; delete: number; insert: string }[],
): void {
  model.pushEditOperations(
    null,
    edit.map((s) => {
      const a = model.getPositionAt(s.at)
      const b = model.getPositionAt(s.at + s.delete)
      const range = { startLineNumber: a.lineNumber, startColumn: a.column, endLineNumber: b.lineNumber, endColumn: b.column }
      return { range, text: s.insert, forceMoveMarkers: false }
    }),
    () => null,
  )
}
