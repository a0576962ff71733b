// HTTP on loopback: decides by the Host header which of the two sites is meant, then who asks, then what. Everything that is not named here
// is refused. The WebSocket is in wire-server.ts, on the same port.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type Problem, ProblemError, problem } from '../contract/problem.ts'
import type { EngineLog } from '../support/engine-log.ts'
import type { Access } from './access.ts'
import { appHeaders, frameHeaders, plainHeaders, wordsHeaders } from './headers.ts'
import { framePage, frameScript } from './output-frame.ts'
import { pages, type Words, wordsPage } from './pages.ts'
import type { StaticFiles } from './static-files.ts'

// Not by import: naming the module's exports also loads its fetch and WebSocket, 50 ms of every start.
const { createServer } = process.getBuiltinModule('node:http')

/** What other rooms add: answers true when it has taken the request (it is signed in and of the app's host). */
export type Route = (path: string, url: URL, request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export type HttpServerOptions = {
  readonly access: Access
  readonly files: StaticFiles
  readonly routes: readonly Route[]
  readonly log: EngineLog
}

export function createHttpServer(options: HttpServerOptions): Server {
  const server = createServer({ noDelay: true, keepAliveTimeout: 30_000, maxHeaderSize: 32_768 }, (request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      options.log.error(error, `request ${request.method} failed`)
      if (!response.headersSent)
        words(response, 500, {
          title: 'Something in Updraft went wrong',
          text: 'The page could not be made.',
          hint: 'Nothing is lost. Reload; ./updraft.mjs diagnose collects what happened.',
        })
      else response.destroy()
    })
  })
  server.requestTimeout = 60_000
  return server
}

async function handle(options: HttpServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { access } = options
  // Exactly our names: this alone stops a web page that had its name rebound to 127.0.0.1.
  const host = request.headers.host ?? ''
  if (host === access.outHost) return outputSite(options, request, response)
  if (host !== access.host) return words(response, 403, pages.wrongHost)
  const url = parsed(request)
  if (url === undefined) return words(response, 400, pages.nothing)
  const path = url.pathname
  if (path === '/sign-in' && request.method === 'POST') return programSignIn(options, request, response)
  if (request.method !== 'GET' && request.method !== 'HEAD') return words(response, 405, pages.nothing)
  if (path.startsWith('/sign-in/')) return windowSignIn(options, path.slice('/sign-in/'.length), request, response)
  if (!access.hasCookie(request) && !access.hasToken(request)) return words(response, 401, pages.signedOut)
  // Another site may link here, but not use us as its picture, script or frame; a request that a page of another site made is no window of ours.
  const site = request.headers['sec-fetch-site']
  if (site === 'cross-site' && request.headers['sec-fetch-mode'] !== 'navigate') return words(response, 403, pages.wrongHost)
  for (const route of options.routes) if (await route(path, url, request, response)) return
  return app(options, path, request, response)
}

async function app(
  { access, files }: HttpServerOptions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const built = await files.refresh()
  const headers = appHeaders(access.outOrigin)
  // Addresses inside the app have no dot in their last part and are all the one page.
  const asked = path === '/' || !/\.[a-z0-9]+$/i.test(path) ? '/index.html' : path
  if (await files.send(asked, request, response, headers)) return
  if (!built && asked === '/index.html') return words(response, 200, pages.notBuilt)
  return words(response, 404, pages.nothing)
}

/** A window's first step: the address is spent, the cookie set, and the clean address shown. */
function windowSignIn(
  { access, log }: HttpServerOptions,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // A previewer's HEAD must not spend the address.
  if (request.method === 'HEAD') return void response.writeHead(204, plainHeaders).end()
  const result = access.signIn(token)
  if (!result.ok) {
    log.write('warning', 'sign-in refused', { why: result.why })
    words(response, 401, pages[result.why])
    return
  }
  const headers = { ...wordsHeaders, 'set-cookie': result.cookie }
  // Opened by a link of another site, a redirect would not carry the strict cookie; a refresh comes from our own page and does.
  if (request.headers['sec-fetch-site'] === 'cross-site')
    response
      .writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8' })
      .end(wordsPage(pages.signedIn, result.path))
  else response.writeHead(303, { ...headers, location: result.path }).end()
}

/** POST /sign-in with the discovery file's token: a new address for a window. Body: `{"path": "/…"}` or nothing. */
async function programSignIn({ access }: HttpServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A browser always says Origin on a POST: this door is for programs.
  if (!access.hasToken(request) || request.headers.origin !== undefined)
    return said(response, 401, {
      code: 'denied',
      message: 'The token is missing or wrong.',
      hint: 'It is in the 0600 discovery file of this user.',
    })
  try {
    const body = (await readJson(request)) as { path?: unknown } | undefined
    const path = typeof body?.path === 'string' ? body.path : '/'
    json(response, 200, { url: access.signInUrl(path) })
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    said(response, 400, error.problem)
  }
}

/** The other site: three files and the libraries that outputs may use. Asks for no cookie, sets none. */
async function outputSite(
  { access, files }: HttpServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = parsed(request)?.pathname
  if (path === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return words(response, 405, pages.nothing)
  const page = (scripts: boolean) => {
    response
      .writeHead(200, {
        ...frameHeaders(access.outOrigin, access.origin, scripts),
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
      })
      .end(framePage)
  }
  if (path === '/frame.html') return page(true)
  if (path === '/inert.html') return page(false)
  const headers = { ...frameHeaders(access.outOrigin, access.origin, true), 'access-control-allow-origin': '*' }
  if (path === '/frame.js')
    return void response
      .writeHead(200, { ...headers, 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'no-cache' })
      .end(frameScript(access.origin))
  if (path.startsWith('/sandbox/')) {
    await files.refresh()
    if (await files.send(path, request, response, headers)) return
  }
  return words(response, 404, pages.nothing)
}

function parsed(request: IncomingMessage): URL | undefined {
  try {
    const url = new URL(request.url ?? '/', 'http://x')
    return url.host === 'x' ? url : undefined
  } catch {
    return undefined
  }
}

export function words(response: ServerResponse, status: number, page: Words): void {
  response.writeHead(status, { ...wordsHeaders, 'content-type': 'text/html; charset=utf-8' }).end(wordsPage(page))
}
export function json(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { ...plainHeaders, 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(JSON.stringify(value))
}
export const said = (response: ServerResponse, status: number, value: Problem) => json(response, status, value)

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > 65_536) throw problem('invalid', 'The request is too large.')
  }
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw problem('invalid', 'The request is not JSON.')
  }
}
