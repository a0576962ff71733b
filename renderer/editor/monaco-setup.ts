// Monaco's own chunk (4 MB): the editor, the languages a workspace of notebooks has, our colours. Loaded by monaco.ts when the page is
// painted; nobody else imports Monaco's code, only its types.
import * as monaco from 'monaco-editor/editor'
import editorWorker from 'monaco-editor/editor/editor.worker.js?worker&url'
import 'monaco-editor/features/register.all'
import 'monaco-editor/languages/definitions/cpp/register'
import 'monaco-editor/languages/definitions/css/register'
import 'monaco-editor/languages/definitions/dockerfile/register'
import 'monaco-editor/languages/definitions/html/register'
import 'monaco-editor/languages/definitions/ini/register'
import 'monaco-editor/languages/definitions/javascript/register'
import 'monaco-editor/languages/definitions/julia/register'
import 'monaco-editor/languages/definitions/markdown/register'
import 'monaco-editor/languages/definitions/python/register'
import 'monaco-editor/languages/definitions/r/register'
import 'monaco-editor/languages/definitions/rust/register'
import 'monaco-editor/languages/definitions/shell/register'
import 'monaco-editor/languages/definitions/sql/register'
import 'monaco-editor/languages/definitions/typescript/register'
import 'monaco-editor/languages/definitions/xml/register'
import 'monaco-editor/languages/definitions/yaml/register'
import { currentTheme, onTheme, token } from '../theme/theme.ts'
import { type LineState, type TokenClass, tokenizeLine } from './python-tokens.ts'
import { workerUrl } from './trusted.ts'

type WithEnvironment = typeof globalThis & { MonacoEnvironment?: { getWorker: () => Worker } }
;(globalThis as WithEnvironment).MonacoEnvironment = { getWorker: () => new Worker(workerUrl(editorWorker), { type: 'module' }) }

class State implements monaco.languages.IState {
  readonly open: LineState
  constructor(open: LineState) {
    this.open = open
  }
  clone(): State {
    return this
  }
  equals(other: monaco.languages.IState): boolean {
    return other instanceof State && other.open === this.open
  }
}
const STATES = [new State(0), new State(1), new State(2)] as const
const SCOPES: { readonly [K in TokenClass]: string } = {
  '': '',
  c: 'comment',
  s: 'string',
  k: 'keyword',
  n: 'number',
  m: 'annotation',
  f: 'function',
}

// Registered directly, before the lazy Monarch grammar: a direct provider wins over the factory, and static cells have the same colours.
monaco.languages.setTokensProvider('python', {
  getInitialState: () => STATES[0],
  tokenize: (line, state) => {
    const { runs, state: open } = tokenizeLine(line, state instanceof State ? state.open : 0)
    let at = 0
    const tokens = runs.map(([text, kind]) => {
      const from = at
      at += text.length
      return { startIndex: from, scopes: SCOPES[kind] }
    })
    return { tokens, endState: STATES[open] }
  },
})
monaco.languages.register({ id: 'json', extensions: ['.json', '.jsonc', '.jsonl'] })
monaco.languages.setMonarchTokensProvider('json', {
  tokenizer: {
    root: [
      [/"(?:[^"\\]|\\.)*"(?=\s*:)/, 'keyword'],
      [/"(?:[^"\\]|\\.)*"?/, 'string'],
      [/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, 'number'],
      [/\b(?:true|false|null)\b/, 'number'],
      [/\/\/.*/, 'comment'],
      [/[{}[\],:]/, 'delimiter'],
    ],
  },
})

/** `#rrggbb` or `#rrggbbaa` of a token; Monaco takes nothing else. */
function hex(name: string): string {
  const value = token(name)
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(value)
  return short ? `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : value.startsWith('#') ? value : '#808080'
}

function defineTheme(): void {
  const theme = currentTheme()
  const rule = (scope: string, name: string) => ({ token: scope, foreground: hex(name).slice(1) })
  monaco.editor.defineTheme('updraft', {
    base: theme === 'light' ? 'vs' : theme === 'contrast' ? 'hc-black' : 'vs-dark',
    inherit: true,
    rules: [
      rule('', '--ink'),
      rule('comment', '--code-dim'),
      rule('string', '--code-str'),
      rule('keyword', '--code-key'),
      rule('number', '--code-num'),
      rule('annotation', '--code-fn'),
      rule('function', '--code-fn'),
      rule('type', '--code-fn'),
      rule('tag', '--code-key'),
      rule('attribute', '--code-fn'),
      rule('delimiter', '--ink'),
      rule('operator', '--ink'),
    ],
    colors: {
      'editor.background': '#00000000',
      'editor.foreground': hex('--ink'),
      'editorGutter.background': '#00000000',
      'editorLineNumber.foreground': hex('--ink-faint'),
      'editorLineNumber.activeForeground': hex('--ink-soft'),
      'editorCursor.foreground': hex('--accent'),
      'editor.selectionBackground': `${hex('--accent').slice(0, 7)}55`,
      'editor.inactiveSelectionBackground': `${hex('--accent').slice(0, 7)}2e`,
      'editor.wordHighlightBackground': `${hex('--accent').slice(0, 7)}22`,
      'editor.findMatchBackground': `${hex('--warn').slice(0, 7)}77`,
      'editor.findMatchHighlightBackground': `${hex('--warn').slice(0, 7)}3d`,
      'editorBracketMatch.background': '#00000000',
      'editorBracketMatch.border': hex('--line-strong'),
      'editorIndentGuide.background1': hex('--line'),
      'editorWidget.background': hex('--raised'),
      'editorWidget.border': hex('--line-strong'),
      'editorSuggestWidget.background': hex('--raised'),
      'editorSuggestWidget.border': hex('--line-strong'),
      'editorSuggestWidget.foreground': hex('--ink'),
      'editorSuggestWidget.selectedBackground': `${hex('--accent').slice(0, 7)}33`,
      'editorSuggestWidget.selectedForeground': hex('--ink'),
      'editorSuggestWidget.highlightForeground': hex('--accent'),
      'editorHoverWidget.background': hex('--raised'),
      'editorHoverWidget.border': hex('--line-strong'),
      focusBorder: hex('--accent'),
      'input.background': hex('--field'),
    },
  })
  monaco.editor.setTheme('updraft')
}
defineTheme()
onTheme(defineTheme)

export { monaco }
