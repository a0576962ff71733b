// The window is killed at 20 seeded instants while cells flood: `kill -9` of Chromium's renderer processes. Each cell appends a line to a file
// (a second run would show), and what the notebook shows afterwards is, byte for byte, what was printed.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FeedState } from '../../engine/contract/index.ts'
import type { Link } from '../../engine/contract/link.ts'
import { CHROMIUM_FLAGS } from '../worlds/chromium-flags.ts'
import { EngineWorld, stateWhen } from '../worlds/engine.ts'
import { basePython, chromium as findBrowser, need } from '../worlds/python.ts'
import { writeNotebook } from './window-world.ts'

const SEED = 20_261
const KILLS = 20
const LINES = 40_000
const ids = Array.from({ length: KILLS }, (_, i) => `k${i}`)
const code = (id: string) =>
  `with open('runs.txt', 'a') as f: f.write('${id}\\n')\nfor i in range(${LINES}): print(f'${id} {i:030d}')`
const printed = (id: string) => Array.from({ length: LINES }, (_, i) => `${id} ${String(i).padStart(30, '0')}\n`).join('')
const sha = (text: string) => createHash('sha256').update(text).digest('hex')

let world: EngineWorld
let browser: Browser | undefined
let link: Link

beforeAll(async () => {
  world = new EngineWorld(basePython())
  writeNotebook(
    join(world.work, 'flood.ipynb'),
    ids.map((id) => ({ id, source: code(id) })),
  )
})
afterAll(async () => {
  await browser?.close()
  await world.close()
})

/** Everything a stream output holds: inline, or read from its log as a window reads it. */
async function shown(cell: FeedState<'notebook'>['cells'][string] | undefined): Promise<string> {
  let text = ''
  for (const output of cell?.outputs ?? []) {
    if (output.type !== 'stream') continue
    if (output.content.log === undefined) text += output.content.text
    else {
      for (let from = 0; from < output.content.lines; ) {
        const got = await link.call('logs.read', { log: output.content.log.id, from, count: 5000 })
        if (got.lines.length === 0) break
        text += got.lines.map((l) => `${l}\n`).join('')
        from += got.lines.length
      }
    }
  }
  return text
}

test(`a window killed in a flood loses nothing and runs nothing twice (seed ${SEED}, ${KILLS} kills)`, async (context) => {
  const executable = need(context, findBrowser(), 'Chromium', 'apt install chromium')
  const engine = await world.start(['--no-open', '--port', '0', world.work])
  link = world.link()
  await link.call('workspace.trust', { folder: world.work, trusted: true })
  const { notebook } = await link.call('notebook.open', { path: join(world.work, 'flood.ipynb') })
  browser = await chromium.launch({
    executablePath: executable,
    args: CHROMIUM_FLAGS,
  })
  const windows = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const cdp = await browser.newBrowserCDPSession()
  let address = engine.url
  const open = async (): Promise<Page> => {
    const page = await windows.newPage()
    await page.goto(address)
    address = new URL('/', engine.url).href
    // Any cell: where the notebook was scrolled to is remembered too.
    const cells = page.locator('[data-cell]').first()
    const inTree = page.getByRole('treeitem', { name: 'flood.ipynb' })
    // The layout is remembered: from the second window on the notebook opens by itself.
    await cells.or(inTree.first()).first().waitFor({ timeout: 30_000 })
    if ((await cells.count()) === 0) await inTree.first().dblclick()
    await cells.waitFor({ timeout: 30_000 }).catch(async (error: unknown) => {
      await page.screenshot({ path: join(import.meta.dirname, '..', 'results', 'window-kills.png') })
      throw error
    })
    return page
  }
  let page = await open()
  let random = SEED
  for (const id of ids) {
    const { executions } = await link.call('notebook.run', { notebook, cells: [id], ids: [`once-${id}`] })
    expect(executions).toEqual([`once-${id}`])
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff
    await new Promise((r) => setTimeout(r, random % 250))
    const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
    for (const p of processInfo) if (p.type === 'renderer') process.kill(p.id, 'SIGKILL')
    // A window that comes back may ask again for what it had asked: the same id never runs a second time.
    await link.call('notebook.run', { notebook, cells: [id], ids: [`once-${id}`] })
    await page.close().catch(() => undefined)
    page = await open()
    const state = await stateWhen(link, 'notebook', { notebook }, (s) => s.cells[id]?.run?.state === 'done', 90_000)
    expect(`${id} ${sha(await shown(state.cells[id]))}`).toBe(`${id} ${sha(printed(id))}`)
  }
  expect(readFileSync(join(world.work, 'runs.txt'), 'utf8')).toBe(ids.map((id) => `${id}\n`).join(''))
  // And the window itself says how much there is.
  await page
    .locator('[data-cell]')
    .getByText(/40,000 lines|39,99\d|000000000000000000000000000000/)
    .first()
    .waitFor({ timeout: 20_000 })
}, 300_000)
