// What a kernel displays, as the document holds it: small values inline, anything else a blob by hash. Pictures are decoded once here, so
// that a window fetches bytes and not base64. Leans on a blob store; what is made of a value on screen is the window's.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json, JsonObject } from '../../contract/json.ts'
import { ProblemError } from '../../contract/problem.ts'
import { type BlobRef, INLINE_LIMIT_BYTES, type MimeBundle, type MimeValue } from '../../contract/topics/outputs.ts'

/** Where big values go (live/blob-store.ts): answers their name. */
export interface BlobSink {
  put(bytes: Uint8Array): Promise<BlobRef>
}

/** Jupyter sends these as base64 (nbformat keeps them so); every other MIME value is text or JSON. SVG is text. */
export const isBase64Mime = (mime: string): boolean =>
  (mime.startsWith('image/') && !mime.includes('svg')) ||
  mime.startsWith('audio/') ||
  mime.startsWith('video/') ||
  mime === 'application/pdf'

const looksLikeRef = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'blob' in value && 'sizeBytes' in value

async function toValue(mime: string, value: Json, blobs: BlobSink): Promise<MimeValue> {
  if (typeof value === 'string') {
    if (value.length <= INLINE_LIMIT_BYTES / 4 || Buffer.byteLength(value) <= INLINE_LIMIT_BYTES) return value
    return blobs.put(isBase64Mime(mime) ? Buffer.from(value, 'base64') : Buffer.from(value))
  }
  const text = JSON.stringify(value)
  // A JSON value that looks like a reference is stored as one, so that a reference is always ours.
  return looksLikeRef(value) || text.length > INLINE_LIMIT_BYTES ? blobs.put(Buffer.from(text)) : value
}

/** The bundle of a display message; text in lines (nbformat's way) is joined. */
export async function toBundle(data: JsonObject, blobs: BlobSink): Promise<MimeBundle> {
  const bundle: { [mime: string]: MimeValue } = {}
  for (const [mime, raw] of Object.entries(data)) {
    const lines = Array.isArray(raw) && !mime.includes('json') && raw.every((line) => typeof line === 'string')
    bundle[mime] = await toValue(mime, lines ? (raw as string[]).join('') : raw, blobs)
  }
  return bundle
}

const FULL_RETRY_MS = 1_000

/** A full disk holds the folding back, and with it the reading of the kernel's log, which keeps everything: nothing is dropped. */
export const patientBlobs = (blobs: BlobSink, signal: AbortSignal): BlobSink => ({
  async put(bytes) {
    for (;;) {
      try {
        return await blobs.put(bytes)
      } catch (error) {
        if (!(error instanceof ProblemError) || error.problem.code !== 'full') throw error
        await sleep(FULL_RETRY_MS, undefined, { signal })
      }
    }
  },
})
