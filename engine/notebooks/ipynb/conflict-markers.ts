// A notebook with git's conflict marks in it: both sides are taken out as texts, read, and their cells put into one list. Cells that are
// the same stand once; where they differ ours comes first and theirs behind it.
import { diffArrays } from 'diff'
import type { Json, JsonObject } from '../../contract/json.ts'
import { type ReadNotebook, textOf } from './ipynb-read.ts'
import { JsonScan, parseRange } from './json-scan.ts'
import { upgradedCell } from './upgrade.ts'

/** The merged notebook; undefined when there are no marks, or when a side can't be read by itself. */
export function bothSides(bytes: Buffer, read: (bytes: Buffer) => ReadNotebook): JsonObject | undefined {
  if (bytes.indexOf('<<<<<<<') === -1 || bytes.indexOf('>>>>>>>') === -1) return undefined
  const sides = split(bytes.toString())
  if (sides === undefined) return undefined
  try {
    const [ours, theirs] = sides.map((side) => {
      const file = Buffer.from(side)
      read(file)
      const scan = new JsonScan(file)
      const { end } = scan.object(0)
      return parseRange(file, { start: scan.space(0), end }, scan.nonFinite) as JsonObject
    }) as [JsonObject, JsonObject]
    const cells = merged(cellsOf(ours), cellsOf(theirs)).map(upgradedCell)
    return { cells: withOwnIds(cells), metadata: (ours['metadata'] ?? {}) as Json, nbformat: 4, nbformat_minor: 5 }
  } catch {
    return undefined
  }
}

function split(text: string): [string, string] | undefined {
  const ours: string[] = []
  const theirs: string[] = []
  let side: 'both' | 'ours' | 'base' | 'theirs' = 'both'
  for (const line of text.split('\n')) {
    if (line.startsWith('<<<<<<<')) side = 'ours'
    else if (line.startsWith('|||||||')) side = 'base'
    else if (line.startsWith('=======') && side !== 'both') side = 'theirs'
    else if (line.startsWith('>>>>>>>')) side = 'both'
    else {
      if (side === 'both' || side === 'ours') ours.push(line)
      if (side === 'both' || side === 'theirs') theirs.push(line)
    }
  }
  return side === 'both' ? [ours.join('\n'), theirs.join('\n')] : undefined
}

const cellsOf = (notebook: JsonObject): JsonObject[] =>
  Array.isArray(notebook['cells']) ? (notebook['cells'] as readonly JsonObject[]).slice() : []
const sameCell = (a: JsonObject, b: JsonObject): boolean =>
  a['cell_type'] === b['cell_type'] && textOf(a['source']) === textOf(b['source'])

function merged(ours: JsonObject[], theirs: JsonObject[]): JsonObject[] {
  return diffArrays(ours, theirs, { comparator: sameCell }).flatMap((part) => part.value)
}

function withOwnIds(cells: JsonObject[]): JsonObject[] {
  const taken = new Set<string>()
  return cells.map((cell, i) => {
    const id = taken.has(String(cell['id'])) ? String(upgradedCell({ ...cell, id: null }, i)['id']) : String(cell['id'])
    taken.add(id)
    return { ...cell, id }
  })
}
