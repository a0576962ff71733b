// Files that are not nbformat 4 as they stand: UTF-16, invalid UTF-8, cut off, with conflict markers, or of an older format. Pure: bytes in,
// a readable notebook and a letter about what was wrong out; throws a Problem when there is nothing to open.
import { isUtf8 } from 'node:buffer'
import type { JsonObject } from '../../contract/json.ts'
import { type Problem, problem } from '../../contract/problem.ts'
import { bothSides } from './conflict-markers.ts'
import type { ReadNotebook } from './ipynb-read.ts'
import { sorted } from './ipynb-write.ts'
import { JsonScan, lineAt, parseRange, ScanError } from './json-scan.ts'
import { NBFORMAT_STYLE, printJson } from './json-style.ts'
import { salvage } from './salvage.ts'
import { formatOf, upgraded } from './upgrade.ts'

export type Outcome = {
  readonly kind: 'same' | 'repaired' | 'converted'
  readonly bytes: Buffer
  readonly read: ReadNotebook
  readonly remarks: readonly Problem[]
}

/** A repair works on strings, which end at 512 MB in V8. */
const LARGEST_REPAIR_BYTES = 268_435_456

/** `read` opens bytes of nbformat 4 and throws ScanError. `name`: what the user calls the file. */
export function repaired(file: Buffer, read: (bytes: Buffer) => ReadNotebook, name: string): Outcome {
  const where = `notebook:${name}`
  const text = asUtf8(file)
  try {
    const notebook = read(text.bytes)
    const older = notebook.format.major < 4 ? converted(text.bytes, read, name) : undefined
    if (older !== undefined) return older
    if (text.fault !== undefined)
      return {
        kind: 'repaired',
        bytes: text.bytes,
        read: notebook,
        remarks: [{ code: 'invalid', message: `${name}: ${text.fault}`, where }],
      }
    return { kind: 'same', bytes: file, read: notebook, remarks: remarksOn(notebook, name) }
  } catch (error) {
    if (!(error instanceof ScanError)) throw error
    const old = converted(text.bytes, read, name)
    if (old !== undefined) return old
    const { line, column } = lineAt(text.bytes, error.offset)
    const what = `${error.message} (line ${line}, column ${column}, byte ${error.offset})`
    if (text.bytes.length > LARGEST_REPAIR_BYTES) {
      throw problem('invalid', `${name} is damaged (${what}) and too large to be repaired here.`, {
        hint: 'The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.',
        where,
      })
    }
    const both = bothSides(text.bytes, read)
    if (both !== undefined) {
      const bytes = bytesOf(both)
      const message = `${name} holds the marks of a merge conflict (line ${line}). Both versions are shown: cells that differ stand one behind the other.`
      return { kind: 'repaired', bytes, read: read(bytes), remarks: [{ code: 'conflict', message, where }] }
    }
    const saved = salvage(text.bytes)
    if (saved === undefined) {
      throw problem('invalid', `${name} is not a notebook that can be read: ${what}.`, {
        hint:
          text.bytes.length === 0
            ? 'The file is empty and was not touched; a new notebook can be made in its folder.'
            : 'The file was not touched. An earlier version may be in git or in .ipynb_checkpoints.',
        where,
      })
    }
    const bytes = bytesOf(saved.notebook)
    const message = `${name} is damaged: ${what}. ${saved.cells} ${saved.cells === 1 ? 'cell was' : 'cells were'} saved from it.`
    return { kind: 'repaired', bytes, read: read(bytes), remarks: [{ code: 'invalid', message, where }] }
  }
}

export const bytesOf = (notebook: JsonObject): Buffer => Buffer.from(`${printJson(sorted(notebook), NBFORMAT_STYLE, '')}\n`)

function remarksOn(read: ReadNotebook, name: string): Problem[] {
  const where = `notebook:${name}`
  const out: Problem[] = []
  if (read.duplicates.length > 0) {
    const [id] = read.duplicates
    out.push({
      code: 'invalid',
      message: `${name} has several cells with the same id (${id}).`,
      hint: 'Updraft tells them apart; a cell gets its own id in the file when you change it.',
      where,
    })
  }
  if (read.format.major !== 4) {
    out.push({
      code: 'invalid',
      message: `${name} says that it is nbformat ${read.format.major}, which is newer than this Updraft.`,
      hint: 'It is shown as far as it is understood. Update Updraft before you change it.',
      where,
    })
  }
  return out
}

/** UTF-16 is decoded; bytes that are no UTF-8 become U+FFFD. */
function asUtf8(file: Buffer): { bytes: Buffer; fault?: string } {
  if (file[0] === 0xff && file[1] === 0xfe)
    return { bytes: Buffer.from(file.toString('utf16le', 2)), fault: 'the file is UTF-16; notebooks are UTF-8.' }
  if (file[0] === 0xfe && file[1] === 0xff && file.length % 2 === 0)
    return {
      bytes: Buffer.from(Buffer.from(file.subarray(2)).swap16().toString('utf16le')),
      fault: 'the file is UTF-16; notebooks are UTF-8.',
    }
  if (isUtf8(file)) return { bytes: file }
  if (file.length > LARGEST_REPAIR_BYTES)
    throw problem('invalid', 'The notebook is not UTF-8 and too large to be repaired here.', {
      hint: 'The file was not touched.',
    })
  const at = firstInvalid(file)
  const { line, column } = lineAt(file, at)
  const fault = `byte 0x${(file[at] ?? 0).toString(16)} in line ${line}, column ${column} (byte ${at}) is not UTF-8; such bytes are shown as \ufffd.`
  return { bytes: Buffer.from(file.toString('utf8')), fault }
}

function firstInvalid(file: Buffer): number {
  let low = 0
  let high = file.length
  // The longest valid beginning; a cut inside a character looks invalid too, so up to three bytes back are forgiven.
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ([0, 1, 2, 3].some((back) => isUtf8(file.subarray(0, Math.max(0, middle - back))))) low = middle
    else high = middle - 1
  }
  let valid = low
  while (valid > 0 && !isUtf8(file.subarray(0, valid))) valid--
  return valid
}

/** A notebook of nbformat 1 to 3 as 4.5. Undefined: it is none, or it is damaged as well. */
function converted(bytes: Buffer, read: (bytes: Buffer) => ReadNotebook, name: string): Outcome | undefined {
  const begin = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0
  const scan = new JsonScan(bytes)
  let old: JsonObject
  try {
    const { end } = scan.object(begin)
    old = parseRange(bytes, { start: scan.space(begin), end }, scan.nonFinite) as JsonObject
  } catch {
    return undefined
  }
  const format = formatOf(old)
  if (format === undefined) return undefined
  const next = bytesOf(upgraded(old))
  const message = `${name} was written as nbformat ${format} and has been converted to nbformat 4.5.`
  return { kind: 'converted', bytes: next, read: read(next), remarks: [{ code: 'conflict', message, where: `notebook:${name}` }] }
}
