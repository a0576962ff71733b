// One open notebook in memory: the only place where its edits are put in order. Operations of windows become changes of the feed, each
// change has an inverse, and the inverses are the undo steps. Files, journal and disk are not known here (open-notebook.ts joins them);
// what runs is not known either: execution hands its results in with `change`.
import { Feed } from '../contract/feed.ts'
import type { JsonObject } from '../contract/json.ts'
import { problem } from '../contract/problem.ts'
import { normaliseEdit, rebaseEdit, type TextEdit } from '../contract/text-edit.ts'
import {
  type Cell,
  changeDraft,
  draftedState,
  draftOf,
  type NotebookChange,
  type NotebookDraft,
  type NotebookOp,
  type NotebookState,
  type NotebookStep,
  reduceNotebook,
} from '../contract/topics/notebook.ts'
import { invertChange } from './inverse.ts'
import { isLasting, sameEdit, titleOf, typingIn, typingInChanges } from './step-facts.ts'
import { type Inverse, type StepKind, UndoStacks } from './undo-stacks.ts'

/** What the journal keeps of one accepted call: enough to fold the same state again and to rebuild the undo steps. */
export type DocumentRecord = {
  readonly kind: StepKind | 'result'
  readonly title?: string
  readonly changes: readonly NotebookStep[]
  readonly notes?: { readonly [name: string]: JsonObject | null }
  readonly atMs: number
}

export type Author = { readonly title?: string; readonly by?: string; readonly serial?: number }

/** Text edits remembered per cell: a window that is further behind than this must take the cell's text anew. */
const HISTORY_EDITS = 512

export class NotebookDocument {
  readonly feed: Feed<NotebookState, NotebookChange>
  /** Each accepted call, in order, before the call returns: the journal and autosave hang here. */
  onRecord: (record: DocumentRecord) => void = () => undefined
  /** Resolves when everything accepted so far is on disk. Set by whoever keeps the journal; await it before an execution id is delivered. */
  journaled: () => Promise<void> = async () => undefined

  readonly #now: () => number
  readonly #undo = new UndoStacks()
  readonly #history = new Map<string, { readonly version: number; readonly edit: TextEdit }[]>()
  /** Versions whose text is that of an earlier one again, because undo or redo led there. */
  readonly #sameText = new Map<string, Map<number, number>>()
  /** Deleted cells that undo can still bring back; results and late edits go on arriving there. */
  readonly #deleted = new Map<string, Cell>()
  readonly #serials = new Map<string, number>()
  readonly #notes = new Map<string, JsonObject>()
  /** Changes of the call under way that the feed does not have yet: they go out as one, see NotebookBatch. */
  #gathered: NotebookStep[] = []
  #draft: NotebookDraft | undefined
  #gathering = 0

  constructor(state: NotebookState, options: { readonly epoch: string; readonly now?: () => number }) {
    this.feed = new Feed(state, reduceNotebook, options.epoch)
    this.#now = options.now ?? Date.now
  }

  get id(): string {
    return this.feed.state.id
  }
  /** As the feed shows it; while a call is being folded, as far as that has come. */
  get state(): NotebookState {
    if (this.#gathered.length === 0) return this.feed.state
    if (this.#draft === undefined) {
      this.#draft = draftOf(this.feed.state)
      for (const change of this.#gathered) changeDraft(this.#draft, change)
    }
    return draftedState(this.#draft)
  }
  /** The cell, also when it was deleted a moment ago and undo can bring it back. */
  cell(id: string): Cell | undefined {
    return own(this.state.cells, id) ?? this.#deleted.get(id)
  }

  /**
   * Applies operations as one undo step and answers the version of each cell whose source was edited. Source edits are rebased from the
   * version they name; operations on cells that are gone do nothing; a call repeated with the same `by` and `serial` is not applied twice.
   * Throws `conflict` when a text edit is older than what is remembered: the window takes the cell's text anew.
   */
  apply(ops: readonly NotebookOp[], author: Author = {}): Record<string, number> {
    const edited = ops.flatMap((op) => (op.op === 'edit-source' ? [op.cell] : []))
    const versions = (): Record<string, number> =>
      Object.fromEntries(edited.flatMap((id) => (this.cell(id) === undefined ? [] : [[id, this.cell(id)?.version ?? 0]])))
    if (author.by !== undefined && author.serial !== undefined && author.serial <= (this.#serials.get(author.by) ?? -1))
      return versions()
    for (const op of ops) this.#check(op)
    const changes: NotebookStep[] = []
    const inverse: Inverse[][] = []
    this.#gather(() => {
      for (const op of ops) {
        for (const change of this.#resolve(op, author)) {
          inverse.push(this.#fold(change))
          changes.push(change)
        }
      }
    })
    if (changes.length > 0) {
      const title = author.title ?? titleOf(ops)
      const atMs = this.#now()
      this.#undo.push({ title, inverse: inverse.reverse().flat(), atMs, typing: typingIn(ops) })
      this.#finish({ kind: 'edit', title, changes, atMs })
    }
    return versions()
  }

  /**
   * Folds results of execution (or any change that is not the user's edit): no undo step. `notes` are kept in the same journal record, so
   * that a place in a kernel's log and what was made of it can't come apart; null forgets one.
   */
  change(changes: NotebookChange | readonly NotebookChange[], notes?: { readonly [name: string]: JsonObject | null }): void {
    const given = Array.isArray(changes) ? (changes as readonly NotebookChange[]) : [changes as NotebookChange]
    const list = given.flatMap((c) => (c.type === 'batch' ? c.changes : [c]))
    this.#foldAll(list)
    this.#keepNotes(notes)
    const kept = list.filter(isLasting)
    if (kept.length > 0 || notes !== undefined) {
      this.onRecord({ kind: 'result', changes: kept, ...(notes === undefined ? {} : { notes }), atMs: this.#now() })
    }
  }

  /** What was last noted under this name, also by an engine that has died since. */
  note(name: string): JsonObject | undefined {
    return this.#notes.get(name)
  }
  get notes(): { readonly [name: string]: JsonObject } {
    return Object.fromEntries(this.#notes)
  }

  /** A change that came from outside (the file changed on disk), as one undo step with this title. */
  merge(changes: readonly NotebookStep[], title: string): void {
    const atMs = this.#now()
    const inverse = this.#foldAll(changes)
    this.#undo.push({ title, inverse, atMs })
    this.#finish({ kind: 'edit', title, changes, atMs })
  }

  /** Takes the last step back; false when there is none. */
  undo(): boolean {
    return this.#turn('undo')
  }
  redo(): boolean {
    return this.#turn('redo')
  }

  /** Folds a journaled record again (engine restart): same state, same undo steps, nothing journaled twice. */
  replay(record: DocumentRecord): void {
    const step = record.kind === 'undo' || record.kind === 'redo' ? this.#undo.take(record.kind) : undefined
    const leadsTo = (change: NotebookStep): number | undefined =>
      step?.inverse.find((i) => i.type === 'source-edited' && sameEdit(i, change))?.leadsTo
    const inverse = this.#foldAll(record.changes, leadsTo)
    this.#keepNotes(record.notes)
    if (record.kind === 'result') return
    const replayed = { title: record.title ?? 'Edit', inverse, atMs: record.atMs }
    if (record.kind === 'edit') this.#undo.push({ ...replayed, typing: typingInChanges(record.changes) })
    else this.#undo.turned(record.kind, replayed)
    this.#tellUndo()
  }

  /** The edit on version `version` of a cell as an edit of its newest text. */
  rebased(cell: Cell, version: number, edit: TextEdit): TextEdit {
    const history = this.#history.get(cell.id) ?? []
    const missed = history.filter((h) => h.version > version)
    if (version > cell.version || missed.length !== cell.version - version) {
      throw problem('conflict', 'This edit was made on a text that is no longer known.', {
        hint: 'The cell shows its current text; make the edit again.',
        where: `cell:${cell.id}`,
      })
    }
    let length = cell.source.length
    for (const h of missed) for (const s of h.edit) length -= s.insert.length - s.delete
    return missed.reduce((e, h) => rebaseEdit(e, h.edit, true), normaliseEdit(length, edit))
  }

  #check(op: NotebookOp): void {
    const cell = op.op === 'edit-source' ? this.cell(op.cell) : undefined
    if (cell !== undefined && op.op === 'edit-source') this.rebased(cell, op.version, op.edit)
  }

  #resolve(op: NotebookOp, author: Author): readonly NotebookStep[] {
    if (op.op === 'set-metadata') return [{ type: 'notebook-changed', set: { metadata: op.metadata } }]
    if (op.op === 'insert-cell') return this.#insertion(op)
    const cell = op.op === 'edit-source' ? this.cell(op.cell) : own(this.state.cells, op.cell)
    if (cell === undefined) return []
    switch (op.op) {
      case 'edit-source': {
        const edit = this.rebased(cell, op.version, op.edit)
        const by = {
          ...(author.by === undefined ? {} : { by: author.by }),
          ...(author.serial === undefined ? {} : { serial: author.serial }),
        }
        return [{ type: 'source-edited', cell: cell.id, version: cell.version + 1, edit, ...by }]
      }
      case 'delete-cell':
        return [{ type: 'cell-deleted', cell: cell.id }]
      case 'move-cell':
        return op.after === cell.id ? [] : [{ type: 'cell-moved', cell: cell.id, after: op.after }]
      case 'set-kind': {
        if (op.kind === cell.kind) return []
        const bare = cell.outputs.length === 0 ? [] : [{ type: 'outputs-set', cell: cell.id, outputs: [] } as const]
        return [...bare, { type: 'cell-changed', cell: cell.id, kind: op.kind, count: null, run: null }]
      }
      case 'set-cell-metadata':
        return [{ type: 'cell-changed', cell: cell.id, metadata: op.metadata }]
      case 'clear-outputs': {
        if (cell.outputs.length === 0 && cell.count === null && cell.run === undefined) return []
        const runs = cell.run?.state === 'queued' || cell.run?.state === 'running'
        return [
          { type: 'outputs-set', cell: cell.id, outputs: [] },
          { type: 'cell-changed', cell: cell.id, count: null, ...(runs ? {} : { run: null }) },
        ]
      }
      default:
        op satisfies never
        return []
    }
  }

  #insertion(op: NotebookOp & { op: 'insert-cell' }): readonly NotebookStep[] {
    if (own(this.state.cells, op.cell.id) !== undefined) return []
    const from = op.cell.outputsOf === undefined ? undefined : this.cell(op.cell.outputsOf)
    const code = op.cell.kind === 'code'
    const cell: Cell = {
      id: op.cell.id,
      kind: op.cell.kind,
      source: op.cell.source,
      version: (this.#deleted.get(op.cell.id)?.version ?? 0) + 1,
      metadata: op.cell.metadata ?? {},
      outputs: code ? (from?.outputs ?? []) : [],
      count: code ? (from?.count ?? null) : null,
      ...(code || from?.attachments === undefined ? {} : { attachments: from.attachments }),
    }
    return [{ type: 'cell-inserted', after: op.after, cell }]
  }

  #foldAll(changes: readonly NotebookStep[], leadsTo?: (change: NotebookStep) => number | undefined): Inverse[] {
    const inverse: Inverse[][] = []
    this.#gather(() => {
      for (const change of changes) inverse.push(this.#fold(change, leadsTo?.(change)))
    })
    return inverse.reverse().flat()
  }

  /** What is folded meanwhile goes to the feed in as few changes as can be. */
  #gather(work: () => void): void {
    this.#gathering++
    try {
      work()
    } finally {
      this.#gathering--
      this.#flush()
    }
  }

  #tell(change: NotebookStep): void {
    if (change.type === 'source-edited') {
      this.#flush()
      this.feed.change(change)
      return
    }
    if (this.#draft !== undefined) changeDraft(this.#draft, change)
    this.#gathered.push(change)
    if (this.#gathering === 0) this.#flush()
  }

  #flush(): void {
    const [only, ...more] = this.#gathered
    const changes = this.#gathered
    this.#gathered = []
    this.#draft = undefined
    if (only !== undefined) this.feed.change(more.length === 0 ? only : { type: 'batch', changes })
  }

  /** Folds one change into the feed (or into a deleted cell) and answers the changes that take it back. */
  #fold(change: NotebookStep, leadsTo?: number): Inverse[] {
    const before = this.state
    const edited = change.type === 'source-edited' ? this.cell(change.cell) : undefined
    const from = edited === undefined ? 0 : this.#textOf(edited.id, edited.version)
    if (change.type === 'source-edited') {
      const history = this.#history.get(change.cell) ?? []
      history.push({ version: change.version, edit: change.edit })
      if (history.length > HISTORY_EDITS * 2) history.splice(0, HISTORY_EDITS)
      this.#history.set(change.cell, history)
      if (leadsTo !== undefined)
        this.#sameText.set(
          change.cell,
          (this.#sameText.get(change.cell) ?? new Map<number, number>()).set(change.version, leadsTo),
        )
      if (change.by !== undefined && change.serial !== undefined) this.#serials.set(change.by, change.serial)
    }
    const id = 'cell' in change && typeof change.cell === 'string' ? change.cell : undefined
    const deleted = id === undefined || own(before.cells, id) !== undefined ? undefined : this.#deleted.get(id)
    if (id !== undefined && deleted !== undefined) {
      const folded = reduceNotebook({ ...before, order: [id], cells: { [id]: deleted } }, change).cells[id]
      if (folded !== undefined) this.#deleted.set(id, folded)
      return []
    }
    if (change.type === 'cell-deleted') {
      const cell = own(before.cells, change.cell)
      if (cell !== undefined) this.#deleted.set(change.cell, cell)
    }
    if (change.type === 'cell-inserted') this.#deleted.delete(change.cell.id)
    const inverse = invertChange(before, change)
    this.#tell(change)
    return edited === undefined ? [...inverse] : inverse.map((i) => ({ ...i, leadsTo: from }))
  }

  #turn(direction: 'undo' | 'redo'): boolean {
    const step = this.#undo.take(direction)
    if (step === undefined) return false
    const changes: NotebookStep[] = []
    const inverses: Inverse[][] = []
    this.#gather(() => {
      for (const stored of step.inverse) {
        const change = this.#current(stored)
        if (change === undefined) continue
        inverses.push(this.#fold(change, sameEdit(stored, change) ? stored.leadsTo : undefined))
        changes.push(change)
      }
    })
    const atMs = this.#now()
    this.#undo.turned(direction, { title: step.title, inverse: inverses.reverse().flat(), atMs })
    this.#finish({ kind: direction, title: step.title, changes, atMs })
    return true
  }

  /** A stored inverse as it fits the document of now: text rebased, a deleted cell as it has become, newer outputs left alone. */
  #current(change: Inverse): NotebookStep | undefined {
    if (change.type === 'cell-inserted') {
      if (own(this.state.cells, change.cell.id) !== undefined) return undefined
      return { ...change, cell: this.#deleted.get(change.cell.id) ?? change.cell }
    }
    if (change.type === 'notebook-changed') return change
    const cell = 'cell' in change && typeof change.cell === 'string' ? this.cell(change.cell) : undefined
    if (cell === undefined) return undefined
    if (change.type === 'source-edited') {
      const made = change.version - 1
      // Undo goes back the way it came: the text is the one that the inverse was made on, and no rebase is needed. Rebasing over an edit
      // and the undo of that edit would lose what the first of them had deleted.
      if (this.#textOf(cell.id, made) === this.#textOf(cell.id, cell.version)) {
        return { type: 'source-edited', cell: cell.id, version: cell.version + 1, edit: change.edit }
      }
      try {
        return {
          type: 'source-edited',
          cell: cell.id,
          version: cell.version + 1,
          edit: this.rebased(cell, change.version - 1, change.edit),
        }
      } catch {
        return undefined
      }
    }
    // Outputs that came after a clear are newer than what undo would bring back: they stay.
    if (change.type === 'outputs-set' && change.outputs.length > 0 && cell.outputs.length > 0) return undefined
    return change
  }

  #finish(record: DocumentRecord): void {
    this.#tellUndo()
    this.onRecord(record)
  }

  /** The version that first had the text of this version. */
  #textOf(cell: string, version: number): number {
    return this.#sameText.get(cell)?.get(version) ?? version
  }

  #tellUndo(): void {
    const undo = this.#undo.titles
    const shown = this.state.undo
    if (undo.undo !== shown.undo || undo.redo !== shown.redo) this.feed.change({ type: 'notebook-changed', set: { undo } })
    if (this.#deleted.size === 0 || !this.#undo.takeDropped()) return
    const held = this.#undo.heldCells()
    for (const id of this.#deleted.keys()) if (!held.has(id)) this.#deleted.delete(id)
  }

  #keepNotes(notes: { readonly [name: string]: JsonObject | null } | undefined): void {
    for (const [name, note] of Object.entries(notes ?? {})) {
      if (note === null) this.#notes.delete(name)
      else this.#notes.set(name, note)
    }
  }
}

/** Ids come from files and windows: `constructor` and `__proto__` are ids like any other. */
export const own = <T>(record: { readonly [id: string]: T }, id: string): T | undefined =>
  Object.hasOwn(record, id) ? record[id] : undefined
