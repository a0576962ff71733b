// The built window (dist/renderer) over HTTP. Which files exist is read once per build, so a path is looked up in a list and never joined:
// there is nothing to traverse. Files named by hash are kept by the browser for good; the page itself is asked for each time (ETag).
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
}

type Entry = {
  readonly file: string
  readonly type: string
  readonly sizeBytes: number
  readonly etag: string
  readonly forever: boolean
  readonly br: boolean
  readonly gz: boolean
}

export class StaticFiles {
  readonly #folder: string
  #entries = new Map<string, Entry>()
  #stamp = ''

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Reads the list again when the build's page has changed (a developer's rebuild under a running engine). */
  async refresh(): Promise<boolean> {
    const page = await stat(join(this.#folder, 'index.html')).catch(() => undefined)
    const stamp = page === undefined ? '' : `${page.mtimeMs} ${page.size}`
    if (stamp === this.#stamp) return stamp !== ''
    const entries = new Map<string, Entry>()
    if (page !== undefined) {
      const found = await readdir(this.#folder, { recursive: true, withFileTypes: true })
      const names = new Set(found.filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name)))
      for (const file of names) {
        const type = types[extname(file)]
        if (type === undefined) continue
        const path = file.slice(this.#folder.length).replaceAll('\\', '/')
        const { size, mtimeMs } = await stat(file)
        entries.set(path, {
          file,
          type,
          sizeBytes: size,
          etag: `"${createHash('sha256').update(`${path} ${size} ${mtimeMs}`).digest('base64url').slice(0, 16)}"`,
          // vite writes the content's hash into every name under assets/.
          forever: path.startsWith('/assets/'),
          br: names.has(`${file}.br`),
          gz: names.has(`${file}.gz`),
        })
      }
    }
    this.#entries = entries
    this.#stamp = stamp
    return stamp !== ''
  }

  has(path: string): boolean {
    return this.#entries.has(path)
  }

  async send(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    const entry = this.#entries.get(path)
    if (entry === undefined) return false
    const caching = entry.forever ? 'private, max-age=31536000, immutable' : 'no-cache'
    if (request.headers['if-none-match'] === entry.etag) {
      response.writeHead(304, { etag: entry.etag, 'cache-control': caching }).end()
      return true
    }
    // Compressed copies only where the build made them: on loopback, compressing on the fly costs more than it saves.
    const accepts = String(request.headers['accept-encoding'] ?? '')
    const packed = entry.br && /\bbr\b/.test(accepts) ? 'br' : entry.gz && /\bgzip\b/.test(accepts) ? 'gzip' : undefined
    const file = packed === undefined ? entry.file : `${entry.file}.${packed === 'br' ? 'br' : 'gz'}`
    const head: Record<string, string | number> = {
      ...headers,
      'content-type': entry.type,
      etag: entry.etag,
      'cache-control': caching,
      vary: 'accept-encoding',
    }
    if (packed === undefined) head['content-length'] = entry.sizeBytes
    else head['content-encoding'] = packed
    if (request.method === 'HEAD') {
      response.writeHead(200, head).end()
      return true
    }
    if (entry.sizeBytes < 1 << 16) {
      const body = await readFile(file)
      head['content-length'] = body.length
      response.writeHead(200, head).end(body)
      return true
    }
    response.writeHead(200, head)
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response)
    return true
  }
}
