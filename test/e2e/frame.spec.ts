// The frame of the window against a real engine: folders and trust, the tree, text files, find, settings, terminals, layout, and what a
// screen reader meets on every page in every theme. Cells are notebook.spec.ts.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { seriousFaults } from './axe.ts'
import { makeWindowWorld, type WindowWorld, writeNotebook } from './window-world.ts'

let world: WindowWorld
let page: Page

beforeAll(async () => {
  world = await makeWindowWorld()
  await mkdir(join(world.folder, 'src/nets'), { recursive: true })
  writeFileSync(join(world.folder, 'src/train.py'), 'import ray\n\n\ndef work(x):\n    return x * x\n')
  writeFileSync(join(world.folder, 'src/nets/model.py'), 'LAYERS = 3\n')
  writeFileSync(join(world.folder, 'README.md'), '# Read me\n')
  writeNotebook(join(world.folder, 'first.ipynb'), [
    { id: 'a', kind: 'markdown', source: '# A title\n\nSome words.' },
    { id: 'b', source: 'needle = 6 * 7\nneedle' },
  ])
})
afterAll(() => world?.close())
beforeEach(async () => {
  page = await world.open()
  page.setDefaultTimeout(15_000)
  await tidy()
})
afterEach(async () => {
  await page.close()
  expect(world.complaints.splice(0)).toEqual([])
})

const pick = () => page.locator('.pick')
const palette = async (words: string): Promise<void> => {
  await page.keyboard.press('Control+Shift+P')
  await pick().getByRole('combobox').fill(`> ${words}`)
  await pick().getByRole('option').first().waitFor()
  await page.keyboard.press('Enter')
  await pick().waitFor({ state: 'detached' })
}
const find = async (words: string, title: string): Promise<void> => {
  await page.keyboard.press('Control+K')
  await pick().getByRole('combobox').fill(words)
  await pick().getByRole('option', { name: title, selected: true }).waitFor()
  await page.keyboard.press('Enter')
  await pick().waitFor({ state: 'detached' })
}
/** A window remembers how it was left: each story begins with the tree, one tab and no panel. */
async function tidy(): Promise<void> {
  await page.getByRole('button', { name: /^(CPU|GPU) / }).waitFor()
  await palette('close the other tabs')
  if (await page.getByRole('tablist', { name: 'Panel' }).count()) await palette('view: panel')
  if ((await page.getByRole('tree').count()) === 0) await palette('view: files')
  await page.getByRole('treeitem', { name: 'README.md' }).waitFor()
}
/** What the engine wrote down of the windows' layouts. */
const rememberedLayouts = (): string[] => {
  const home = join(world.folder, '..')
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((f) => /layouts\/[^/]+\.json$/.test(f))
  return files.map((f) => readFileSync(join(home, f), 'utf8'))
}
const tab = (name: string) => page.getByRole('tab', { name, exact: false })
const themeNow = () => page.evaluate(() => document.documentElement.dataset['theme'])
const until = <T>(read: () => T | Promise<T>, wanted: T) => expect.poll(read, { timeout: 15_000, interval: 50 }).toEqual(wanted)
const editor = () => page.locator('.code-editor .view-lines').filter({ visible: true })
/** What stands in the editor, as the user sees it: Monaco draws blanks as no-break spaces. */
const editorText = async (): Promise<string> => (await editor().innerText()).replaceAll('\u00a0', ' ')

describe('files', () => {
  test('the tree opens folders, makes, renames, deletes and takes it back, all by keyboard', async () => {
    const tree = page.getByRole('tree')
    await tree.focus()
    await page.keyboard.press('Home')
    await page.keyboard.type('sr')
    await page.keyboard.press('ArrowRight')
    await page.getByRole('treeitem', { name: 'train.py' }).waitFor()
    // A new file in the chosen folder, through its menu.
    await page.keyboard.press('Shift+F10')
    await page.getByRole('menuitem', { name: 'New file…' }).press('Enter')
    await page.getByLabel('Name of the new file').fill('fresh.py')
    await page.keyboard.press('Enter')
    await tab('fresh.py').waitFor()
    await until(() => existsSync(join(world.folder, 'src/fresh.py')), true)
    await tree.focus()
    await page.getByRole('treeitem', { name: 'fresh.py', selected: true }).waitFor()
    await page.keyboard.press('F2')
    await page.getByLabel('New name of fresh.py').fill('renamed.py')
    await page.keyboard.press('Enter')
    await page.getByRole('treeitem', { name: 'renamed.py' }).waitFor()
    await tab('renamed.py').waitFor()
    expect(await tab('fresh.py').count()).toBe(0)
    await tree.focus()
    await page.getByRole('treeitem', { name: 'renamed.py', selected: true }).waitFor()
    await page.keyboard.press('Delete')
    await until(() => existsSync(join(world.folder, 'src/renamed.py')), false)
    await page.getByRole('status').filter({ hasText: 'Deleted renamed.py' }).getByRole('button', { name: 'Undo' }).click()
    await until(() => existsSync(join(world.folder, 'src/renamed.py')), true)
  })

  test('a name that is taken is refused beside the field, before anything is sent', async () => {
    await page.getByRole('tree').focus()
    await page.keyboard.press('Home')
    await page.getByRole('button', { name: 'New folder' }).click()
    await page.getByLabel('Name of the new folder').fill('nets')
    await page.getByRole('alert').filter({ hasText: 'There is one of this name already.' }).waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByLabel('Name of the new folder').count()).toBe(0)
  })

  test('a Python file is coloured, edited and saved; a change on disk comes in under what is typed', async () => {
    const file = join(world.folder, 'src/train.py')
    await find('train', 'train.py')
    await editor().waitFor()
    await until(async () => (await editorText()).startsWith('import ray'), true)
    // A keyword has another colour than a name: without style-src 'unsafe-inline' Monaco silently shows everything in one.
    await until(
      () =>
        page.evaluate(
          () => new Set([...document.querySelectorAll('.view-line span span')].map((s) => getComputedStyle(s).color)).size > 1,
        ),
      true,
    )
    await editor().click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type('# typed here')
    await page.keyboard.press('Control+S')
    await until(() => readFileSync(file, 'utf8').endsWith('# typed here'), true)
    writeFileSync(file, `# from outside\n${readFileSync(file, 'utf8')}`)
    await until(async () => (await editorText()).startsWith('# from outside'), true)
    await until(async () => (await editorText()).includes('# typed here'), true)
  })

  test('search looks into files and notebooks and leads to the line', async () => {
    await page.keyboard.press('Control+Shift+F')
    await page.getByRole('textbox', { name: 'Search in files' }).fill('needle')
    await page.getByRole('option', { name: /first\.ipynb/ }).waitFor()
    await page.getByRole('option', { name: /needle = 6/ }).click()
    await tab('first.ipynb').waitFor()
    await page.getByRole('textbox', { name: 'Search in files' }).fill('LAYERS')
    await page.getByRole('option', { name: 'LAYERS = 3' }).click()
    await tab('model.py').waitFor()
    await until(async () => (await editorText()).trim(), 'LAYERS = 3')
  })
})

describe('the window', () => {
  test('trust can be taken back and given again, and the window says what it means', async () => {
    await palette('trust of this folder')
    await page.getByRole('dialog').getByRole('button', { name: 'Stop trusting' }).click()
    await page.getByText('Until you trust it nothing of this folder runs').waitFor()
    await page.getByRole('button', { name: 'Trust this folder' }).click()
    await page.getByRole('button', { name: 'Trust this folder' }).waitFor({ state: 'detached' })
  })

  test('a theme is chosen in the settings, is there at once, and is there before the first paint of the next window', async () => {
    await page.keyboard.press('Control+,')
    await page.getByLabel('Theme', { exact: true }).selectOption('contrast')
    await until(themeNow, 'contrast')
    const other = await world.open()
    expect(await other.evaluate(() => document.documentElement.dataset['theme'])).toBe('contrast')
    await other.close()
    await page.getByRole('button', { name: /^Reset Theme/ }).click()
    await until(themeNow, 'light')
  })

  test('tabs and panels come back after a reload, as they were', async () => {
    await find('model', 'model.py')
    await palette('keyboard shortcuts')
    await palette('view: problems')
    await page.getByRole('tab', { name: /^Problems/, selected: true }).waitFor()
    const saved = () => page.evaluate(() => document.querySelectorAll('[role="tab"]').length)
    const before = await saved()
    // The layout is remembered a second after it was last changed.
    await until(
      () => rememberedLayouts().some((text) => text.includes('"view:keys"') && text.includes('"bottomTab":"problems"')),
      true,
    )
    await page.reload()
    await tab('Keyboard shortcuts').waitFor()
    await page.getByRole('tab', { name: /^Problems/, selected: true }).waitFor()
    await until(saved, before)
  })

  test('keys of the user win, and a clash is said before it is made', async () => {
    await palette('keyboard shortcuts')
    await page.getByLabel('Search shortcuts').fill('Ray: nodes')
    await page.getByRole('row', { name: /Ray: nodes and use/ }).press('Enter')
    const sheet = page.getByRole('dialog', { name: 'Ray: nodes and use' })
    await sheet.getByRole('textbox').focus()
    await page.keyboard.press('Control+,')
    await sheet.getByText('Also bound: Settings').waitFor()
    await page.keyboard.press('Backspace')
    await page.keyboard.press('Alt+r')
    await sheet.getByRole('button', { name: 'Use these keys' }).click()
    await sheet.waitFor({ state: 'detached' })
    await page.getByRole('row', { name: /Ray: nodes and use.*Alt\+R.*you/ }).waitFor()
    await page.keyboard.press('Alt+r')
    await page.getByRole('heading', { name: /^Ray is/ }).waitFor()
  })

  test('F6 goes round every part of the window and back', async () => {
    const parts: string[] = []
    for (let i = 0; i < 7; i++) {
      await page.keyboard.press('F6')
      parts.push(
        await page.evaluate(() => document.activeElement?.closest<HTMLElement>('[data-part]')?.dataset['part'] ?? 'nowhere'),
      )
    }
    const from = parts.indexOf('top')
    expect(parts.slice(from, from + 5)).toEqual(['top', 'activity', 'side', 'centre', 'status'])
    expect(parts.slice(5)).toEqual(parts.slice(0, 2))
  })

  test('a terminal echoes, survives a reload with its text, and may not write the clipboard', async () => {
    await page.keyboard.press('Control+`')
    const rows = page.locator('.terminal-host .xterm-accessibility-tree, .terminal-host .xterm-rows')
    const text = async () => (await rows.allInnerTexts()).join('\n')
    await page.locator('.terminal-host textarea').waitFor({ state: 'attached' })
    await until(async () => /[$#%>]\s*$/m.test(await text()), true)
    await page.keyboard.type("echo answer-$((6*7)); printf '\\033]52;c;c3RvbGVu\\007'\n")
    await until(async () => (await text()).includes('answer-42'), true)
    await page.reload()
    await page.locator('.terminal-host textarea').waitFor({ state: 'attached' })
    await until(async () => (await text()).includes('answer-42'), true)
    await page.getByRole('button', { name: /^Close (ba|z|da)?sh/ }).click()
    await page.getByText('No terminal').waitFor()
  })

  test('a command that fails says what happened and what to do', async () => {
    await page.keyboard.press('Control+O')
    await page.getByLabel('Folder', { exact: true }).fill('/no/such/folder')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('alert').innerText()).toMatch(/no\/such\/folder/)
  })
})

describe('for everybody', () => {
  const pages = ['Welcome', 'Settings', 'Keyboard shortcuts', 'Ray: nodes', 'About', 'View: Logs', 'Open folder']
  for (const theme of ['dark', 'light', 'high contrast']) {
    test(`axe finds nothing serious on any page in the ${theme} theme`, async () => {
      await palette(`theme: ${theme}`)
      await until(themeNow, theme === 'high contrast' ? 'contrast' : theme)
      const faults: string[] = []
      const look = async (where: string) => faults.push(...(await seriousFaults(page)).map((f) => `${where}: ${f}`))
      for (const name of pages) {
        await palette(name)
        await page.getByRole('tabpanel').filter({ visible: true }).first().locator('h1, [role="log"], .empty').first().waitFor()
        await look(name)
      }
      await find('model', 'model.py')
      await editor().waitFor()
      await look('text file')
      await find('first', 'first.ipynb')
      await page.locator('[data-cell="b"]').waitFor()
      await look('notebook')
      await page.keyboard.press('Control+K')
      await pick().getByRole('option').first().waitFor()
      await look('find')
      await page.keyboard.press('Escape')
      for (const panel of ['view: terminal', 'view: problems', 'view: logs in the panel', 'view: search in files']) {
        await palette(panel)
        await look(panel)
      }
      expect(faults).toEqual([])
    })
  }

  test('the page refuses script that is not ours', async () => {
    // In a task of its own: what the debugger evaluates directly is not held to the page's policy.
    const ran = await page.evaluate(
      () =>
        new Promise<string>((resolve) =>
          setTimeout(() => {
            try {
              resolve(String(new Function('return 1')()))
            } catch (error) {
              resolve((error as Error).name)
            }
          }),
        ),
    )
    expect(ran).toBe('EvalError')
    const html = await page.evaluate(() => {
      try {
        document.createElement('div').innerHTML = '<img src=x onerror=alert(1)>'
        return 'taken'
      } catch (error) {
        return (error as Error).name
      }
    })
    expect(html).toBe('TypeError')
    world.complaints.length = 0
  })
})
