// What the window's figures stand on: a real engine in folders of its own (test/worlds/engine.ts), a real Chromium signed in to it, probes
// that the page carries from its first script on, and the memory and main thread of its renderer as the system and Chromium see them.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import type { Link } from '../../engine/contract/link.ts'
import { EngineWorld } from '../worlds/engine.ts'
import { basePython, chromium as findBrowser } from '../worlds/python.ts'

const CHROMIUM = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function launchBrowser(): Promise<Browser> {
  const found = findBrowser()
  if (found === undefined) throw new Error('There is no Chromium here; UPDRAFT_CHROMIUM may name one.')
  return chromium.launch({ executablePath: found, args: CHROMIUM })
}

/** Waits in the page: `painted(test)` resolves with the time at which a frame that satisfies `test` was done. Serialised into the page. */
const PROBES = () => {
  const bench = {
    webgl: 0,
    gapsMs: [] as number[],
    tasksMs: [] as number[],
    recording: false,
    /** Begins to note frame gaps and long tasks. */
    record: () => {
      bench.gapsMs = []
      bench.tasksMs = []
      bench.recording = true
      let last = 0
      const frame = (t: number): void => {
        if (last > 0) bench.gapsMs.push(t - last)
        last = t
        if (bench.recording) requestAnimationFrame(frame)
      }
      requestAnimationFrame(frame)
    },
    painted: (test: () => boolean): Promise<number> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!test()) return void requestAnimationFrame(look)
          const c = new MessageChannel()
          c.port1.onmessage = () => resolve(performance.now())
          c.port2.postMessage(0)
        }
        requestAnimationFrame(look)
      }),
    /** The cell list of the notebook in front, when it shows cells of this title. */
    list: (title: string): HTMLElement | undefined =>
      [...document.querySelectorAll<HTMLElement>('.cells-space')].find(
        (s) => s.checkVisibility() && s.ariaLabel?.includes(title) && s.querySelector('.cell .code, .cell .markdown') !== null,
      ),
  }
  Object.assign(globalThis, { bench })
  new PerformanceObserver((list) => bench.tasksMs.push(...list.getEntries().map((e) => e.duration))).observe({
    type: 'longtask',
  })
  for (const canvas of [HTMLCanvasElement, OffscreenCanvas]) {
    const real = canvas.prototype.getContext as (...args: unknown[]) => unknown
    Object.assign(canvas.prototype, {
      getContext(this: unknown, ...args: unknown[]) {
        if (String(args[0]).includes('webgl')) bench.webgl++
        return real.apply(this, args)
      },
    })
  }
}
/** What PROBES puts into the page. */
export type Bench = {
  readonly webgl: number
  readonly gapsMs: number[]
  readonly tasksMs: number[]
  recording: boolean
  record(): void
  painted(test: () => boolean): Promise<number>
  list(title: string): HTMLElement | undefined
}
declare global {
  var bench: Bench
}

export type WindowRig = {
  readonly folder: string
  readonly link: Link
  readonly browser: Browser
  readonly context: BrowserContext
  /** A page with the app in it. */
  window(): Promise<Page>
  close(): Promise<void>
}

/** `prepare` writes what the folder shall hold before the engine looks at it. */
export async function windowRig(prepare: (folder: string) => void): Promise<WindowRig> {
  if (!existsSync(join(import.meta.dirname, '..', '..', 'dist', 'renderer', 'index.html')))
    throw new Error('The window is not built: run `npm run build` first.')
  const world = new EngineWorld(basePython())
  let browser: Browser | undefined
  try {
    prepare(world.work)
    const engine = await world.start(['--browser', '--no-open', '--port', '0', world.work])
    const link = world.link()
    await link.call('workspace.trust', { folder: world.work, trusted: true })
    browser = await launchBrowser()
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
    await context.addInitScript(PROBES)
    let address = engine.url
    const opened = browser
    return {
      folder: world.work,
      link,
      browser,
      context,
      window: async () => {
        const page = await context.newPage()
        await page.goto(address)
        address = new URL('/', engine.url).href
        await page.waitForSelector('[data-part]', { timeout: 60_000 })
        return page
      },
      close: async () => {
        await opened.close()
        await world.close()
      },
    }
  } catch (error) {
    await browser?.close()
    await world.close()
    throw error
  }
}

/** Opens a notebook from the tree; answers ms from the press that asks for it to the frame that shows its cells. */
export async function openFromTree(page: Page, name: string, timeoutMs = 120_000): Promise<number> {
  const entry = page.locator('[data-part="side"]').getByText(name, { exact: true }).first()
  await entry.waitFor({ timeout: 30_000 })
  await page.evaluate(
    ([title]) => {
      const asked = new Promise<number>((resolve) =>
        addEventListener('dblclick', (e) => resolve(e.timeStamp), { capture: true, once: true }),
      )
      Object.assign(globalThis, {
        opening: asked.then(async (from) => (await bench.painted(() => bench.list(title) !== undefined)) - from),
      })
    },
    [name.replace(/\.ipynb$/, '')] as const,
  )
  await entry.dblclick()
  return within(
    page.evaluate(() => (globalThis as unknown as { opening: Promise<number> }).opening),
    timeoutMs,
    `${name} was not painted`,
  )
}

export async function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** Proportional memory of the browser's largest page, MB. `collect`: after a garbage collection. */
export async function pagePssMb(browser: Browser, collect?: CDPSession): Promise<number> {
  await collect?.send('HeapProfiler.collectGarbage')
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  const sizes = processInfo.filter((p) => p.type === 'renderer').map((p) => pssKb(p.id))
  return Math.max(...sizes) / 1024
}

function pssKb(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
