// Raw nbformat outputs as windows see them. Small ones whole; long streams become a LogText, big MIME values a BlobRef, both still read
// from the file's own bytes when somebody asks (`FileContents`). Nothing here is trusted: the output came with a file.
import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '../../contract/json.ts'
import {
  type BlobRef,
  INLINE_LIMIT_BYTES,
  type LogText,
  type MimeBundle,
  type MimeValue,
  type Output,
} from '../../contract/topics/outputs.ts'
import { JsonScan, type Member, parseRange, type Range } from './json-scan.ts'
import { decodeText, firstLines, lastLines, measureText } from './long-text.ts'

/** What is too big for the feed, by the name that the feed gives: decoded from the file's bytes at each call. */
export type FileContents = {
  readonly blobs: Map<string, () => Buffer>
  readonly logs: Map<string, () => Buffer>
}

export type ReadOutputs = {
  readonly contents: FileContents
  /** The exact bytes of each output as the file has it: an output that is still the same object is written back with them. */
  readonly raw: WeakMap<object, Buffer>
  readonly nonFinite: readonly Range[]
  /** The scan of the whole file. */
  readonly scan: JsonScan | undefined
  /** Prefix of log names: unique per open file. */
  readonly name: string
}

/** The output at `range` of the file, under an id that is the same each time this file is opened. */
export function readOutput(file: Buffer, range: Range, id: string, read: ReadOutputs): Output {
  const small = range.end - range.start <= INLINE_LIMIT_BYTES
  const output = small ? fromJson(parseRange(file, range, read.nonFinite), id, read) : fromRanges(file, range, id, read)
  read.raw.set(output, file.subarray(range.start, range.end))
  return output
}

function fromJson(raw: unknown, id: string, read: ReadOutputs): Output {
  const json = isObject(raw) ? raw : {}
  if (json['output_type'] === 'stream') return streamOf(json['name'], inlineText(joinedText(json['text'])), id)
  if (json['output_type'] === 'error') return errorOf(json, id)
  const data = Object.fromEntries(
    Object.entries(isObject(json['data']) ? json['data'] : {}).map(([mime, value]) => [mime, smallValue(mime, value, read)]),
  )
  return displayOf(json, data, id)
}

/** An output that may be huge: only its members are looked at, and of those only the small ones are decoded. */
function fromRanges(file: Buffer, range: Range, id: string, read: ReadOutputs): Output {
  const { members } = new JsonScan(file, read.scan).object(range.start)
  const member = (key: string): Member | undefined => members.find((m) => m.key === key)
  const value = (key: string): Json | undefined => {
    const m = member(key)
    return m === undefined ? undefined : (parseRange(file, m, read.nonFinite) as Json)
  }
  const type = value('output_type')
  if (type === 'stream') {
    const text = member('text')
    return streamOf(value('name'), text === undefined ? inlineText('') : longText(file, text, `${read.name}/${id}`, read), id)
  }
  if (type === 'error') return errorOf(parseRange(file, range, read.nonFinite) as JsonObject, id)
  const data = member('data')
  const bundle: [string, MimeValue][] = []
  if (data !== undefined && file[data.start] === 0x7b) {
    for (const m of new JsonScan(file, read.scan).object(data.start).members) bundle.push([m.key, bigValue(file, m, m.key, read)])
  }
  const rest = { metadata: value('metadata') ?? {}, execution_count: value('execution_count') ?? null, output_type: type ?? '' }
  return displayOf(rest, Object.fromEntries(bundle), id)
}

const streamOf = (name: Json | undefined, content: LogText, id: string): Output => ({
  type: 'stream',
  id,
  name: name === 'stderr' ? 'stderr' : 'stdout',
  content,
})

function errorOf(json: JsonObject, id: string): Output {
  const trace = json['traceback']
  const traceback = Array.isArray(trace) ? trace.map(String) : typeof trace === 'string' ? [trace] : []
  return { type: 'error', id, name: String(json['ename'] ?? ''), value: String(json['evalue'] ?? ''), traceback }
}

function displayOf(json: JsonObject, data: MimeBundle, id: string): Output {
  const metadata = isObject(json['metadata']) ? json['metadata'] : {}
  const count = json['execution_count']
  const result = json['output_type'] === 'execute_result'
  return {
    type: result ? 'result' : 'display',
    id,
    data,
    metadata,
    ...(typeof count === 'number' ? { count } : {}),
    trusted: false,
  }
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
const joinedText = (value: Json | undefined): string =>
  Array.isArray(value) ? value.map(String).join('') : typeof value === 'string' ? value : ''

function inlineText(text: string): LogText {
  const bytes = Buffer.byteLength(text)
  return { text, bytes, lines: countLines(text) }
}
export function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines++
  return lines + (text !== '' && !text.endsWith('\n') ? 1 : 0)
}

function longText(file: Buffer, range: Range, log: string, read: ReadOutputs): LogText {
  const { bytes, lines, head, tail } = measureText(file, range)
  if (bytes <= INLINE_LIMIT_BYTES) return { text: decodeText(file, range).toString(), bytes, lines }
  read.contents.logs.set(log, () => decodeText(file, range))
  return { text: '', bytes, lines, log: { id: log, head, tail } }
}

export const isJsonMime = (mime: string): boolean => /^application\/(.*\+)?json$/.test(mime)
/** MIME types whose nbformat value is base64. SVG is XML text. */
export const isBinaryMime = (mime: string): boolean =>
  /^(image\/(?!svg)|audio\/|video\/|application\/(pdf|octet-stream)$)/.test(mime)

function smallValue(mime: string, value: Json, read: ReadOutputs): MimeValue {
  if (isJsonMime(mime)) return looksLikeBlob(value) ? blobOf(Buffer.from(JSON.stringify(value)), read) : value
  return Array.isArray(value) && value.every((v) => typeof v === 'string')
    ? value.join('')
    : looksLikeBlob(value)
      ? JSON.stringify(value)
      : value
}

function bigValue(file: Buffer, range: Range, mime: string, read: ReadOutputs): MimeValue {
  if (range.end - range.start <= INLINE_LIMIT_BYTES)
    return smallValue(mime, parseRange(file, range, read.nonFinite) as Json, read)
  const text = file[range.start] === 0x22 || file[range.start] === 0x5b
  // Where two values share a name (by content), either source gives the same bytes.
  if (isJsonMime(mime) || !text) return blobFrom(() => file.subarray(range.start, range.end), read)
  return blobFrom(
    isBinaryMime(mime) ? () => Buffer.from(decodeText(file, range).toString('latin1'), 'base64') : () => decodeText(file, range),
    read,
  )
}

const looksLikeBlob = (value: Json): boolean =>
  isObject(value) && Object.hasOwn(value, 'blob') && Object.hasOwn(value, 'sizeBytes')
const blobOf = (content: Buffer, read: ReadOutputs): BlobRef => blobFrom(() => content, read)
function blobFrom(content: () => Buffer, read: ReadOutputs): BlobRef {
  const bytes = content()
  const blob = createHash('sha256').update(bytes).digest('hex')
  read.contents.blobs.set(blob, content)
  return { blob, sizeBytes: bytes.length }
}

/** For outputs that grow while a cell runs: the same ends that a file's long stream shows. */
export const endsOf = (text: string): { head: string; tail: string } => ({ head: firstLines(text), tail: lastLines(text) })
