import { expect, test } from 'vitest'
import type { Command } from './command.ts'
import { bindings, conflicts, keysOf, normalKeys, pressOf, resolve } from './keymap.ts'

const command = (id: string, keys: Command['keys'], when?: string, inTerminal?: boolean): Command => ({
  id,
  title: id,
  ...(keys === undefined ? {} : { keys }),
  ...(when === undefined ? {} : { when }),
  ...(inTerminal === undefined ? {} : { inTerminal }),
  run: () => {},
})
const commands = [
  command('notebook.insert-above', ['a'], 'notebookCommand'),
  command('notebook.delete', ['d d'], 'notebookCommand'),
  command('notebook.restart', { jupyter: ['0 0'], vscode: ['ctrl+shift+0'] }, 'notebookCommand'),
  command('ui.find', ['mod+k']),
  command('terminal.new', ['ctrl+`'], undefined, true),
]
const notebook = { notebookCommand: true }
const event = (
  key: string,
  code: string,
  mods: Partial<{ ctrlKey: boolean; shiftKey: boolean; altKey: boolean; metaKey: boolean }> = {},
) => ({ key, code, ctrlKey: false, shiftKey: false, altKey: false, metaKey: false, ...mods })

test('keys have one spelling, and events say the same', () => {
  expect(normalKeys('Shift+Ctrl+P', false)).toEqual(['ctrl+shift+p'])
  expect(normalKeys('mod+k mod+s', true)).toEqual(['meta+k', 'meta+s'])
  expect(pressOf(event('P', 'KeyP', { ctrlKey: true, shiftKey: true }))).toBe('ctrl+shift+p')
  expect(pressOf(event('Enter', 'Enter', { shiftKey: true }))).toBe('shift+enter')
  expect(pressOf(event('ArrowUp', 'ArrowUp'))).toBe('up')
  expect(pressOf(event('Shift', 'ShiftLeft', { shiftKey: true }))).toBeUndefined()
  // Russian layout: the letter typed is not Latin, its place is the place of k.
  expect(pressOf(event('л', 'KeyK', { ctrlKey: true }))).toBe('ctrl+k')
  // German layout: what is typed wins for Latin letters.
  expect(pressOf(event('z', 'KeyY', { ctrlKey: true }))).toBe('ctrl+z')
})

test('a chord waits for its second key and a when-clause keeps keys in their place', () => {
  const { list } = bindings(commands, 'jupyter', [], false)
  expect(resolve(list, ['d'], notebook)).toEqual({ kind: 'pending' })
  expect(resolve(list, ['d', 'd'], notebook)).toEqual({ kind: 'command', command: 'notebook.delete' })
  expect(resolve(list, ['d', 'x'], notebook)).toEqual({ kind: 'none' })
  expect(resolve(list, ['a'], {})).toEqual({ kind: 'none' })
})

test('every single key also works behind the chord that screen readers let through', () => {
  const { list } = bindings(commands, 'jupyter', [], false)
  expect(resolve(list, ['ctrl+;', 'a'], notebook)).toEqual({ kind: 'command', command: 'notebook.insert-above' })
  expect(resolve(list, ['ctrl+;', 'd', 'd'], notebook)).toEqual({ kind: 'command', command: 'notebook.delete' })
  expect(keysOf(list, 'notebook.delete')).toBe('d d')
})

test('the sets differ and the user has the last word', () => {
  const user = [
    { key: 'ctrl+e', command: 'ui.find' },
    { key: 'a', command: '-notebook.insert-above' },
    { key: 'ctrl+t', command: 'x', when: 'a &&' },
  ]
  const { list, problems } = bindings(commands, 'vscode', user, false)
  expect(resolve(list, ['0', '0'], notebook)).toEqual({ kind: 'none' })
  expect(resolve(list, ['ctrl+shift+0'], notebook)).toEqual({ kind: 'command', command: 'notebook.restart' })
  expect(resolve(list, ['a'], notebook)).toEqual({ kind: 'none' })
  expect(keysOf(list, 'ui.find')).toBe('ctrl+e')
  expect(problems).toHaveLength(1)
})

test('a terminal keeps its keys', () => {
  const { list } = bindings(commands, 'jupyter', [], false)
  expect(resolve(list, ['ctrl+k'], { terminalFocus: true })).toEqual({ kind: 'none' })
  expect(resolve(list, ['ctrl+`'], { terminalFocus: true })).toEqual({ kind: 'command', command: 'terminal.new' })
})

test('two commands on one key are named as a conflict', () => {
  const { list } = bindings(commands, 'jupyter', [{ key: 'ctrl+k', command: 'other' }], false)
  const mine = list.find((b) => b.command === 'other')
  expect(mine && conflicts(list, mine).map((b) => b.command)).toEqual(['ui.find'])
})
