// Opening, scrolling and typing in a large notebook. Each opening is of another file: nothing of an earlier one is warm.
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { type Figure, fixed, series } from './measure.ts'
import { writeLargeOutputs, writeManyCells } from './window-notebooks.ts'
import { openFromTree, type WindowRig, within } from './window-rig.ts'

const OPENINGS = 6

export function writeOpenFiles(folder: string): void {
  for (let i = 0; i < OPENINGS; i++) writeManyCells(join(folder, `many-${i}.ipynb`), 12_345 + i)
  for (let i = 0; i < 3; i++) writeLargeOutputs(join(folder, `outputs-${i}.ipynb`))
}

const absolute = (name: string, values: readonly number[], pick: 'p50' | 'p95' = 'p50', more = ''): Figure => {
  const s = series(values)
  return {
    name,
    value: s[pick],
    unit: 'ms',
    detail: `p50 ${fixed(s.p50)} p95 ${fixed(s.p95)} max ${fixed(s.max)} ms, n ${s.n}${more}`,
  }
}

export async function openFigures(rig: WindowRig): Promise<Figure[]> {
  const page = await rig.window()
  const opened: number[] = []
  for (let i = 0; i < OPENINGS; i++) opened.push(await openFromTree(page, `many-${i}.ipynb`))
  const figures = [
    absolute('open 5,000 cells in an open window', opened.slice(1), 'p50', `; the first of all ${fixed(opened[0] ?? 0)}`),
  ]

  figures.push(await scroll(page))
  figures.push(await keys(page))
  figures.push(await navigation(page, `many-${OPENINGS - 1}`))

  const large: number[] = []
  for (let i = 0; i < 3; i++) large.push(await openFromTree(page, `outputs-${i}.ipynb`))
  figures.push(absolute('open 100 MB of text outputs', large))
  const webgl = await page.evaluate(() => bench.webgl)
  figures.push({
    name: 'no WebGL on software GL',
    value: webgl,
    unit: 'contexts',
    detail: 'asked for by the page in all of the above',
  })
  await page.close()
  return figures
}

/** The layout is remembered: a page that is loaded anew shows the notebook that was in front. */
async function navigation(page: Page, title: string): Promise<Figure> {
  await page.waitForTimeout(2000)
  const times: number[] = []
  for (let i = 0; i < 6; i++) {
    await page.reload({ waitUntil: 'commit' })
    times.push(
      await within(
        page.evaluate((t) => bench.painted(() => bench.list(t) !== undefined), title),
        60_000,
        'no cells after a reload',
      ),
    )
  }
  return absolute('open 5,000 cells from navigation', times)
}

async function scroll(page: Page): Promise<Figure> {
  await page.evaluate(() => bench.record())
  const session = await page.context().newCDPSession(page)
  for (const yDistance of [-24_000, 12_000])
    await session.send('Input.synthesizeScrollGesture', { x: 800, y: 500, yDistance, speed: 4000, gestureSourceType: 'mouse' })
  const { gaps, top, tasks } = await page.evaluate(() => {
    bench.recording = false
    const top = [...document.querySelectorAll('.cells')].find((el) => el.checkVisibility())?.scrollTop
    return { gaps: bench.gapsMs, top: top ?? 0, tasks: bench.tasksMs }
  })
  await session.detach()
  if (top < 5000) throw new Error(`the wheel did not scroll the cells: they are at ${top} px`)
  return absolute('scroll p95', gaps, 'p95', `; long tasks ${tasks.length}, longest ${fixed(Math.max(0, ...tasks))}`)
}

async function keys(page: Page): Promise<Figure> {
  const id = await page.evaluate(() => {
    const seen = [...document.querySelectorAll<HTMLElement>('.cell.kind-code')].filter((c) => {
      const { top } = c.querySelector('.code')?.getBoundingClientRect() ?? { top: 0 }
      return c.checkVisibility() && top > 150 && top < 700
    })
    return seen[0]?.dataset['cell'] ?? ''
  })
  const box = page.locator(`[data-cell="${id}"]:visible`)
  await box
    .locator('.code')
    .first()
    .click({ position: { x: 40, y: 8 } })
  await box.locator('.monaco-editor').waitFor({ timeout: 30_000 })
  await page.waitForTimeout(500)
  await page.evaluate(() => {
    const times: number[] = []
    Object.assign(globalThis, { keyTimes: times })
    addEventListener(
      'keydown',
      (e) =>
        requestAnimationFrame(() => {
          const c = new MessageChannel()
          c.port1.onmessage = () => times.push(performance.now() - e.timeStamp)
          c.port2.postMessage(0)
        }),
      true,
    )
  })
  const text = 'for i in range(10): total += compute(i, "value")  # typed live'
  await page.keyboard.press('End')
  await page.keyboard.type(text + text, { delay: 35 })
  await page.waitForTimeout(300)
  const times = await page.evaluate(() => (globalThis as unknown as { keyTimes: number[] }).keyTimes)
  await page.keyboard.press('Escape')
  return absolute('key p95', times.slice(5), 'p95')
}
