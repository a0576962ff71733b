// The pictures of the README: the first example, run to its end on a real Ray, in both themes. Only with UPDRAFT_PICTURES=1, because the
// files belong to the repository: `UPDRAFT_PICTURES=1 npm test -- test/e2e/pictures.spec.ts`.
import { copyFileSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWindowWorld, openNotebook, type WindowWorld } from './window-world.ts'

const root = join(import.meta.dirname, '..', '..')
const EXAMPLE = '01-hello-ray.ipynb'
const LIMIT_BYTES = 300_000
const wanted = process.env['UPDRAFT_PICTURES'] === '1'

let world: WindowWorld | undefined
beforeAll(async () => {
  if (!wanted) return
  world = await makeWindowWorld()
  for (const name of [EXAMPLE, '02-parallel-search.ipynb']) copyFileSync(join(root, 'examples', name), join(world.folder, name))
})
afterAll(() => world?.close())

test.skipIf(!wanted)(
  'the README shows the first example after its run, dark and light',
  async () => {
    if (world === undefined) throw new Error('no world')
    const page = await world.open({ width: 1440, height: 900 })
    await openNotebook(page, EXAMPLE)
    // A kernel that is born before Ray is up waits for it in its first cell: not what the picture is about.
    await page
      .getByRole('button', { name: /^Ray \d+ node/ })
      .first()
      .waitFor({ timeout: 120_000 })
    await page.locator('.notebook:visible').getByRole('button', { name: 'Run all cells' }).click()
    // The file is saved two seconds after the last change: then every cell has its output in it.
    const file = join(world.folder, EXAMPLE)
    const silent = () =>
      (JSON.parse(readFileSync(file, 'utf8')) as { cells: { cell_type: string; outputs?: unknown[] }[] }).cells.filter(
        (c) => c.cell_type === 'code' && c.outputs?.length === 0,
      ).length
    try {
      await expect.poll(silent, { timeout: 90_000, interval: 250 }).toBe(0)
    } finally {
      await page.screenshot({ path: join(root, 'test', 'results', 'picture.png') })
    }
    mkdirSync(join(root, 'docs', 'pictures'), { recursive: true })
    for (const theme of ['dark', 'light']) {
      await page.keyboard.press('Control+Shift+P')
      const pick = page.locator('.pick')
      await pick.getByRole('combobox').fill(`> theme: ${theme}`)
      await pick.getByRole('option').first().waitFor()
      await page.keyboard.press('Enter')
      await pick.waitFor({ state: 'detached' })
      await expect.poll(() => page.evaluate(() => document.documentElement.dataset['theme']), { timeout: 15_000 }).toBe(theme)
      // The focus goes from the button to the first code cell: no tooltip.
      await page.locator('[data-cell="6cfe5de2"]:visible .cell-number').click()
      // A notice that is going and the pointer's hover are no part of the picture.
      await page.mouse.move(1430, 500)
      await page
        .getByRole('status')
        .filter({ hasText: /\w/ })
        .first()
        .waitFor({ state: 'hidden', timeout: 10_000 })
        .catch(() => undefined)
      await page.evaluate(() => document.fonts.ready.then(() => undefined))
      const path = join(root, 'docs', 'pictures', `notebook-${theme}.png`)
      await page.screenshot({ path, animations: 'disabled', caret: 'hide' })
      expect(statSync(path).size).toBeLessThan(LIMIT_BYTES)
    }
  },
  240_000,
)
