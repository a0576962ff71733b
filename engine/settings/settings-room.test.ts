import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { Settings } from './settings-room.ts'

let settings: Settings | undefined
afterEach(() => settings?.close())
const folder = () => mkdtempSync(join(tmpdir(), 'settings-'))
const open = async (at: string) => {
  settings = new Settings(at)
  await settings.open()
  return settings
}

test('a value is set by the smallest edit: comments and other keys stay', async () => {
  const at = folder()
  writeFileSync(join(at, 'settings.json'), '{\n  // mine\n  "editor.fontSize": 15, // big\n}\n')
  const s = await open(at)
  expect(s.get('editor.fontSize')).toBe(15)
  await s.set('workbench.theme', 'light')
  expect(readFileSync(join(at, 'settings.json'), 'utf8')).toMatchInlineSnapshot(`
    "{
      // mine
      "editor.fontSize": 15,
      "workbench.theme": "light", // big
    }
    "
  `)
  await s.set('editor.fontSize', undefined)
  expect(s.get('editor.fontSize')).toBe(13)
})

test('a mistake in the file is said with its place, and the last good values stay in force', async () => {
  const at = folder()
  const s = await open(at)
  await s.set('editor.fontSize', 20)
  writeFileSync(join(at, 'settings.json'), '{\n  "editor.fontSize": ,\n}\n')
  await vi.waitFor(() => expect(s.feed.state.problems.length).toBeGreaterThan(0), { timeout: 5000 })
  expect(s.feed.state.problems[0]).toContain('settings.json:2:22')
  expect(s.get('editor.fontSize')).toBe(20)
  await expect(s.set('workbench.theme', 'dark')).rejects.toThrow('settings.json:2:22')
  expect(readFileSync(join(at, 'settings.json'), 'utf8')).toContain('"editor.fontSize": ,')
})

test('a value that does not fit is refused with a sentence, from the page and from the file', async () => {
  const at = folder()
  const s = await open(at)
  await expect(s.set('editor.fontSize', 'big')).rejects.toThrow('must be a number')
  await expect(s.set('workbench.theme', 'pink')).rejects.toThrow('one of system, dark')
  await expect(s.set('nope', 1)).rejects.toThrow('no setting')
  writeFileSync(join(at, 'settings.json'), '{"editor.fontSize": 99, "workbench.theme": "dark"}')
  await vi.waitFor(() => expect(s.get('workbench.theme')).toBe('dark'), {
    timeout: 5000,
  })
  expect(s.get('editor.fontSize')).toBe(13)
  expect(s.feed.state.problems.join()).toContain('at most 40')
})

test('key bindings are added, survive bad entries, and are removed', async () => {
  const at = folder()
  writeFileSync(join(at, 'keybindings.json'), '[{"key":"ctrl+e","command":"x"}, 5]')
  const s = await open(at)
  expect(s.feed.state.problems.join()).toContain('1 of 2 entries')
  await s.addKey({ key: 'ctrl+r', command: 'y' })
  expect(s.feed.state.keybindings).toEqual([
    { key: 'ctrl+e', command: 'x' },
    { key: 'ctrl+r', command: 'y' },
  ])
  await s.removeKey('ctrl+r', 'y')
  expect(s.feed.state.keybindings.map((k) => k.key)).toEqual(['ctrl+e'])
})
