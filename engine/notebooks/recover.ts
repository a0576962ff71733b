// What an engine that was killed had not saved: the journal's records folded again on the file that they stand on. When another program has
// changed the file since, edits are not applied to a text that they were not made on: what was typed comes back as cells of its own.
import type { Problem } from '../contract/problem.ts'
import { applyEdit } from '../contract/text-edit.ts'
import type { CellRun, NotebookStep } from '../contract/topics/notebook.ts'
import type { Output } from '../contract/topics/outputs.ts'
import type { DocumentRecord, NotebookDocument } from './document.ts'
import { sameJson } from './ipynb/json-splice.ts'
import { type BaseRecord, type Entry, runsOf } from './journal.ts'
import type { LoadedFile } from './load-file.ts'

/** Brings the document to where the dead engine had it; answers what the user must know. `base`: the one that fits the file. */
export function recovered(
  document: NotebookDocument,
  loaded: LoadedFile,
  entries: readonly Entry[],
  base: BaseRecord | undefined,
): Problem[] {
  const known = base ?? entries.findLast((e): e is BaseRecord => e.t === 'base')
  const saved = known?.n ?? 0
  const runs: { [cell: string]: CellRun } = {}
  const unsaved: DocumentRecord[] = []
  for (const entry of entries) {
    if (entry.t === 'rest') {
      Object.assign(runs, entry.runs)
      document.change([], entry.notes)
    } else if (entry.t === 'rec' && entry.n <= saved) {
      runsOf(entry.rec.changes, runs)
      document.change([], entry.rec.notes)
    } else if (entry.t === 'rec') unsaved.push(entry.rec)
  }
  for (const [cell, run] of Object.entries(runs))
    if (document.cell(cell) !== undefined) document.change({ type: 'cell-changed', cell, run })
  // A copy of a damaged or older file is made anew from the same bytes, so its records fit although no file has the copy's content.
  if (base !== undefined || known === undefined || known.hash === '') {
    const outputs = new Map([...loaded.read.raw.cells.values()].flatMap((c) => c.cell.outputs.map((o) => [o.id, o] as const)))
    for (const record of unsaved) document.replay({ ...record, changes: record.changes.map((c) => withKnownOutputs(c, outputs)) })
    return []
  }
  return unsaved.some((r) => r.changes.length > 0) ? typedText(document, unsaved, loaded) : []
}

/** An output that the file holds too is the very same object again, so that a save finds its bytes. */
function withKnownOutputs(change: NotebookStep, known: ReadonlyMap<string, Output>): NotebookStep {
  const same = (outputs: readonly Output[]): readonly Output[] =>
    outputs.map((o) => {
      const held = known.get(o.id)
      return held !== undefined && sameJson(held, o) ? held : o
    })
  if (change.type === 'outputs-set') return { ...change, outputs: same(change.outputs) }
  if (change.type === 'cell-inserted') return { ...change, cell: { ...change.cell, outputs: same(change.cell.outputs) } }
  return change
}

function typedText(document: NotebookDocument, unsaved: readonly DocumentRecord[], loaded: LoadedFile): Problem[] {
  const texts = new Map<string, string>()
  for (const change of unsaved.flatMap((r) => r.changes)) {
    if (change.type === 'cell-inserted') texts.set(change.cell.id, change.cell.source)
    if (change.type !== 'source-edited') continue
    const own = texts.get(change.cell)
    // A cell made after the last save is known whole; of others only what was typed is known.
    if (own !== undefined && document.cell(change.cell) === undefined) texts.set(change.cell, applyEdit(own, change.edit))
    else texts.set(change.cell, (own ?? '') + change.edit.map((s) => s.insert).join(''))
  }
  for (const record of unsaved) document.change([], record.notes)
  const changes: NotebookStep[] = []
  for (const [id, source] of texts) {
    if (source.trim() === '') continue
    const after = document.cell(id) === undefined ? (document.state.order.at(-1) ?? null) : id
    changes.push({
      type: 'cell-inserted',
      after,
      cell: { id: `${id.slice(0, 50)}-typed`, kind: 'raw', source, version: 0, metadata: {}, outputs: [], count: null },
    })
  }
  if (changes.length === 0) return []
  document.merge(changes, 'Recover what was typed')
  return [
    {
      code: 'conflict',
      message: 'Updraft ended before it saved your last edits, and another program has changed the file since.',
      hint: 'What you typed last stands in cells of its own; the rest is as the file has it.',
      where: `notebook:${loaded.path.slice(loaded.path.lastIndexOf('/') + 1)}`,
    },
  ]
}
