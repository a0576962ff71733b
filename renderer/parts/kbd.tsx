// Keys as they stand on the keyboard: "ctrl+shift+p" becomes Ctrl Shift P (⌘ ⇧ P on a Mac).
import type { ReactNode } from 'react'

export const isMac: boolean = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

const PLAIN: { readonly [key: string]: string } = {
  mod: 'Ctrl',
  ctrl: 'Ctrl',
  shift: 'Shift',
  alt: 'Alt',
  meta: 'Meta',
  enter: '↵',
  escape: 'Esc',
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  backspace: '⌫',
  delete: 'Del',
  space: 'Space',
  pageup: 'PgUp',
  pagedown: 'PgDn',
}
const MAC: { readonly [key: string]: string } = { ...PLAIN, mod: '⌘', ctrl: '⌃', shift: '⇧', alt: '⌥', meta: '⌘' }

/** One binding in words, e.g. "Ctrl+Shift+P", "I I". */
export function keysText(keys: string, mac: boolean = isMac): string {
  const names = mac ? MAC : PLAIN
  return keys
    .split(' ')
    .map((press) =>
      press
        .split(/\+(?=.)/)
        .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part[0]?.toUpperCase() + part.slice(1)))
        .join(mac ? '' : '+'),
    )
    .join(' ')
}

export const Keys = ({ keys }: { readonly keys: string }): ReactNode => <kbd>{keysText(keys)}</kbd>
