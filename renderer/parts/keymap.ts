// From keys to a command: the chosen set (Jupyter or VS Code), the user's own bindings over it, when-clauses and chords. Pure;
// shell/key-listener.ts feeds it the browser's events.
import type { Keybinding } from '../../engine/contract/topics/settings.ts'
import type { Command } from './command.ts'
import { type Context, parseWhen, type When } from './when.ts'

export type KeySet = 'jupyter' | 'vscode'
export type Binding = {
  readonly presses: readonly string[]
  readonly command: string
  readonly when: When
  readonly clause: string
  readonly inTerminal: boolean
  readonly by: 'set' | 'user' | 'chord'
}

/** Before every single key: screen readers swallow letters, so `ctrl+; a` does what `a` does. */
export const SINGLE_KEY_PREFIX = 'ctrl+;'

const ORDER = ['ctrl', 'shift', 'alt', 'meta']

/** One press in its one spelling: modifiers in order, lower case, `mod` resolved. */
export function normalPress(press: string, mac: boolean): string {
  const parts = press.toLowerCase().split(/\+(?=.)/)
  const key = parts.pop() ?? ''
  const mods = new Set(
    parts.map((m) => (m === 'mod' ? (mac ? 'meta' : 'ctrl') : m === 'cmd' || m === 'win' ? 'meta' : m === 'option' ? 'alt' : m)),
  )
  return [...ORDER.filter((m) => mods.has(m)), NAMES[key] ?? key].join('+')
}
const NAMES: { readonly [name: string]: string } = {
  esc: 'escape',
  return: 'enter',
  arrowup: 'up',
  arrowdown: 'down',
  arrowleft: 'left',
  arrowright: 'right',
  del: 'delete',
  ' ': 'space',
}

export const normalKeys = (keys: string, mac: boolean): readonly string[] =>
  keys
    .trim()
    .split(/\s+/)
    .map((p) => normalPress(p, mac))

/** What a key event says, in the same spelling. Undefined: only a modifier went down. */
export function pressOf(e: {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
  readonly metaKey: boolean
}): string | undefined {
  if (['Control', 'Shift', 'Alt', 'Meta', 'Dead', 'Process', 'AltGraph'].includes(e.key)) return undefined
  // By place for letters and digits with a modifier (other layouts, Shift+2 = @), by what is typed otherwise.
  const byPlace = /^(?:Key([A-Z])|Digit([0-9]))$/.exec(e.code)
  const letter = e.ctrlKey || e.altKey || e.metaKey || e.shiftKey ? (byPlace?.[1] ?? byPlace?.[2]) : undefined
  const punct = PUNCT[e.code]
  const key = /^[a-z]$/i.test(e.key)
    ? e.key
    : (letter ?? (punct !== undefined && (e.ctrlKey || e.metaKey || e.altKey) ? punct : e.key))
  const mods = [e.ctrlKey && 'ctrl', e.shiftKey && 'shift', e.altKey && 'alt', e.metaKey && 'meta'].filter(Boolean)
  return normalPress([...mods, key === '+' ? 'plus' : key].join('+'), false)
}
const PUNCT: { readonly [code: string]: string } = {
  Minus: '-',
  Equal: '=',
  Backquote: '`',
  Comma: ',',
  Period: '.',
  Slash: '/',
  Semicolon: ';',
  Quote: "'",
  BracketLeft: '[',
  BracketRight: ']',
  Backslash: '\\',
}

/** All bindings, weakest first. A user's `-command` takes bindings away; one that can't be read is left out and named in `problems`. */
export function bindings(
  commands: Iterable<Command>,
  set: KeySet,
  user: readonly Keybinding[],
  mac: boolean,
): { readonly list: readonly Binding[]; readonly problems: readonly string[] } {
  const problems: string[] = []
  let list: Binding[] = []
  const known = new Map<string, Command>()
  for (const c of commands) {
    known.set(c.id, c)
    const keys = c.keys === undefined ? [] : 'length' in c.keys ? c.keys : (c.keys[set] ?? [])
    for (const k of keys) {
      const presses = normalKeys(k, mac)
      const bound: Binding = {
        presses,
        command: c.id,
        when: parseWhen(c.when),
        clause: c.when ?? '',
        inTerminal: c.inTerminal ?? false,
        by: 'set',
      }
      list.push(bound)
      if (presses.every(isSingle))
        list.push({ ...bound, presses: [normalPress(SINGLE_KEY_PREFIX, mac), ...presses], by: 'chord' })
    }
  }
  for (const b of user) {
    try {
      const presses = normalKeys(b.key, mac)
      if (b.command.startsWith('-')) {
        list = list.filter((x) => x.command !== b.command.slice(1) || (b.key !== '' && x.presses.join(' ') !== presses.join(' ')))
        continue
      }
      const clause = b.when ?? known.get(b.command)?.when ?? ''
      list.push({
        presses,
        command: b.command,
        when: parseWhen(clause),
        clause,
        inTerminal: known.get(b.command)?.inTerminal ?? false,
        by: 'user',
      })
    } catch (error) {
      problems.push(`${b.key} → ${b.command}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return { list, problems }
}

/** A key that types or moves by itself: no Ctrl, Alt or Meta. Function keys are safe with screen readers. */
const isSingle = (press: string): boolean =>
  !/(?:^|\+)(?:ctrl|alt|meta)\+/.test(press) &&
  !/^(?:shift\+)?(?:f\d+|escape|enter|tab|up|down|left|right|home|end|pageup|pagedown|backspace|delete)$/.test(press)

export type Resolved =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'pending' }
  | { readonly kind: 'none' }

/** What the presses so far mean here: the strongest binding that fits, or "more to come". */
export function resolve(list: readonly Binding[], presses: readonly string[], context: Context): Resolved {
  let pending = false
  for (let i = list.length - 1; i >= 0; i--) {
    const b = list[i]
    if (b === undefined || b.presses.length < presses.length) continue
    if (!presses.every((p, j) => p === b.presses[j])) continue
    if (context['terminalFocus'] && !b.inTerminal) continue
    if (!b.when(context)) continue
    if (b.presses.length === presses.length) return { kind: 'command', command: b.command }
    pending = true
  }
  return pending ? { kind: 'pending' } : { kind: 'none' }
}

/** The keys shown beside a command: the user's first, never the screen reader chord. */
export function keysOf(list: readonly Binding[], command: string): string | undefined {
  const mine = list.filter((b) => b.command === command && b.by !== 'chord')
  return (mine.findLast((b) => b.by === 'user') ?? mine[0])?.presses.join(' ')
}

/** Other commands on the same keys whose clauses may hold at the same time. Different clauses are told, not judged. */
export function conflicts(list: readonly Binding[], binding: Binding): readonly Binding[] {
  const keys = binding.presses.join(' ')
  return list.filter(
    (b) =>
      b.command !== binding.command &&
      b.presses.join(' ') === keys &&
      (b.clause === binding.clause || b.clause === '' || binding.clause === ''),
  )
}
