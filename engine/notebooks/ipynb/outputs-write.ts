// Outputs of windows and kernels as nbformat writes them. Text becomes a list of lines, an image base64, JSON stays JSON. A stream above
// SAVED_WHOLE_BYTES is saved as its head, its tail and a line that says how much is left out; the whole stays in the spool.
import type { Json, JsonObject } from '../../contract/json.ts'
import { isBlobRef, type LogText, type MimeBundle, type MimeValue, type Output } from '../../contract/topics/outputs.ts'
import { isBinaryMime, isJsonMime } from './outputs-read.ts'

export const SAVED_WHOLE_BYTES = 1_048_576
const SAVED_HEAD_BYTES = 262_144
const SAVED_TAIL_BYTES = 262_144

/** Where the content lies that the document only names. Undefined: it is gone, and the file says so. */
export type OutputStore = {
  /** Content of a blob by hash. */
  blob(hash: string): Promise<Uint8Array | undefined>
  /** Bytes `from … to` (exclusive) of a log. */
  log(id: string, from: number, to: number): Promise<Uint8Array | undefined>
}

/** The output as JSON for the file; `cut`: bytes of it that only the spool has. */
export async function outputJson(output: Output, store: OutputStore): Promise<{ json: JsonObject; cut: number }> {
  switch (output.type) {
    case 'stream': {
      const { text, cut } = await savedText(output.content, store)
      return { json: { name: output.name, output_type: 'stream', text: splitLines(text) }, cut }
    }
    case 'error':
      return { json: { ename: output.name, evalue: output.value, output_type: 'error', traceback: output.traceback }, cut: 0 }
    case 'display':
    case 'result': {
      const data = await bundleJson(output.data, store)
      const metadata = output.metadata
      if (output.type === 'display') return { json: { data, metadata, output_type: 'display_data' }, cut: 0 }
      return { json: { data, execution_count: output.count ?? null, metadata, output_type: 'execute_result' }, cut: 0 }
    }
    default:
      output satisfies never
      throw new TypeError('unknown output')
  }
}

export async function bundleJson(bundle: MimeBundle, store: OutputStore): Promise<JsonObject> {
  const data: { [mime: string]: Json } = {}
  for (const mime of Object.keys(bundle).sort()) data[mime] = await mimeJson(mime, bundle[mime] as MimeValue, store)
  return data
}

async function mimeJson(mime: string, value: MimeValue, store: OutputStore): Promise<Json> {
  if (!isBlobRef(value)) return typeof value === 'string' && !isBinaryMime(mime) && !isJsonMime(mime) ? splitLines(value) : value
  const content = await store.blob(value.blob)
  if (content === undefined) return missing(`${count(value.sizeBytes)} bytes of ${mime}`)
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  if (isBinaryMime(mime)) return bytes.toString('base64')
  if (isJsonMime(mime)) return JSON.parse(bytes.toString()) as Json
  return splitLines(bytes.toString())
}

async function savedText(content: LogText, store: OutputStore): Promise<{ text: string; cut: number }> {
  const lost = content.lostBytes === undefined ? '' : `\n[${count(content.lostBytes)} bytes of this output were lost]\n`
  if (content.log === undefined) return { text: content.text + lost, cut: 0 }
  const { id, head, tail } = content.log
  if (content.bytes <= SAVED_WHOLE_BYTES) {
    const whole = await store.log(id, 0, content.bytes)
    if (whole !== undefined) return { text: utf8(whole) + lost, cut: 0 }
  } else {
    const first = await store.log(id, 0, SAVED_HEAD_BYTES)
    const last = await store.log(id, content.bytes - SAVED_TAIL_BYTES, content.bytes)
    if (first !== undefined && last !== undefined) {
      // Whole lines where there are any: a cut must not split a character either.
      const start = utf8(first)
      const end = utf8(last)
      const from = start.slice(0, start.lastIndexOf('\n') + 1) || start.replace(/\ufffd+$/, '')
      const to = end.slice(end.indexOf('\n') + 1) || end.replace(/^\ufffd+/, '')
      const cut = content.bytes - Buffer.byteLength(from) - Buffer.byteLength(to)
      return { text: `${from}${mark(cut, content.lines)}${to}${lost}`, cut }
    }
  }
  const cut = content.bytes - Buffer.byteLength(head) - Buffer.byteLength(tail)
  return {
    text: head + (cut > 0 ? `\n${missing(`${count(cut)} bytes, of ${count(content.lines)} lines in all,`)}\n${tail}` : '') + lost,
    cut: Math.max(0, cut),
  }
}

/** The line in the file that stands for what is left out. */
const mark = (bytes: number, lines: number): string =>
  `\n[Updraft left out ${count(bytes)} bytes here, of ${count(lines)} lines in all; the whole output is kept by Updraft on the machine that ran it]\n`
const missing = (what: string): string => `[${what} are no longer kept by Updraft]`
const count = (n: number): string => n.toLocaleString('en-US')
const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** nbformat's list of lines, each with its line feed. */
export function splitLines(text: string): readonly string[] {
  const lines: string[] = []
  let from = 0
  while (from < text.length) {
    const end = text.indexOf('\n', from)
    lines.push(end === -1 ? text.slice(from) : text.slice(from, end + 1))
    from = end === -1 ? text.length : end + 1
  }
  return lines
}
