// A second start (everything is set up) from the command to the painted page, beside a blank page that ten lines of Node serve: both with
// their process, both in a fresh context of one browser.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext } from 'playwright-core'
import { basePython } from '../worlds/python.ts'
import { type Figure, interleaved, ratioFigure } from './measure.ts'
import { launchBrowser } from './window-rig.ts'

const launcher = join(import.meta.dirname, '..', '..', 'updraft.mjs')
const BLANK = `
import { createServer } from 'node:http'
const page = '<!doctype html><title>blank</title><body><main data-part="blank">blank</main>'
const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html')
  response.end(page)
})
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port + '/'))
`

export async function startFigures(): Promise<Figure[]> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'us-')))
  const work = join(home, 'work')
  mkdirSync(work)
  mkdirSync(join(home, 'config'))
  writeFileSync(join(home, 'config', 'settings.json'), JSON.stringify({ 'ray.autoStart': false, 'kernel.spare': false }))
  writeFileSync(join(home, 'blank.mjs'), BLANK)
  const env = { ...process.env, UPDRAFT_HOME: home, UPDRAFT_BASE_PYTHON: basePython() }
  const browser = await launchBrowser()
  try {
    const ours = () => timed(browser, [launcher, 'start', '--browser', '--no-open', '--port', '0', work], work, env)
    const blank = () => timed(browser, [join(home, 'blank.mjs')], work, env)
    const both = await interleaved(10, 2, ours, blank)
    return [ratioFigure('second start against a blank page', both.a, both.b, 'a blank page and its server', 'ms')]
  } finally {
    await browser.close()
    rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

async function timed(browser: Browser, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  const context = await browser.newContext()
  const page = await context.newPage()
  const from = performance.now()
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await page.goto(await addressOf(child), { waitUntil: 'commit' })
    await page.waitForFunction(() => document.querySelector('[data-part]') !== null, undefined, { timeout: 60_000 })
    await page.evaluate(
      () =>
        new Promise((resolve) =>
          requestAnimationFrame(() => {
            const c = new MessageChannel()
            c.port1.onmessage = resolve
            c.port2.postMessage(0)
          }),
        ),
    )
    return performance.now() - from
  } finally {
    await end(context, child)
  }
}

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`no address within 60 s:\n${said}`)), 60_000)
    const hear = (chunk: Buffer): void => {
      said += String(chunk)
      const url = /http:\/\/\S+/.exec(said.slice(0, said.lastIndexOf('\n') + 1))?.[0]
      if (url === undefined) return
      clearTimeout(timer)
      resolve(url)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`it ended with ${code}:\n${said}`))
    })
  })
}

async function end(context: BrowserContext, child: ChildProcess): Promise<void> {
  await context.close()
  if (child.exitCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await ended
  clearTimeout(timer)
}
