// What can still be read of a damaged notebook: every whole cell, wherever it stands, and of a broken one the lines of its source. The
// scanner is asked again behind each fault, at the next place that looks like the beginning of a cell.
import type { Json, JsonObject } from '../../contract/json.ts'
import { JsonScan, parseRange } from './json-scan.ts'
import { upgradedCell } from './upgrade.ts'

const CELL_START = /\{\s*"(?:attachments|cell_type|execution_count|id|metadata|outputs|source|input|collapsed|level)"\s*:/g

/** Undefined: not a single cell is left. */
export function salvage(bytes: Buffer): { notebook: JsonObject; cells: number } | undefined {
  const found: JsonObject[] = []
  // latin1 keeps byte offsets; the values are decoded from the bytes.
  const text = bytes.toString('latin1')
  let end = 0
  CELL_START.lastIndex = 0
  for (let match = CELL_START.exec(text); match !== null; match = CELL_START.exec(text)) {
    const cell = cellAt(bytes, match.index)
    if (cell === undefined) continue
    // Lines of a broken cell that stand between the last whole one and this one.
    const broken = brokenSource(bytes, text, end, match.index)
    if (broken !== undefined) found.push(broken)
    found.push(cell.json)
    end = cell.end
    CELL_START.lastIndex = end
  }
  const last = brokenSource(bytes, text, end, bytes.length)
  if (last !== undefined) found.push(last)
  if (found.length === 0) return undefined
  const ids = new Set<string>()
  const cells = found.map((cell, i) => {
    const next = upgradedCell(cell, i)
    const id = ids.has(String(next['id'])) ? String(upgradedCell({ ...cell, id: null }, i)['id']) : String(next['id'])
    ids.add(id)
    return { ...next, id }
  })
  return { notebook: { cells, metadata: metadataIn(bytes, text), nbformat: 4, nbformat_minor: 5 }, cells: cells.length }
}

function cellAt(bytes: Buffer, at: number): { json: JsonObject; end: number } | undefined {
  try {
    const scan = new JsonScan(bytes)
    const end = scan.value(at)
    const json = parseRange(bytes, { start: at, end }, scan.nonFinite) as JsonObject
    return typeof json['cell_type'] === 'string' ? { json, end } : undefined
  } catch {
    return undefined
  }
}

/** The lines of a source that begins between two offsets and is not part of a whole cell. */
function brokenSource(bytes: Buffer, text: string, from: number, to: number): JsonObject | undefined {
  const between = text.slice(from, to)
  const source = /"(?:source|input)"\s*:\s*(\[)?\s*/.exec(between)
  if (source === null) return undefined
  const type = /"cell_type"\s*:\s*"(code|markdown|raw)"/.exec(between)?.[1] ?? 'code'
  const lines: string[] = []
  const scan = new JsonScan(bytes)
  for (let at = from + source.index + source[0].length; at < to && bytes[at] === 0x22; ) {
    try {
      const end = scan.string(at)
      lines.push(scan.text({ start: at, end }))
      at = scan.space(end)
      if (bytes[at] !== 0x2c) break
      at = scan.space(at + 1)
    } catch {
      // The file ends inside this line: what is there of it is better than nothing.
      const rest = bytes.toString('utf8', at + 1, to)
      const line = rest.slice(0, rest.search(/[\n\r]|$/)).replace(/\\.?$/, '')
      try {
        lines.push(JSON.parse(`"${line}"`) as string)
      } catch {
        lines.push(line)
      }
      break
    }
  }
  return lines.length === 0 ? undefined : { cell_type: type, source: lines as readonly Json[] }
}

function metadataIn(bytes: Buffer, text: string): JsonObject {
  for (const match of text.matchAll(/"metadata"\s*:\s*(?=\{\s*"(?:kernelspec|language_info|kernel_info)")/g)) {
    try {
      const start = match.index + match[0].length
      const scan = new JsonScan(bytes)
      const end = scan.value(start)
      return parseRange(bytes, { start, end }, scan.nonFinite) as JsonObject
    } catch {}
  }
  return {}
}
