// A real engine with a folder of its own and a real Chromium that is signed in to it: what every end-to-end story starts from.
// The window must be built (`npm run build`; `npm test` does it first).
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { CHROMIUM_FLAGS } from '../worlds/chromium-flags.ts'
import { basePython, chromium as findBrowser } from '../worlds/python.ts'

const root = join(import.meta.dirname, '..', '..')

export type WindowWorld = {
  /** The workspace: trusted from the start. */
  readonly folder: string
  readonly context: BrowserContext
  /** Everything the pages complained about: errors of scripts and violations of the policy. */
  readonly complaints: string[]
  open(size?: { width: number; height: number }): Promise<Page>
  /** After a story: closes its pages; when it failed, their pictures go to test/results first. */
  tidy(failed: string | undefined): Promise<void>
  close(): Promise<void>
}

export type Cell = { readonly id: string; readonly kind?: 'code' | 'markdown' | 'raw'; readonly source: string }

export function writeNotebook(path: string, cells: readonly Cell[]): void {
  const written = cells.map(({ id, kind = 'code', source }) => ({
    cell_type: kind,
    id,
    metadata: {},
    source: source.split(/(?<=\n)/),
    ...(kind === 'code' ? { execution_count: null, outputs: [] } : {}),
  }))
  const metadata = {
    kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
    language_info: { name: 'python' },
  }
  writeFileSync(path, `${JSON.stringify({ cells: written, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`)
}

export async function makeWindowWorld(): Promise<WindowWorld> {
  if (!existsSync(join(root, 'dist', 'renderer', 'index.html')))
    throw new Error('The window is not built: run `npm run build` first.')
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'uw-')))
  const folder = join(home, 'work')
  mkdirSync(folder)
  const engine = startEngine(home, folder)
  const url = await addressOf(engine)
  const found = findBrowser()
  if (found === undefined) throw new Error('There is no Chromium here; UPDRAFT_CHROMIUM may name one.')
  const browser: Browser = await chromium.launch({ executablePath: found, args: CHROMIUM_FLAGS })
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const complaints: string[] = []
  const listen = (page: Page): void => {
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message))
    page.on('console', (m) => {
      if (m.type() === 'error') complaints.push(m.text())
    })
  }
  let address = url
  const open = async (size?: { width: number; height: number }): Promise<Page> => {
    const page = await context.newPage()
    if (size !== undefined) await page.setViewportSize(size)
    listen(page)
    await page.goto(address)
    address = new URL('/', url).href
    await page.waitForSelector('[data-part]', { timeout: 30_000 })
    return page
  }
  const first = await open()
  // Trust the folder as the user would.
  await first.getByRole('button', { name: 'Trust this folder' }).click()
  await first.getByRole('button', { name: 'Trust this folder' }).waitFor({ state: 'detached' })
  await first.close()
  return {
    folder,
    context,
    complaints,
    open,
    tidy: async (failed) => {
      let n = 0
      for (const page of context.pages()) {
        const name = `${failed?.replace(/\W+/g, '-').slice(0, 60)}-${++n}.png`
        if (failed !== undefined) await page.screenshot({ path: join(root, 'test', 'results', name) }).catch(() => {})
        await page.close()
      }
    },
    close: async () => {
      await browser.close()
      const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()))
      engine.kill('SIGTERM')
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 15_000).unref())])
      endAllOf(join(home, 'updraft'))
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Kernels, outpost and Ray outlive their engine by design: what this world started is known by its own UPDRAFT_HOME, and ends with it. */
function endAllOf(updraftHome: string): void {
  if (process.platform !== 'linux') return
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`UPDRAFT_HOME=${updraftHome}`))
        process.kill(Number(pid), 'SIGKILL')
    } catch {
      // Gone already, or somebody else's.
    }
  }
}

function startEngine(home: string, folder: string): ChildProcess {
  return spawn(
    process.execPath,
    [join(root, 'engine', 'main.ts'), folder, '--browser', '--no-open', '--port', '0', '--foreground'],
    {
      cwd: folder,
      // An outpost of a test ends with its kernels; nothing of it may stay behind.
      env: { ...process.env, UPDRAFT_HOME: join(home, 'updraft'), UPDRAFT_PYTHON: basePython() },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}

function addressOf(engine: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`The engine said no address within 60 s:\n${said}`)), 60_000)
    const hear = (chunk: Buffer): void => {
      said += String(chunk)
      const url = /http:\/\/\S+\/sign-in\/\S+/.exec(said)?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    }
    engine.stdout?.on('data', hear)
    engine.stderr?.on('data', hear)
    engine.once('exit', (code) => reject(new Error(`The engine ended with ${code}:\n${said}`)))
  })
}

/** Opens a notebook of the workspace from the tree and waits for its cells. */
export async function openNotebook(page: Page, name: string): Promise<void> {
  await page.getByText(name, { exact: true }).first().dblclick()
  await page.locator('.notebook .cell:visible').first().waitFor({ timeout: 30_000 })
}
export const cell = (page: Page, id: string) => page.locator(`[data-cell="${id}"]:visible`)
/** Ids in order, as the list shows them. */
export const cellIds = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.cells [data-cell]')]
      .filter((el) => el.checkVisibility())
      .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
      .map((el) => el.dataset['cell'] ?? ''),
  )
/** The text of a cell's outputs. */
export const outputs = async (page: Page, id: string): Promise<string> =>
  (await cell(page, id).locator('.cell-outputs').allInnerTexts()).join('\n')
