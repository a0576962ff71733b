// Fifteen tasks by keyboard alone: nothing here presses, hovers or focuses by mouse, and nothing is filled in but by keys. What F6, the
// tree, terminals and the palette do is in frame.spec.ts.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Cell, cell, cellIds, makeWindowWorld, outputs, type WindowWorld, writeNotebook } from './window-world.ts'

let world: WindowWorld
let page: Page
let count = 0

beforeAll(async () => {
  world = await makeWindowWorld()
}, 120_000)
afterAll(() => world?.close())
beforeEach(async () => {
  page = await world.open()
  page.setDefaultTimeout(30_000)
})
afterEach((context) => world?.tidy(context.task.result?.state === 'fail' ? context.task.name : undefined))

/** The first kernel of an engine waits for Ray: on a busy machine that is most of a minute. */
const WAIT = { timeout: 100_000, interval: 50 }
const press = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key)
}
const pick = () => page.locator('.pick')
const find = async (words: string, title: string | RegExp): Promise<void> => {
  await press('Control+k')
  await pick().getByRole('combobox').waitFor()
  await page.keyboard.type(words)
  await pick().getByRole('option', { name: title, selected: true }).waitFor()
  await press('Enter')
  await pick().waitFor({ state: 'detached' })
}
const command = async (words: string, title: string | RegExp): Promise<void> => {
  await press('Control+Shift+p')
  await pick().getByRole('combobox').waitFor()
  await page.keyboard.type(words)
  await pick().getByRole('option', { name: title, selected: true }).waitFor()
  await press('Enter')
  await pick().waitFor({ state: 'detached' })
}
/** A notebook of its own, opened by its name; its first cell has the focus. */
const notebook = async (cells: readonly Cell[]): Promise<string> => {
  const name = `keys-${++count}.ipynb`
  writeNotebook(join(world.folder, name), cells)
  await expect.poll(() => page.getByRole('treeitem', { name }).count(), WAIT).toBe(1)
  await find(name, name)
  await focusOn(cells[0]?.id ?? '')
  return name
}
const focusOn = (id: string): Promise<unknown> =>
  page.waitForFunction((c) => (document.activeElement as HTMLElement | null)?.dataset['cell'] === c, id)
const source = (id: string) => cell(page, id).locator('.cell-box').innerText()
/** Presses Tab until the focus is on a control of this name. */
const tabTo = async (name: string): Promise<void> => {
  for (let i = 0; i < 80; i++) {
    const here = await page.evaluate(() => {
      const el = document.activeElement as HTMLElement | null
      const labels = (el as HTMLInputElement | null)?.labels
      return el?.getAttribute('aria-label') ?? labels?.[0]?.innerText ?? el?.innerText ?? ''
    })
    if (here.trim().startsWith(name)) return
    await press('Tab')
  }
  throw new Error(`80 presses of Tab did not reach "${name}"`)
}

describe('by keyboard alone', () => {
  test('1. a file is found by its name and opened', async () => {
    const name = await notebook([{ id: 'a', source: 'x = 1' }])
    await page.getByRole('tab', { name, selected: true }).waitFor()
  })

  test('2. a folder is trusted', async () => {
    await command('trust of this folder', /Trust of this folder/)
    await tabTo('Stop trusting')
    await press('Enter')
    await page.getByText('Until you trust it nothing of this folder runs').waitFor()
    await tabTo('Trust this folder')
    await press('Enter')
    await page.getByRole('button', { name: 'Trust this folder' }).waitFor({ state: 'detached' })
  })

  test('3. a cell is run, and the next one is chosen', async () => {
    await notebook([
      { id: 'a', source: '6 * 7' },
      { id: 'b', source: '' },
    ])
    await press('Shift+Enter')
    await focusOn('b')
    await expect.poll(() => outputs(page, 'a'), WAIT).toBe('42')
  })

  test('4. all cells are run', async () => {
    await notebook([
      { id: 'a', source: 'n = 3' },
      { id: 'b', source: 'print(n + 1)' },
    ])
    await command('run all cells', /^Run all cells( |$)|Notebook.*Run all cells$|Run all cells/)
    await expect.poll(() => outputs(page, 'b'), WAIT).toBe('4')
  })

  test('5. a running cell is interrupted', async () => {
    await notebook([{ id: 'a', source: 'import time\nprint("on", flush=True)\ntime.sleep(600)' }])
    await press('Control+Enter')
    await expect.poll(() => outputs(page, 'a'), WAIT).toContain('on')
    await press('i', 'i')
    await expect.poll(() => outputs(page, 'a'), WAIT).toContain('KeyboardInterrupt')
  })

  test('6. the kernel is restarted, and its variables are gone', async () => {
    await notebook([{ id: 'a', source: 'print("kept" if "k" in globals() else "new"); k = 1' }])
    await press('Control+Enter')
    await expect.poll(() => outputs(page, 'a'), WAIT).toBe('new')
    await press('Control+Enter')
    await expect.poll(() => outputs(page, 'a'), WAIT).toBe('kept')
    await press('0', '0')
    await page.getByRole('dialog').waitFor()
    await press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await focusOn('a')
    await press('Control+Enter')
    await expect.poll(() => outputs(page, 'a'), WAIT).toBe('new')
  })

  test('7. cells are inserted above and below, and written', async () => {
    await notebook([{ id: 'a', source: 'middle' }])
    await press('b')
    await expect.poll(() => cellIds(page).then((ids) => ids.length), WAIT).toBe(2)
    await press('Enter')
    await page.keyboard.type('last = 1')
    await press('Escape', 'k')
    await focusOn('a')
    await press('a')
    await expect.poll(() => cellIds(page).then((ids) => ids.length), WAIT).toBe(3)
    await press('Enter')
    await page.keyboard.type('first = 1')
    await press('Escape')
    const texts = async () => Promise.all((await cellIds(page)).map((id) => source(id)))
    await expect.poll(texts, WAIT).toEqual(['first = 1', 'middle', 'last = 1'])
  })

  test('8. a cell is moved', async () => {
    await notebook([
      { id: 'a', source: '1' },
      { id: 'b', source: '2' },
      { id: 'c', source: '3' },
    ])
    await press('Control+Shift+ArrowDown')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['b', 'a', 'c'])
    await press('Control+Shift+ArrowUp')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['a', 'b', 'c'])
  })

  test('9. cells are chosen together, deleted, and the deletion is undone', async () => {
    await notebook([
      { id: 'a', source: '1' },
      { id: 'b', source: '2' },
      { id: 'c', source: '3' },
    ])
    await press('Shift+ArrowDown', 'd', 'd')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['c'])
    await press('z')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['a', 'b', 'c'])
  })

  test('10. a cell is split at the cursor, and its parts are merged', async () => {
    await notebook([{ id: 'a', source: 'one\ntwo' }])
    await press('Enter')
    await cell(page, 'a').locator('.view-lines').waitFor()
    await press('Control+Home', 'End', 'Control+Shift+-')
    await expect.poll(() => cellIds(page).then((ids) => ids.length), WAIT).toBe(2)
    await expect.poll(() => source('a'), WAIT).toBe('one')
    await press('Escape', 'Shift+ArrowUp', 'Shift+M')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['a'])
    await expect.poll(() => source('a'), WAIT).toBe('one\n\ntwo')
  })

  test('11. a cell becomes text and is shown as it will be read', async () => {
    await notebook([{ id: 'a', source: 'Some *words*' }])
    await press('m', 'Control+Enter')
    await expect.poll(() => cell(page, 'a').locator('.markdown em').innerText(), WAIT).toBe('words')
  })

  test('12. a section is collapsed and opened', async () => {
    await notebook([
      { id: 'a', kind: 'markdown', source: '# Part' },
      { id: 'b', source: '1' },
      { id: 'c', source: '2' },
    ])
    await press('ArrowLeft')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['a'])
    expect(await cell(page, 'a').innerText()).toContain('2 cells folded')
    await press('ArrowRight')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['a', 'b', 'c'])
  })

  test('13. a word is found and replaced in all cells, and saved', async () => {
    const name = await notebook([
      { id: 'a', source: 'alpha = 1' },
      { id: 'b', source: 'alpha + 1' },
    ])
    await press('Control+h')
    await page.keyboard.type('alpha')
    await expect.poll(() => page.locator('.find-count:visible').innerText(), WAIT).toContain('2')
    await tabTo('Replace by')
    await page.keyboard.type('beta')
    await tabTo('Replace all')
    await press('Enter')
    await expect.poll(() => source('b'), WAIT).toBe('beta + 1')
    await press('Escape', 'Control+s')
    await expect.poll(() => readFileSync(join(world.folder, name), 'utf8'), WAIT).toContain('"beta = 1"')
  })

  test('14. a question of a cell is answered', async () => {
    await notebook([{ id: 'a', source: 'print("hi", input("Name? "))' }])
    await press('Control+Enter')
    await cell(page, 'a').locator('.input-box input').waitFor({ timeout: 100_000 })
    await tabTo('Name?')
    await page.keyboard.type('Ada')
    await press('Enter')
    await expect.poll(() => outputs(page, 'a'), WAIT).toContain('hi Ada')
  })

  test('15. tabs are switched and closed, and the theme is changed in the settings', async () => {
    const theme = () => page.evaluate(() => document.documentElement.dataset['theme'])
    const name = await notebook([{ id: 'a', source: '1' }])
    await press('Control+,')
    await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor()
    await tabTo('Theme')
    const before = await theme()
    await press('c')
    await expect.poll(theme, WAIT).toBe('contrast')
    // Out of the field first: in a field these keys belong to the field.
    await tabTo('Reset Theme')
    await press('Control+PageUp')
    await page.getByRole('tab', { name, selected: true }).waitFor()
    await press('Control+PageDown')
    await page.getByRole('tab', { name: 'Settings', selected: true }).waitFor()
    await press('Alt+w')
    await page.getByRole('tab', { name: 'Settings' }).waitFor({ state: 'detached' })
    await page.getByRole('tab', { name, selected: true }).waitFor()
    await command('theme: light', /light/i)
    await expect.poll(theme, WAIT).toBe(before)
  })

  test('nothing of it made an error of a script or broke the policy of the page', () => {
    expect(world.complaints.filter((c) => !/404|ERR_ABORTED/.test(c))).toEqual([])
  })
})
