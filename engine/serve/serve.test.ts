// The door against everybody who should not come in: other names, other origins, spent and late addresses, made-up cookies, paths that climb.
// A real server on loopback, asked by plain sockets, because a browser or fetch would not send what an attacker sends.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { calls, feeds } from '../contract/index.ts'
import { createService } from '../contract/service.ts'
import { BlobStore } from '../live/blob-store.ts'
import { engineLog } from '../support/engine-log.ts'
import { foldersFor, makeFolders } from '../support/folders.ts'
import { Access, newIdentity } from './access.ts'
import { blobRoute, filesRoute } from './content-routes.ts'
import { type Door, openDoor } from './serve.ts'

let home = ''
let door: Door
let blobs: BlobStore
let cookie = ''

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string }

function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: door.port, path, method, headers: { host: door.access.host, ...headers } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

function knock(headers: Record<string, string>, path = '/wire'): Promise<string> {
  return new Promise((resolve) => {
    const ws = new WebSocket(`ws://127.0.0.1:${door.port}${path}`, { headers })
    ws.on('open', () => {
      ws.terminate()
      resolve('open')
    })
    ws.on('unexpected-response', (_request, response) => {
      ws.terminate()
      resolve(String(response.statusCode))
    })
    ws.on('error', () => resolve('closed'))
  })
}

const title = (answer: Answer) => `${answer.status} ${/<h1>(.*?)<\/h1>/.exec(answer.body)?.[1] ?? answer.body.slice(0, 80)}`
const signInPath = (path?: string) => new URL(door.access.signInUrl(path)).pathname

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'door-'))
  const folders = foldersFor({ UPDRAFT_HOME: home })
  await makeFolders(folders)
  const page = join(home, 'page')
  mkdirSync(join(page, 'assets'), { recursive: true })
  mkdirSync(join(page, 'sandbox'))
  writeFileSync(join(page, 'index.html'), '<!doctype html><title>Updraft</title>')
  writeFileSync(join(page, 'assets', 'main-abc.js'), 'console.log(1)')
  writeFileSync(join(page, 'sandbox', 'plot.js'), 'plot')
  writeFileSync(join(home, 'secret.txt'), 'secret')
  const work = join(home, 'work')
  mkdirSync(work)
  writeFileSync(join(work, 'a.png'), 'PNG')
  writeFileSync(join(work, 'notes.txt'), 'notes')
  symlinkSync(join(home, 'secret.txt'), join(work, 'link.png'))
  door = await openDoor({ folders, log: engineLog(folders.state), version: '0', pageFolder: page, port: 0 })
  blobs = new BlobStore({ folder: join(folders.data, 'blobs') })
  const service = createService({ calls: calls as Parameters<typeof createService>[0]['calls'], feeds, answers: {}, sources: {} })
  door.open(service, [blobRoute(blobs), filesRoute(() => work)], () => {})
  cookie = String((await ask(signInPath())).headers['set-cookie']).split(';')[0] ?? ''
})
afterAll(async () => {
  await door.close('test over')
  rmSync(home, { recursive: true, force: true })
})

test('an address signs in once, sets a strict cookie and leads to the clean address', async () => {
  const path = signInPath('/?open=a.ipynb')
  expect((await ask(path, {}, 'HEAD')).status).toBe(204)
  const first = await ask(path)
  expect([first.status, first.headers['location'], String(first.headers['set-cookie']).replace(/=[\w.-]+;/, '=…;')]).toEqual([
    303,
    '/?open=a.ipynb',
    'updraft=…; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000',
  ])
  expect(title(await ask(path))).toBe('401 This sign-in address was used already')
  expect(title(await ask('/sign-in/nonsense'))).toBe('401 This sign-in address is not known')
})

test('an address that leads elsewhere leads to the front page instead', async () => {
  for (const path of ['//evil.example', '/\\evil.example', 'https://evil.example', '/a\r\nset-cookie: x=1'])
    expect((await ask(signInPath(path))).headers['location']).toBe('/')
})

test('an address is good for 60 seconds, and a cookie for 30 days', () => {
  let nowMs = 1e12
  const access = new Access(newIdentity(nowMs), () => nowMs)
  const token = new URL(access.signInUrl()).pathname.slice('/sign-in/'.length)
  nowMs += 60_001
  expect(access.signIn(token)).toEqual({ ok: false, why: 'late' })
  const good = access.signIn(new URL(access.signInUrl()).pathname.slice('/sign-in/'.length))
  const request = { headers: { cookie: good.ok ? good.cookie : '' } } as Parameters<Access['hasCookie']>[0]
  expect(access.hasCookie(request)).toBe(true)
  nowMs += 30 * 24 * 3600_000
  expect(access.hasCookie(request)).toBe(false)
})

test('opened by a link of another site, the sign-in page moves on by itself, so that the strict cookie goes with it', async () => {
  const answer = await ask(signInPath(), { 'sec-fetch-site': 'cross-site' })
  expect([
    answer.status,
    answer.body.includes('http-equiv="refresh" content="0;url=/"'),
    answer.headers['set-cookie'] !== undefined,
  ]).toEqual([200, true, true])
})

test('only this instance is answered under, whatever name was bound to this machine', async () => {
  const { host, port } = { host: door.access.host, port: door.port }
  for (const name of [
    'evil.example',
    `127.0.0.1:${port}`,
    `localhost:${port}`,
    `evil.localhost:${port}`,
    host.split(':')[0] ?? '',
    `${host}.evil.example`,
    '',
  ])
    expect([name, title(await ask('/', { host: name, cookie }))]).toEqual([name, expect.stringMatching(/^(403 Not here|400 )/)])
})

test('without a cookie of ours there is nothing', async () => {
  const [body, mac] = [cookie.slice(0, cookie.lastIndexOf('.')), cookie.slice(cookie.lastIndexOf('.'))]
  const wrong = [
    '',
    'updraft=',
    'updraft=x.y.z',
    `${cookie}x`,
    `${body}x${mac}`,
    cookie.replace('updraft=', 'updraft2='),
    cookie.slice(0, -5),
  ]
  for (const one of wrong)
    for (const path of ['/', '/assets/main-abc.js', '/blob/x', '/files/a.png'])
      expect([one, path, title(await ask(path, { cookie: one }))]).toEqual([one, path, '401 Sign in to Updraft'])
  expect((await ask('/', { cookie: `other=1; ${cookie}` })).status).toBe(200)
})

test('the page carries the policy that Monaco and xterm run under, and assets named by hash are kept', async () => {
  const page = await ask('/', { cookie })
  expect([page.headers['cache-control'], page.headers['content-security-policy']]).toEqual([
    'no-cache',
    expect.stringMatching(
      /^default-src 'none'; script-src 'self'; .*frame-src http:\/\/updraft-\w+-out\.localhost:\d+;.*require-trusted-types-for 'script'/,
    ),
  ])
  expect(page.headers['content-security-policy']).not.toContain('unsafe-eval')
  expect((await ask('/assets/main-abc.js', { cookie })).headers['cache-control']).toContain('immutable')
  expect((await ask('/', { cookie, 'if-none-match': String(page.headers['etag']) })).status).toBe(304)
  expect((await ask('/notebook/of/somebody', { cookie })).body).toContain('<title>Updraft</title>')
})

test('no path climbs out of the page or the folder', async () => {
  const paths = [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '//etc/passwd.txt',
    '/files/../secret.txt',
    '/files/%2e%2e%2fsecret.txt',
    '/files//etc/passwd',
    '/files/link.png',
    '/files/notes.txt',
    '/files/a.png%00.txt',
    '/blob/../../secret.txt',
    '/blob/..%2f..%2fsecret.txt',
    '/sandbox/../../secret.txt',
  ]
  for (const path of paths) {
    const answer = await ask(path, { cookie })
    expect([path, answer.status, answer.body.includes('secret') && !answer.body.includes('<h1>')]).toEqual([
      path,
      expect.toSatisfy((s: number) => s === 404 || s === 400),
      false,
    ])
  }
  expect((await ask('/files/a.png', { cookie })).body).toBe('PNG')
})

test('a blob of HTML is a download, a picture is shown, and neither is a page of ours', async () => {
  const { blob } = await blobs.put('<script>alert(1)</script>')
  const html = await ask(`/blob/${blob}?type=text/html`, { cookie })
  expect([
    html.headers['content-type'],
    String(html.headers['content-disposition']).split(';')[0],
    html.headers['content-security-policy'],
    html.headers['x-content-type-options'],
  ]).toMatchInlineSnapshot(`
    [
      "application/octet-stream",
      "attachment",
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
      "nosniff",
    ]
  `)
  const svg = await ask(`/blob/${blob}?type=image/svg%2Bxml`, { cookie, range: 'bytes=0-6' })
  expect([svg.status, svg.body, svg.headers['content-type'], svg.headers['content-disposition']]).toEqual([
    206,
    '<script',
    'image/svg+xml',
    'inline',
  ])
  expect((await ask(`/blob/${blob}?type=text/html%0d%0ax:y&name=a%22%0d%0ab`, { cookie })).headers['content-disposition']).toBe(
    'attachment; filename="a___b"',
  )
})

test('the output site has its own name, no cookie, no way out, and only the app may frame it', async () => {
  const host = door.access.outHost
  const frame = await ask('/frame.html', { host })
  const policy = String(frame.headers['content-security-policy'])
  expect([
    frame.status,
    frame.headers['set-cookie'],
    policy.includes("connect-src 'none'"),
    policy.endsWith('sandbox allow-scripts'),
    policy.includes(`frame-ancestors ${door.access.origin};`),
  ]).toEqual([200, undefined, true, true, true])
  expect(String((await ask('/inert.html', { host })).headers['content-security-policy'])).toContain(
    `script-src ${door.access.outOrigin}/frame.js;`,
  )
  expect((await ask('/sandbox/plot.js', { host })).body).toBe('plot')
  for (const path of ['/', '/index.html', signInPath(), '/blob/x', '/files/a.png', '/assets/main-abc.js'])
    expect([path, (await ask(path, { host, cookie })).status]).toEqual([path, 404])
})

test('a wire opens for a signed-in window of exactly our origin, and for a program with the token', async () => {
  const { host, origin, outOrigin, outHost, token } = door.access
  const knocks: Record<string, Promise<string>> = {
    window: knock({ host, origin, cookie }),
    program: knock({ host, authorization: `Bearer ${token}` }),
    'no cookie': knock({ host, origin }),
    'other origin': knock({ host, origin: 'http://evil.example', cookie }),
    'no origin': knock({ host, cookie }),
    'null origin': knock({ host, origin: 'null', cookie }),
    'output frame': knock({ host, origin: outOrigin, cookie }),
    'other port': knock({ host, origin: origin.replace(/\d+$/, '1'), cookie }),
    'other host': knock({ host: `localhost:${door.port}`, origin, cookie }),
    'output host': knock({ host: outHost, origin, cookie }),
    'wrong token': knock({ host, authorization: `Bearer ${token}x` }),
    'page with the token': knock({ host, origin: 'http://evil.example', authorization: `Bearer ${token}` }),
    'other path': knock({ host, origin, cookie }, '/wire2'),
  }
  const said = await Promise.all(Object.entries(knocks).map(async ([who, answer]) => `${who}: ${await answer}`))
  expect(said).toMatchInlineSnapshot(`
    [
      "window: open",
      "program: open",
      "no cookie: 403",
      "other origin: 403",
      "no origin: 403",
      "null origin: 403",
      "output frame: 403",
      "other port: 403",
      "other host: 403",
      "output host: 403",
      "wrong token: 403",
      "page with the token: 403",
      "other path: 403",
    ]
  `)
})

test('a program gets a new address by its token, a page never does', async () => {
  const authorization = `Bearer ${door.access.token}`
  const answer = await ask('/sign-in', { authorization }, 'POST', '{"path":"/x"}')
  expect((await ask(new URL((JSON.parse(answer.body) as { url: string }).url).pathname)).headers['location']).toBe('/x')
  expect((await ask('/sign-in', { authorization, origin: door.access.origin }, 'POST')).status).toBe(401)
  expect((await ask('/sign-in', { cookie }, 'POST')).status).toBe(401)
  expect((await ask('/sign-in', { authorization }, 'POST', 'x'.repeat(100_000))).status).toBe(400)
  for (const method of ['PUT', 'DELETE', 'POST', 'OPTIONS']) expect((await ask('/', { cookie }, method)).status).toBe(405)
})

test('what another site asks for in the background is refused, a navigation from it is not', async () => {
  expect((await ask('/', { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' })).status).toBe(403)
  expect((await ask('/', { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200)
})

test('a message above 64 MB ends its wire and nothing else', async () => {
  const { host, token } = door.access
  const ws = new WebSocket(`ws://127.0.0.1:${door.port}/wire`, { headers: { host, authorization: `Bearer ${token}` } })
  await new Promise((resolve) => ws.on('open', resolve))
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  ws.on('error', () => {})
  ws.send(Buffer.alloc((64 << 20) + 1, 0x20).toString('latin1'))
  expect(await closed).not.toBe(1000)
  expect((await ask('/', { cookie })).status).toBe(200)
})

test('a restarted engine is at the same address and knows the windows that are open', async () => {
  const { host } = door.access
  await door.close('restart')
  const folders = foldersFor({ UPDRAFT_HOME: home })
  const was = door.port
  door = await openDoor({ folders, log: engineLog(folders.state), version: '0', pageFolder: join(home, 'page'), port: was })
  expect([door.access.host, (await ask('/', { cookie })).status]).toEqual([host, 200])
  expect((await ask('/', { cookie, authorization: 'Bearer x' }, 'GET')).status).toBe(200)
})

test('no secret is in the log, and what holds one is only ours to read', () => {
  const log = readFileSync(join(home, 'state', 'engine.log'), { encoding: 'utf8', flag: 'a+' })
  expect([log.includes(door.access.token), log.includes(cookie)]).toEqual([false, false])
  expect((statSync(join(home, 'state', 'instance.json')).mode & 0o777).toString(8)).toBe('600')
})
