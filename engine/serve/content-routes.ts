// What notebooks hold, over HTTP for signed-in windows: blobs by hash, and pictures that markdown names beside its notebook. Both are made by
// others: they are shown as pictures, sound or text, never as a page of the app's origin.
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, isAbsolute, join, sep } from 'node:path'
import type { BlobStore } from '../live/blob-store.ts'
import { isHash } from '../live/blob-store.ts'
import { contentHeaders } from './headers.ts'
import { type Route, words } from './http-server.ts'
import { pages } from './pages.ts'

/** Shown in place; anything else is a download. SVG is safe here: as a picture it runs nothing, and opened by itself the policy is a sandbox. */
const INLINE = /^(image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain|application\/json)$/
const PICTURES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.bmp': 'image/bmp',
  '.svg': 'image/svg+xml',
}
const PICTURE_LIMIT_BYTES = 64 << 20

/** GET /blob/<sha256>?type=<mime>[&name=<file name>]: the content never changes, so the browser keeps it for good. */
export function blobRoute(blobs: BlobStore): Route {
  return async (path, url, request, response) => {
    if (!path.startsWith('/blob/')) return false
    const hash = path.slice('/blob/'.length)
    const sizeBytes = isHash(hash) ? await blobs.sizeBytes(hash) : undefined
    if (sizeBytes === undefined) {
      words(response, 404, {
        title: 'This output is not there',
        text: 'It was removed, or belongs to another machine.',
        hint: 'Run the cell again to make it anew.',
      })
      return true
    }
    const asked = url.searchParams.get('type') ?? ''
    const inline = INLINE.test(asked)
    const name = (url.searchParams.get('name') ?? '').replace(/[^\w. -]/g, '_').slice(0, 100)
    send(request, response, blobs.path(hash), sizeBytes, {
      'content-type': inline ? (asked === 'text/plain' ? 'text/plain; charset=utf-8' : asked) : 'application/octet-stream',
      'content-disposition': inline && name === '' ? 'inline' : `attachment; filename="${name || `${hash.slice(0, 12)}.bin`}"`,
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${hash}"`,
    })
    return true
  }
}

/** The folder that may be read: open and trusted, or none. */
export type TrustedFolder = () => string | undefined

/** GET /files/<path below the trusted workspace>: pictures only, links that lead out of the folder are not followed. */
export function filesRoute(folder: TrustedFolder): Route {
  return async (path, _url, request, response) => {
    if (!path.startsWith('/files/')) return false
    const found = await picture(folder(), path.slice('/files/'.length))
    if (found === undefined) words(response, 404, pages.nothing)
    else
      send(request, response, found.file, found.sizeBytes, {
        'content-type': found.type,
        'content-disposition': 'inline',
        'cache-control': 'no-cache',
        etag: found.etag,
      })
    return true
  }
}

async function picture(
  folder: string | undefined,
  encoded: string,
): Promise<{ file: string; sizeBytes: number; type: string; etag: string } | undefined> {
  if (folder === undefined) return undefined
  try {
    const asked = decodeURIComponent(encoded)
    const type = PICTURES[extname(asked).toLowerCase()]
    if (type === undefined || asked.includes('\0')) return undefined
    const root = await realpath(folder)
    const file = await realpath(isAbsolute(asked) ? asked : join(root, asked))
    if (!file.startsWith(root.endsWith(sep) ? root : root + sep)) return undefined
    const info = await stat(file)
    // The link's target decides too: picture.png may not be a link to id_rsa.
    if (!info.isFile() || info.size > PICTURE_LIMIT_BYTES || PICTURES[extname(file).toLowerCase()] === undefined) return undefined
    return { file, sizeBytes: info.size, type, etag: `"${info.mtimeMs.toString(36)}-${info.size.toString(36)}"` }
  } catch {
    return undefined
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  file: string,
  sizeBytes: number,
  headers: Record<string, string>,
): void {
  if (request.headers['if-none-match'] === headers['etag'])
    return void response.writeHead(304, { ...contentHeaders, ...headers }).end()
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const start = range === null ? 0 : Number(range[1])
  const end = range === null || range[2] === '' ? sizeBytes - 1 : Math.min(Number(range[2]), sizeBytes - 1)
  if (range !== null && (start > end || start >= sizeBytes))
    return void response.writeHead(416, { ...contentHeaders, 'content-range': `bytes */${sizeBytes}` }).end()
  response.writeHead(range === null ? 200 : 206, {
    ...contentHeaders,
    ...headers,
    'accept-ranges': 'bytes',
    'content-length': sizeBytes === 0 ? 0 : end - start + 1,
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${sizeBytes}` }),
  })
  if (request.method === 'HEAD' || sizeBytes === 0) return void response.end()
  createReadStream(file, { start, end })
    .on('error', () => response.destroy())
    .pipe(response)
}
