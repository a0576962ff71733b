// What a cell shows: outputs as windows see them. Small content is inline; text that grows lives in a log and is read by line;
// anything else above INLINE_LIMIT_BYTES is a blob fetched by hash over HTTP (`/blob/<hash>`).
import type { Json, JsonObject } from '../json.ts'

/** Above this, a MIME value becomes a BlobRef and a stream becomes a LogText with head and tail. */
export const INLINE_LIMIT_BYTES = 32_768

/** Content by name: SHA-256 in hex. GET /blob/<hash>?type=<mime> on the page's own origin. */
export type BlobRef = { readonly blob: string; readonly sizeBytes: number }

export type MimeValue = Json | BlobRef
export type MimeBundle = { readonly [mime: string]: MimeValue }

/** Is this MIME value a reference? (A JSON value that merely looks like one is wrapped by the engine, so this is exact.) */
export const isBlobRef = (value: MimeValue | undefined): value is BlobRef =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && 'blob' in value && 'sizeBytes' in value

/**
 * Text of a stream. Whole in `text` while it is small; later only the first and last lines are here and `log` names the rest:
 * `logs.read {log, from, count}` gives raw lines. Bytes and lines count what was printed, before `\r` folding.
 */
export type LogText = {
  readonly text: string
  readonly bytes: number
  readonly lines: number
  readonly log?: { readonly id: string; readonly head: string; readonly tail: string }
  /** Output that could not be kept: how many bytes are missing (disk full, a torn tail of a killed kernel). */
  readonly lostBytes?: number
}

export type Output =
  | { readonly type: 'stream'; readonly id: string; readonly name: 'stdout' | 'stderr'; readonly content: LogText }
  | {
      readonly type: 'display' | 'result'
      readonly id: string
      readonly data: MimeBundle
      readonly metadata: JsonObject
      /** Execution count of a result. */
      readonly count?: number
      readonly displayId?: string
      /** Made by code that ran in this session (or confirmed by the user): scripts may run in the sandboxed frame. */
      readonly trusted: boolean
    }
  | {
      readonly type: 'error'
      readonly id: string
      readonly name: string
      readonly value: string
      /** Frames with ANSI colours, the user's own frame first where that could be told. */
      readonly traceback: readonly string[]
    }
