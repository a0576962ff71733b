// The state that windows see when a notebook has just been read, and long streams of earlier runs joined again with their spool.
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { NotebookState } from '../contract/topics/notebook.ts'
import type { LogText } from '../contract/topics/outputs.ts'
import type { RawNotebook } from './ipynb/ipynb-read.ts'
import type { LoadedFile } from './load-file.ts'

/** `kept`: streams that the file holds shortened, by SHA-256 of what is saved of them. */
export function firstState(id: string, loaded: LoadedFile, kept: ReadonlyMap<string, LogText>, trusted: boolean): NotebookState {
  const { read } = loaded
  if (kept.size > 0) relink(read.raw, kept)
  // Not by assignment: `__proto__` is an id like any other.
  const cells = Object.fromEntries([...read.raw.cells.values()].map(({ cell }) => [cell.id, cell]))
  const spec = read.metadata['kernelspec']
  const shown = typeof spec === 'object' && spec !== null && 'display_name' in spec ? spec['display_name'] : undefined
  return {
    id,
    path: loaded.path,
    title: basename(loaded.path),
    format: read.format,
    metadata: read.metadata,
    trusted,
    order: read.order,
    cells,
    kernel: {
      state: 'none',
      name: typeof shown === 'string' ? shown : 'Python 3',
      place: { id: 'local', title: 'This computer' },
    },
    queue: [],
    save: loaded.readOnly === undefined ? { state: 'saved' } : { state: 'read-only' },
    undo: {},
    remarks: loaded.remarks,
    away: [],
  }
}

/** Streams that the file holds shortened show the whole again, from the spool. */
function relink(raw: RawNotebook, kept: ReadonlyMap<string, LogText>): void {
  for (const held of raw.cells.values()) {
    if (!held.cell.outputs.some((o) => o.type === 'stream' && o.content.log !== undefined)) continue
    const outputs = held.cell.outputs.map((output) => {
      const bytes = output.type === 'stream' && output.content.log !== undefined ? raw.outputs.get(output) : undefined
      const content = bytes === undefined ? undefined : kept.get(createHash('sha256').update(bytes).digest('hex'))
      if (bytes === undefined || content === undefined || output.type !== 'stream') return output
      const whole = { ...output, content }
      raw.outputs.set(whole, bytes)
      return whole
    })
    const cell = { ...held.cell, outputs }
    ;(raw.cells as Map<string, typeof held>).set(cell.id, { ...held, cell })
  }
}
