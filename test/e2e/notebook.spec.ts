// The notebook in a real browser, on the real engine and a real kernel: one story after the other, as a user would do them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { cell, cellIds, makeWindowWorld, openNotebook, outputs, type WindowWorld, writeNotebook } from './window-world.ts'

let world: WindowWorld
beforeAll(async () => {
  world = await makeWindowWorld()
}, 120_000)
afterAll(() => world?.close())
afterEach((context) => world?.tidy(context.task.result?.state === 'fail' ? context.task.name : undefined))

/** The first kernel of an engine waits for Ray: on a busy machine that is most of a minute. */
const WAIT = { timeout: 100_000, interval: 50 }
const notebookOf = async (name: string, cells: Parameters<typeof writeNotebook>[1]): Promise<Page> => {
  writeNotebook(join(world.folder, name), cells)
  const page = await world.open()
  await openNotebook(page, name)
  return page
}
const onDisk = (name: string): { cells: { id: string; source: string[] | string }[] } =>
  JSON.parse(readFileSync(join(world.folder, name), 'utf8'))
const sourceOnDisk = (name: string, id: string): string => {
  const source = onDisk(name).cells.find((c) => c.id === id)?.source ?? ''
  return Array.isArray(source) ? source.join('') : source
}
/** Command mode on a cell. */
const choose = async (page: Page, id: string): Promise<void> => {
  await cell(page, id).locator('.cell-number').click()
  await page.waitForFunction((c) => (document.activeElement as HTMLElement | null)?.dataset['cell'] === c, id)
}

describe('a notebook in the window', () => {
  it('runs all its cells, asks with input() and shows each kind of output where it belongs', async () => {
    const page = await notebookOf('all.ipynb', [
      { id: 'title', kind: 'markdown', source: '# Title\n\n$x^2$' },
      { id: 'sum', source: 'print("hello")\n6 * 7' },
      { id: 'ask', source: 'name = input("Name? ")\nprint("hi", name)' },
      {
        id: 'html',
        source: 'from IPython.display import HTML\nHTML("<b>bold</b><script>document.body.append(\'script ran\')</script>")',
      },
      { id: 'wrong', source: '1 / 0' },
      { id: 'never', source: 'print("not reached")' },
    ])
    await page.locator('.notebook:visible').getByRole('button', { name: 'Run all cells' }).click()
    const field = cell(page, 'ask').locator('.input-box input')
    await field.waitFor({ timeout: 150_000 })
    await field.fill('Ada')
    await field.press('Enter')
    await expect.poll(() => outputs(page, 'wrong'), WAIT).toContain('ZeroDivisionError')
    expect(await outputs(page, 'sum')).toBe('hello\n42')
    expect(await outputs(page, 'ask')).toContain('hi Ada')
    await expect.poll(() => page.frames().length, WAIT).toBe(2)
    const frame = page.frames().find((f) => f !== page.mainFrame())
    await expect.poll(() => frame?.evaluate(() => document.body.innerText), WAIT).toContain('script ran')
    expect(new URL(frame?.url() ?? '').host).not.toBe(new URL(page.url()).host)
    expect(await frame?.evaluate(() => [self.origin, document.cookie].join()).catch(() => 'null,')).toBe('null,')
    await expect.poll(() => cell(page, 'never').locator('.lane').innerText(), WAIT).toContain('not run')
    await page.close()
  })

  it('interrupts a running cell, and starts anew after a restart', async () => {
    const page = await notebookOf('stop.ipynb', [
      { id: 'long', source: 'import time\nx = 1\nfor i in range(1000):\n    print(i, flush=True); time.sleep(0.05)' },
      { id: 'after', source: 'x' },
    ])
    await choose(page, 'long')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => outputs(page, 'long'), WAIT).toContain('\n3\n')
    await page.keyboard.press('i')
    await page.keyboard.press('i')
    await expect.poll(() => outputs(page, 'long'), WAIT).toContain('KeyboardInterrupt')
    await choose(page, 'after')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => outputs(page, 'after'), WAIT).toBe('1')
    await page.keyboard.press('0')
    await page.keyboard.press('0')
    await page.getByRole('button', { name: 'Restart', exact: true }).click()
    await expect.poll(() => page.locator('.kernel-chip:visible').innerText(), WAIT).toContain('idle')
    await choose(page, 'after')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => outputs(page, 'after'), WAIT).toContain('NameError')
    await page.close()
  })

  it('edits, inserts, splits, merges, moves and deletes by keys alone, and undoes it', async () => {
    const page = await notebookOf('keys.ipynb', [
      { id: 'one', source: 'a = 1\nb = 2' },
      { id: 'two', source: 'c = 3' },
    ])
    await choose(page, 'one')
    await page.keyboard.press('Enter')
    await page
      .locator('[data-cell="one"] .native-edit-context, [data-cell="one"] textarea')
      .first()
      .waitFor({ state: 'attached' })
    await page.keyboard.press('Control+Home')
    await page.keyboard.press('End')
    await page.keyboard.type('0')
    await expect.poll(() => cell(page, 'one').locator('.view-lines').innerText(), WAIT).toContain('10')
    await page.keyboard.press('Control+Shift+-')
    await expect.poll(() => cellIds(page).then((ids) => ids.length), WAIT).toBe(3)
    const [, split = ''] = await cellIds(page)
    await page.keyboard.press('Escape')
    await expect.poll(() => cell(page, split).locator('.cell-box').innerText(), WAIT).toBe('b = 2')
    await page.keyboard.press('Control+Shift+ArrowDown')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['one', 'two', split])
    await page.keyboard.press('k')
    await page.keyboard.press('Shift+ArrowUp')
    await page.keyboard.press('Shift+M')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['one', split])
    await expect.poll(() => cell(page, 'one').locator('.cell-box').innerText(), WAIT).toBe('a = 10\n\nc = 3')
    await page.keyboard.press('d')
    await page.keyboard.press('d')
    await expect.poll(() => cellIds(page), WAIT).toEqual([split])
    await page.keyboard.press('z')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['one', split])
    await page.keyboard.press('z')
    await page.keyboard.press('z')
    await page.keyboard.press('z')
    await expect.poll(() => cellIds(page), WAIT).toEqual(['one', 'two'])
    await expect.poll(() => cell(page, 'one').locator('.cell-box').innerText(), WAIT).toBe('a = 10\nb = 2')
    await page.keyboard.press('a')
    await page.keyboard.press('m')
    await page.keyboard.press('Enter')
    await page.keyboard.type('# Heading')
    await page.keyboard.press('Shift+Enter')
    await expect.poll(() => page.locator('.markdown h1:visible').innerText(), WAIT).toBe('Heading')
    await page.keyboard.press('Control+s')
    await expect.poll(() => onDisk('keys.ipynb').cells.length, WAIT).toBe(3)
    expect(sourceOnDisk('keys.ipynb', 'one')).toBe('a = 10\nb = 2')
    await page.close()
    const again = await world.open()
    await openNotebook(again, 'keys.ipynb')
    await expect.poll(() => again.locator('.markdown h1:visible').innerText(), WAIT).toBe('Heading')
    await again.close()
  })

  it('loses nothing and runs nothing twice when the page is reloaded in the middle of a run', async () => {
    const page = await notebookOf('reload.ipynb', [
      {
        id: 'flood',
        source:
          'import time\nopen("runs.txt", "a").write("x")\nfor i in range(60):\n    print("line", i, flush=True); time.sleep(0.05)',
      },
    ])
    await choose(page, 'flood')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => outputs(page, 'flood'), WAIT).toContain('line 5')
    await page.reload()
    await page.waitForSelector('[data-part]')
    if ((await page.locator('.notebook .cell:visible').count()) === 0) await openNotebook(page, 'reload.ipynb')
    await expect.poll(() => outputs(page, 'flood'), WAIT).toContain('line 59')
    const lines = (await outputs(page, 'flood')).split('\n').filter((l) => l.startsWith('line'))
    expect(lines).toEqual(Array.from({ length: 60 }, (_, i) => `line ${i}`))
    expect(readFileSync(join(world.folder, 'runs.txt'), 'utf8')).toBe('x')
    await page.close()
  })

  it('is the same in two windows while both type', async () => {
    const left = await notebookOf('two.ipynb', [
      { id: 'shared', source: 'middle' },
      { id: 'other', source: '' },
    ])
    const right = await world.open()
    await openNotebook(right, 'two.ipynb')
    const write = async (page: Page, key: string, text: string): Promise<void> => {
      await choose(page, 'shared')
      await page.keyboard.press('Enter')
      await cell(page, 'shared').locator('.native-edit-context, textarea').first().waitFor({ state: 'attached' })
      await page.keyboard.press(key)
      await page.keyboard.type(text, { delay: 5 })
    }
    await write(left, 'Control+Home', 'start ')
    await write(right, 'Control+End', ' end')
    const text = (page: Page) =>
      cell(page, 'shared')
        .locator('.view-lines')
        .innerText()
        .then((t) => t.replaceAll('\u00a0', ' '))
    await expect.poll(() => text(left), WAIT).toBe('start middle end')
    await expect.poll(() => text(right), WAIT).toBe('start middle end')
    await left.close()
    await right.close()
  })

  it('finds and replaces over cells', async () => {
    const page = await notebookOf('find.ipynb', [
      { id: 'a', source: 'alpha = 1\nprint(alpha)' },
      { id: 'b', source: 'beta = alpha + 1' },
    ])
    await choose(page, 'a')
    await page.keyboard.press('Control+h')
    await page.getByRole('textbox', { name: 'Find', exact: true }).fill('alpha')
    await expect.poll(() => page.locator('.find-count:visible').innerText(), WAIT).toContain('3')
    await page.getByRole('textbox', { name: 'Replace by' }).fill('gamma')
    await page.getByRole('button', { name: 'Replace all' }).click()
    await expect.poll(() => cell(page, 'b').locator('.cell-box').innerText(), WAIT).toBe('beta = gamma + 1')
    await page.close()
  })

  it('completes and explains names from the kernel', async () => {
    const page = await notebookOf('complete.ipynb', [
      { id: 'def', source: 'def very_special_name(x):\n    "Doubles x."\n    return 2 * x' },
      { id: 'use', source: '' },
      { id: 'more', source: 'print("before")\nvery_special_name??' },
    ])
    await choose(page, 'def')
    await page.keyboard.press('Shift+Enter')
    await expect.poll(() => cell(page, 'def').locator('.cell-count').innerText(), WAIT).toBe('[1]')
    await choose(page, 'use')
    await page.keyboard.press('Enter')
    await cell(page, 'use').locator('.native-edit-context, textarea').first().waitFor({ state: 'attached' })
    await page.keyboard.type('very_sp')
    // One Tab is enough, also when the kernel's completer must be loaded first: the widget says that it loads.
    await page.keyboard.press('Tab')
    const offers = page.locator('.updraft-overflow .suggest-widget.visible')
    await expect.poll(() => offers.innerText({ timeout: 1000 }).catch(() => ''), WAIT).toContain('very_special_name')
    await page.keyboard.press('Enter')
    await expect.poll(() => cell(page, 'use').locator('.view-lines').innerText(), WAIT).toContain('very_special_name')
    await page.keyboard.type('?')
    await page.keyboard.press('Control+Enter')
    const pager = page.locator('.pager:visible')
    await expect.poll(() => pager.innerText(), WAIT).toContain('Doubles x.')
    await page.keyboard.press('Escape')
    await pager.waitFor({ state: 'detached' })
    // What IPython itself answers with a page: here among other lines, and with the source.
    await choose(page, 'more')
    await page.keyboard.press('Control+Enter')
    await expect.poll(() => pager.innerText(), WAIT).toContain('return 2 * x')
    expect(await outputs(page, 'more')).toBe('before')
    await page.keyboard.press('Escape')
    await pager.waitFor({ state: 'detached' })
    await page.close()
  })

  it('loses no key that is typed before the editor is loaded', async () => {
    writeNotebook(join(world.folder, 'early.ipynb'), [
      { id: 'first', source: 'a = 1' },
      { id: 'second', source: '' },
    ])
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await world.context.route('**/monaco-setup*', async (route) => {
      await held
      await route.continue()
    })
    const page = await world.open()
    await openNotebook(page, 'early.ipynb')
    await choose(page, 'first')
    await page.keyboard.press('Enter')
    await page.keyboard.press('End')
    await page.keyboard.type('0\nb = a')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.type('+5')
    await expect.poll(() => cell(page, 'first').locator('pre.code').innerText(), WAIT).toBe('a = 1+50\nb = a')
    // The live editor takes over where the cursor is.
    expect(await cell(page, 'first').locator('.view-lines').count()).toBe(0)
    release()
    await cell(page, 'first').locator('.view-lines').waitFor()
    await page.keyboard.type('00')
    const lines = () =>
      cell(page, 'first')
        .locator('.view-lines')
        .innerText()
        .then((t) => t.replaceAll('\u00a0', ' '))
    await expect.poll(lines, WAIT).toBe('a = 1+5000\nb = a')
    await page.keyboard.press('Control+s')
    await expect.poll(() => sourceOnDisk('early.ipynb', 'first'), WAIT).toBe('a = 1+5000\nb = a')
    await world.context.unroute('**/monaco-setup*')
    await page.close()
  })

  it('breaks no rule of the page: no script error, no violation of the policy', () => {
    expect(world.complaints.filter((c) => !/404|ERR_ABORTED/.test(c))).toEqual([])
  })
})
