// A million prints of a cell, from the key that runs it to the frame that shows its last line, beside `python | cat`; what it does to the
// window meanwhile; and that every byte of it, and of 100 MB more, is kept and found.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CDPSession, Page } from 'playwright-core'
import { stateWhen } from '../worlds/engine.ts'
import { basePython } from '../worlds/python.ts'
import { type Figure, fixed, interleaved, ratioFigure, series } from './measure.ts'
import { writeCells } from './window-notebooks.ts'
import { openFromTree, pagePssMb, type WindowRig, within } from './window-rig.ts'
import { mainThreadTasks } from './window-trace.ts'

const shell = promisify(execFile)
const FLOOD = 'for i in range(10**6): print(i)'
const FLOOD_LINE = (i: number) => `${i}\n`
const LARGE = "for i in range(10**6): print(f'{i:099d}')"
const LARGE_LINE = (i: number) => `${String(i).padStart(99, '0')}\n`
const FILE = 'flood.ipynb'

export const writeFloodFiles = (folder: string): void =>
  writeCells(join(folder, FILE), { warm: '1 + 1', flood: FLOOD, large: LARGE })

export async function floodFigures(rig: WindowRig): Promise<Figure[]> {
  const page = await rig.window()
  await openFromTree(page, FILE)
  const { notebook } = await rig.link.call('notebook.open', { path: FILE })
  const session = await page.context().newCDPSession(page)
  await run(page, 'warm', '2')
  await page.waitForTimeout(2000)

  const python = basePython()
  const beforeMb = await pagePssMb(rig.browser, session)
  const blocked: number[] = []
  const gaps: number[] = []
  const peaksMb: number[] = []
  const ours = async (): Promise<number> => {
    await page.evaluate(() => bench.record())
    const watch = watchMemory(rig, peaksMb)
    const ms = await run(page, 'flood', '999999')
    await watch()
    const got = await page.evaluate(() => {
      bench.recording = false
      return { gaps: bench.gapsMs, tasks: bench.tasksMs }
    })
    blocked.push(Math.max(0, ...got.tasks))
    gaps.push(...got.gaps)
    await shownIsRight(page, 'flood')
    await keptIsRight(rig, notebook, 'flood', FLOOD_LINE)
    return ms
  }
  const plain = async (): Promise<number> => {
    const from = performance.now()
    await shell('sh', ['-c', `"${python}" -c "${FLOOD}" | cat > /dev/null`])
    return performance.now() - from
  }
  const flood = await interleaved(6, 1, ours, plain)
  const afterMb = await pagePssMb(rig.browser, session)
  const frames = series(gaps)
  const worked: number[] = []
  for (let i = 0; i < 3; i++) {
    const tasks = await mainThreadTasks(rig.browser, () => run(page, 'flood', '999999'))
    worked.push(Math.max(...tasks.map((t) => t.cpuMs)))
  }
  const figures: Figure[] = [
    ratioFigure('10^6 prints in a notebook', flood.a, flood.b, 'python | cat', 'ms'),
    {
      name: 'window blocked by 10^6 prints',
      value: Math.max(...worked),
      unit: 'ms',
      detail: `work of the longest task in each run ${worked.map(fixed).join(' ')}; by the clock, with waits for a core, ${blocked.map(fixed).join(' ')} (0: below 50); frames p50 ${fixed(frames.p50)} p95 ${fixed(frames.p95)} max ${fixed(frames.max)} ms`,
    },
    {
      name: 'window grows by 10^6 prints',
      value: afterMb - beforeMb,
      unit: 'MB',
      detail: `${fixed(beforeMb)} to ${fixed(afterMb)} MB after ${flood.a.length + 1} runs; ${fixed(Math.max(...peaksMb))} at most while one runs`,
    },
    await largeFigure(rig, page, session, notebook),
  ]
  await page.close()
  return figures
}

/** Runs a cell by its keys; ms until the frame that says it is done and shows `last`. */
async function run(page: Page, cell: string, last: string): Promise<number> {
  await page.locator(`[data-cell="${cell}"]:visible .cell-number`).click()
  await page.waitForFunction((id) => (document.activeElement as HTMLElement | null)?.dataset['cell'] === id, cell)
  await page.evaluate(
    ([id, text]) => {
      const row = () => document.querySelector<HTMLElement>(`[data-cell="${id}"]`)
      const done = () =>
        row()?.classList.contains('done') === true && row()?.querySelector('.cell-outputs')?.textContent?.includes(text)
      const asked = new Promise<number>((resolve) =>
        addEventListener('keydown', (e) => e.key === 'Enter' && resolve(e.timeStamp), true),
      )
      Object.assign(globalThis, {
        running: asked.then(async (from) => {
          // First it must have begun: what is there is the run before.
          await bench.painted(() => done() !== true)
          return (await bench.painted(() => done() === true)) - from
        }),
      })
    },
    [cell, last] as const,
  )
  await page.keyboard.down('Control')
  await page.keyboard.press('Enter')
  await page.keyboard.up('Control')
  return within(
    page.evaluate(() => (globalThis as unknown as { running: Promise<number> }).running),
    120_000,
    `${cell} did not end`,
  )
}

/** The lines on the screen are consecutive and end with the last one. */
async function shownIsRight(page: Page, cell: string): Promise<void> {
  const lines = await page.evaluate(
    (id) => [...document.querySelectorAll(`[data-cell="${id}"] .log-line`)].map((el) => Number(el.textContent)),
    cell,
  )
  const from = 10 ** 6 - lines.length
  if (lines.length < 10 || lines.some((n, i) => n !== from + i)) throw new Error(`shown are the lines ${lines.join(' ')}`)
}

/** Reads the whole output back by the calls that a window has, and compares its digest with that of what was printed. */
async function keptIsRight(rig: WindowRig, notebook: string, cell: string, line: (i: number) => string): Promise<string> {
  const stream = (outputs: readonly { readonly type: string }[] | undefined) => {
    const first = outputs?.[0] as { content: { bytes: number; lines: number; log?: { id: string } } } | undefined
    return outputs?.length === 1 ? first?.content : undefined
  }
  const state = await stateWhen(rig.link, 'notebook', { notebook }, (s) => stream(s.cells[cell]?.outputs)?.lines === 10 ** 6)
  const content = stream(state.cells[cell]?.outputs)
  if (content?.log === undefined) throw new Error(`${cell} has no log`)
  const kept = createHash('sha256')
  let bytes = 0
  for (let from = 0; from < 10 ** 6; ) {
    const read = await rig.link.call('logs.read', { log: content.log.id, from, count: 5000 })
    if (read.lines.length === 0) throw new Error(`${cell} ends at line ${from}`)
    const text = `${read.lines.join('\n')}\n`
    bytes += text.length
    kept.update(text)
    from += read.lines.length
  }
  const printed = createHash('sha256')
  for (let i = 0; i < 10 ** 6; i++) printed.update(line(i))
  if (bytes !== content.bytes || kept.digest('hex') !== printed.digest('hex'))
    throw new Error(`${cell}: ${bytes} bytes are kept, ${content.bytes} were said; they are not what was printed`)
  return content.log.id
}

async function largeFigure(rig: WindowRig, page: Page, session: CDPSession, notebook: string): Promise<Figure> {
  const beforeMb = await pagePssMb(rig.browser, session)
  await page.evaluate(() => bench.record())
  const ms = await run(page, 'large', LARGE_LINE(999_999).trim())
  const longest = await page.evaluate(() => Math.max(0, ...bench.tasksMs))
  const log = await keptIsRight(rig, notebook, 'large', LARGE_LINE)
  const from = performance.now()
  const found = await rig.link.call('logs.search', { log, query: LARGE_LINE(999_999).trim(), caseSensitive: true })
  const searchMs = performance.now() - from
  if (found.total !== 1 || found.lines[0] !== 999_999) throw new Error(`the last line of 100 MB was found ${found.total} times`)
  return {
    name: '100 MB of output: every byte kept and findable',
    value: 1,
    unit: 'yes',
    detail: `printed and shown in ${fixed(ms)} ms, last line found in ${fixed(searchMs)} ms, longest task ${fixed(longest)} ms, window grew ${fixed((await pagePssMb(rig.browser, session)) - beforeMb)} MB`,
  }
}

/** Notes the page's memory a few times a second until told to stop. */
function watchMemory(rig: WindowRig, peaksMb: number[]): () => Promise<void> {
  let on = true
  const going = (async () => {
    while (on) {
      peaksMb.push(await pagePssMb(rig.browser))
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  })()
  return () => {
    on = false
    return going
  }
}
