// Listens to the keys of the whole window before anybody else does, and runs the command they are bound to. Where the focus is
// decides the context: every element may say `data-context="notebookFocus …"` for what is inside it.
import { type CommandKeys, contextStore, runCommand } from '../parts/command.ts'
import { speak } from '../parts/go.ts'
import { keysText } from '../parts/kbd.tsx'
import { type Binding, pressOf, resolve } from '../parts/keymap.ts'
import { makeStore } from '../parts/store.ts'
import type { Context } from '../parts/when.ts'

export type { CommandKeys }

/** Keys pressed so far of a chord, shown in the status bar. */
export const chordStore = makeStore<readonly string[]>([])

const CHORD_MS = 4000

/** The context at an element: what the window set, what the elements round it say, and what kind of field has the focus. */
export function contextAt(element: Element | null): Context {
  const context: Record<string, Context[string]> = { ...contextStore.get() }
  for (let el: Element | null = element; el !== null; el = el.parentElement) {
    for (const word of el.getAttribute('data-context')?.split(' ') ?? []) {
      const [key, value] = word.split('=')
      if (key && !(key in context)) context[key] = value ?? true
    }
    if (el.classList.contains('monaco-editor')) context['editorFocus'] = true
    if (el.classList.contains('xterm')) context['terminalFocus'] = true
    if (el.getAttribute('role') === 'dialog') context['dialogFocus'] = true
  }
  const typing =
    element instanceof HTMLElement &&
    (element.isContentEditable ||
      element.tagName === 'TEXTAREA' ||
      element.tagName === 'SELECT' ||
      (element instanceof HTMLInputElement && !['checkbox', 'button', 'radio'].includes(element.type)))
  context['inputFocus'] = typing || Boolean(context['editorFocus'])
  return context
}

/** Starts listening; `bindings` is asked at each key. Returns the way to stop. */
export function listenToKeys(bindings: () => readonly Binding[]): () => void {
  let presses: readonly string[] = []
  let timer = 0
  const end = () => {
    presses = []
    clearTimeout(timer)
    if (chordStore.get().length > 0) chordStore.set([])
  }
  const onKey = (e: KeyboardEvent) => {
    // An input method is composing: its keys belong to it.
    if (e.isComposing || e.defaultPrevented) return
    const press = pressOf(e)
    if (press === undefined) return
    const element = document.activeElement
    const context = contextAt(element instanceof HTMLIFrameElement ? null : element)
    const waiting = presses.length > 0
    // A field that takes new key bindings wants every key itself.
    if (context['keyCapture']) return
    const tried = [...presses, press]
    let found = resolve(bindings(), tried, context)
    // A chord that leads nowhere: the last key may begin anew.
    if (found.kind === 'none' && waiting && press !== 'escape') found = resolve(bindings(), [press], context)
    const from = found.kind === 'none' || resolve(bindings(), tried, context).kind !== 'none' ? tried : [press]
    if (found.kind === 'none') {
      end()
      if (waiting) e.preventDefault()
      return
    }
    e.preventDefault()
    e.stopPropagation()
    if (found.kind === 'pending') {
      presses = from
      chordStore.set(from)
      speak(`${keysText(from.join(' '))}, waiting for the next key`)
      clearTimeout(timer)
      timer = window.setTimeout(end, CHORD_MS)
      return
    }
    end()
    void runCommand(found.command)
  }
  window.addEventListener('keydown', onKey, { capture: true })
  window.addEventListener('blur', end)
  return () => {
    window.removeEventListener('keydown', onKey, { capture: true })
    window.removeEventListener('blur', end)
    end()
  }
}

/** Puts the focus into the next (or previous) part of the window: top, side, centre, inspector, panel, status. F6. */
export function focusNextPart(by: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>('[data-part]')].filter(
    (p) => p.offsetParent !== null || p.getClientRects().length > 0,
  )
  const here = parts.findIndex((p) => p.contains(document.activeElement))
  for (let i = 1; i <= parts.length; i++) {
    const part = parts[(here + i * by + parts.length * 2) % parts.length]
    const target = part?.querySelector<HTMLElement>(
      '[data-first-focus], [tabindex="0"], button:not([disabled]), input, [href], textarea, select',
    )
    if (part === undefined || target === undefined || target === null) continue
    target.focus()
    if (!part.contains(document.activeElement)) continue
    // Focus moved by a key is shown: browsers decide :focus-visible by the last input, which was one.
    speak(part.getAttribute('aria-label') ?? part.dataset['part'] ?? '')
    return
  }
}
