// One open notebook: the document, what runs, and what can be asked of it. Many windows watch one notebook; the engine decides the order
// of all edits. Outputs live in outputs.ts, text edits in ../text-edit.ts, kernels in kernels.ts.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { JsonObject } from '../json.ts'
import type { Problem } from '../problem.ts'
import { applyEdit, type TextEdit } from '../text-edit.ts'
import { type CellKind, cell, type NotebookOp, op, position } from './notebook-ops.ts'
import type { LogText, MimeBundle, Output } from './outputs.ts'

export type { CellKind, NotebookOp } from './notebook-ops.ts'

/** Where the latest execution of a cell stands. Times are wall-clock milliseconds of the engine. */
export type CellRun = {
  readonly execution: string
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'interrupted' | 'aborted' | 'lost'
  readonly queuedAtMs: number
  readonly startedAtMs?: number
  readonly endedAtMs?: number
  /** Why it is lost or failed outside the user's code: kernel died, signal, out of memory. */
  readonly problem?: Problem
}

export type Cell = {
  readonly id: string
  readonly kind: CellKind
  readonly source: string
  /** Counts text edits of this cell; a text edit names the version it was made on. */
  readonly version: number
  readonly metadata: JsonObject
  readonly outputs: readonly Output[]
  readonly count: number | null
  /** Files inside a markdown or raw cell by name (`![](attachment:name)`), each a bundle of MIME type to content. */
  readonly attachments?: { readonly [name: string]: MimeBundle }
  readonly run?: CellRun
}

export type InputRequest = {
  readonly execution: string
  readonly cell: string
  readonly prompt: string
  readonly password: boolean
}

/** Text with ANSI colours; windows show it only for runs of their own. */
export type HelpPage = { readonly execution: string; readonly text: string }

export type KernelSummary = {
  /** Session id for `kernels.*`, absent while none is started. */
  readonly session?: string
  readonly state: 'none' | 'starting' | 'idle' | 'busy' | 'restarting' | 'dead' | 'unreachable'
  readonly environment?: string
  readonly name: string
  /** Where it runs: a place's id and what to call it. */
  readonly place: { readonly id: string; readonly title: string }
  readonly phase?: string
  readonly problem?: Problem
}

export type SaveState = {
  readonly state: 'saved' | 'dirty' | 'saving' | 'failed' | 'read-only'
  readonly atMs?: number
  readonly problem?: Problem
}

export type NotebookState = {
  readonly id: string
  readonly path: string
  readonly title: string
  readonly format: { readonly major: number; readonly minor: number; readonly language: string }
  readonly metadata: JsonObject
  /** False: nothing of this file runs and its HTML stays inert until the folder is trusted. */
  readonly trusted: boolean
  readonly order: readonly string[]
  readonly cells: { readonly [id: string]: Cell }
  readonly kernel: KernelSummary
  readonly queue: readonly string[]
  readonly input?: InputRequest
  /** What the latest run asked to show beside the notebook (`name?`, `%pinfo`, `%history -p`): not an output, not saved. */
  readonly page?: HelpPage
  readonly save: SaveState
  readonly undo: { readonly undo?: string; readonly redo?: string }
  /** Said once at the top: the file was repaired, converted, is read-only, changed on disk with a conflict. */
  readonly remarks: readonly Problem[]
  /** Cells that finished or failed while no window looked. */
  readonly away: readonly string[]
}

/**
 * Many changes of one moment, folded with one copy of the cells: a copy of 5,000 cells takes 1 ms, so a run of all of them would take
 * seconds without it. Never holds a source edit: windows look for their own.
 */
export type NotebookBatch = { readonly type: 'batch'; readonly changes: readonly NotebookStep[] }
export type NotebookChange = NotebookStep | NotebookBatch
export type NotebookStep =
  /** `edit` takes the source from `version - 1` to `version`; `by` and `serial` let its author drop it from the pending ones. */
  | {
      readonly type: 'source-edited'
      readonly cell: string
      readonly version: number
      readonly edit: TextEdit
      readonly by?: string
      readonly serial?: number
    }
  | { readonly type: 'cell-inserted'; readonly after: string | null; readonly cell: Cell }
  | { readonly type: 'cell-deleted'; readonly cell: string }
  | { readonly type: 'cell-moved'; readonly cell: string; readonly after: string | null }
  | {
      readonly type: 'cell-changed'
      readonly cell: string
      readonly kind?: CellKind
      readonly metadata?: JsonObject
      readonly count?: number | null
      readonly run?: CellRun | null
    }
  | { readonly type: 'outputs-set'; readonly cell: string; readonly outputs: readonly Output[] }
  | { readonly type: 'output-added'; readonly cell: string; readonly output: Output }
  | { readonly type: 'output-replaced'; readonly cell: string; readonly output: Output }
  /** Appends to the inline text of a stream output (never used once the stream lives in a log). */
  | {
      readonly type: 'stream-appended'
      readonly cell: string
      readonly output: string
      readonly text: string
      readonly bytes: number
      readonly lines: number
    }
  /** The stream lives in a log now, or has grown there. */
  | { readonly type: 'stream-grew'; readonly cell: string; readonly output: string; readonly content: LogText }
  | {
      readonly type: 'notebook-changed'
      readonly set: Partial<
        Pick<
          NotebookState,
          | 'path'
          | 'title'
          | 'metadata'
          | 'format'
          | 'trusted'
          | 'kernel'
          | 'queue'
          | 'page'
          | 'save'
          | 'undo'
          | 'remarks'
          | 'away'
        >
      >
    }
  | { readonly type: 'input-requested'; readonly input: InputRequest | null }

/** A notebook that may be changed in place. The order is copied when it is first changed: who watches compares it by identity. */
export type NotebookDraft = {
  rest: NotebookState
  order: readonly string[]
  ownOrder: string[] | undefined
  readonly cells: { [id: string]: Cell }
}

export const draftOf = (state: NotebookState): NotebookDraft => ({
  rest: state,
  order: state.order,
  ownOrder: undefined,
  cells: { ...state.cells },
})
export const draftedState = (draft: NotebookDraft): NotebookState => ({ ...draft.rest, order: draft.order, cells: draft.cells })

/** Folds a change into a draft. Unknown cells and outputs are ignored: a late change after a deletion is no fault. */
export function changeDraft(draft: NotebookDraft, change: NotebookStep): void {
  switch (change.type) {
    case 'cell-inserted':
      place(orderOf(draft), change.cell.id, change.after)
      // Not by assignment: ids come from files and windows, and `__proto__` is one like any other.
      Object.defineProperty(draft.cells, change.cell.id, {
        value: change.cell,
        enumerable: true,
        configurable: true,
        writable: true,
      })
      return
    case 'cell-deleted':
      delete draft.cells[change.cell]
      if (draft.order.includes(change.cell)) orderOf(draft).splice(draft.order.indexOf(change.cell), 1)
      return
    case 'cell-moved':
      if (Object.hasOwn(draft.cells, change.cell)) place(orderOf(draft), change.cell, change.after)
      return
    case 'notebook-changed':
      draft.rest = { ...draft.rest, ...change.set }
      return
    case 'input-requested': {
      const { input: _old, ...rest } = draft.rest
      draft.rest = change.input === null ? rest : { ...rest, input: change.input }
      return
    }
    default: {
      const cell = Object.hasOwn(draft.cells, change.cell) ? draft.cells[change.cell] : undefined
      if (cell !== undefined) draft.cells[change.cell] = reduceCell(cell, change)
    }
  }
}

function orderOf(draft: NotebookDraft): string[] {
  draft.ownOrder ??= [...draft.order]
  draft.order = draft.ownOrder
  return draft.ownOrder
}

function place(order: string[], id: string, after: string | null): void {
  const old = order.indexOf(id)
  if (old !== -1) order.splice(old, 1)
  order.splice(after === null ? 0 : order.indexOf(after) + 1 || order.length, 0, id)
}

/** The reducer both sides share. */
export function reduceNotebook(state: NotebookState, change: NotebookChange): NotebookState {
  // What leaves the cells alone needs no copy of them.
  if (change.type === 'notebook-changed') return { ...state, ...change.set }
  if ('cell' in change && typeof change.cell === 'string' && !Object.hasOwn(state.cells, change.cell)) return state
  const draft = draftOf(state)
  for (const step of change.type === 'batch' ? change.changes : [change]) changeDraft(draft, step)
  return draftedState(draft)
}

type CellChange = Extract<NotebookStep, { readonly cell: string }> & {
  readonly type:
    | 'source-edited'
    | 'cell-changed'
    | 'outputs-set'
    | 'output-added'
    | 'output-replaced'
    | 'stream-appended'
    | 'stream-grew'
}

function reduceCell(c: Cell, change: CellChange): Cell {
  switch (change.type) {
    case 'source-edited':
      return { ...c, source: applyEdit(c.source, change.edit), version: change.version }
    case 'cell-changed': {
      const { run, ...rest } = c
      const next = change.run === undefined ? run : (change.run ?? undefined)
      return {
        ...rest,
        ...(change.kind === undefined ? {} : { kind: change.kind }),
        ...(change.metadata === undefined ? {} : { metadata: change.metadata }),
        ...(change.count === undefined ? {} : { count: change.count }),
        ...(next === undefined ? {} : { run: next }),
      }
    }
    case 'outputs-set':
      return { ...c, outputs: change.outputs }
    case 'output-added':
      return { ...c, outputs: [...c.outputs, change.output] }
    case 'output-replaced':
      return { ...c, outputs: c.outputs.map((o) => (o.id === change.output.id ? change.output : o)) }
    case 'stream-appended':
      return withStream(c, change.output, (content) => ({
        ...content,
        text: content.text + change.text,
        bytes: change.bytes,
        lines: change.lines,
      }))
    case 'stream-grew':
      return withStream(c, change.output, () => change.content)
    default:
      change satisfies never
      return c
  }
}

function withStream(c: Cell, output: string, change: (content: LogText) => LogText): Cell {
  return {
    ...c,
    outputs: c.outputs.map((o) => (o.id === output && o.type === 'stream' ? { ...o, content: change(o.content) } : o)),
  }
}

const notebook = z.string().check(z.maxLength(4096))
export const notebookFeeds = {
  /** Watching opens the notebook (or joins the open one). Key: the id that `notebook.open` gave. */
  notebook: feed<{ notebook: string }, NotebookState, NotebookChange>(z.object({ notebook }), reduceNotebook),
}

export type CompletionItem = { readonly text: string; readonly type?: string; readonly signature?: string }

export const notebookCalls = {
  /** Opens a file (absolute, or relative to the workspace) and answers its id; the same file gives the same id. */
  'notebook.open': call<{ notebook: string }>()(z.object({ path: z.string().check(z.minLength(1), z.maxLength(4096)) })),
  'notebook.close': call<null>()(z.object({ notebook })),
  /** Creates an untitled notebook in a folder (default: the workspace) and opens it. */
  'notebook.create': call<{ notebook: string; path: string }>()(
    z.object({ folder: z.optional(z.string()), name: z.optional(z.string()) }),
  ),
  /** Applies operations as one undo step titled `title`. `by` and `serial` come back with each source edit. */
  'notebook.edit': call<{ versions: Record<string, number> }>()(
    z.object({
      notebook,
      ops: z.array(op),
      title: z.optional(z.string()),
      by: z.optional(z.string()),
      serial: z.optional(z.number()),
    }),
  ),
  'notebook.undo': call<null>()(z.object({ notebook })),
  'notebook.redo': call<null>()(z.object({ notebook })),
  'notebook.save': call<null>()(z.object({ notebook })),
  'notebook.save-as': call<{ notebook: string; path: string }>()(z.object({ notebook, path: z.string() })),
  /** Queues cells in the order given. `ids`: made by the caller, one per cell, so that a repeated call never runs a cell twice. */
  'notebook.run': call<{ executions: string[] }>()(
    z.object({ notebook, cells: z.array(cell), ids: z.optional(z.array(z.string())) }),
  ),
  'notebook.interrupt': call<null>()(z.object({ notebook })),
  /** `runAll` queues every code cell afterwards; outputs are cleared first when `clear`. */
  'notebook.restart': call<null>()(z.object({ notebook, clear: z.optional(z.boolean()), runAll: z.optional(z.boolean()) })),
  'notebook.shutdown': call<null>()(z.object({ notebook })),
  'notebook.answer-input': call<null>()(z.object({ notebook, execution: z.string(), text: z.string() })),
  /** Chooses interpreter or kernelspec (ids of the `environments` feed); a running kernel is replaced. */
  'notebook.choose-environment': call<null>()(z.object({ notebook, environment: z.string() })),
  'notebook.clear-outputs': call<null>()(z.object({ notebook, cells: z.optional(z.array(cell)) })),
  /** The "while you were away" strip was read. */
  'notebook.seen-away': call<null>()(z.object({ notebook })),
  /**
   * Answers within 2 s or with nothing; works while a cell is busy. Positions are UTF-16 units. `later`: the kernel still thinks (its
   * completer loads, it is inside C); the same question asked again joins the one under way.
   */
  'notebook.complete': call<{ from: number; to: number; items: readonly CompletionItem[]; later?: true }>()(
    z.object({ notebook, code: z.string(), position }),
  ),
  /** As `notebook.complete`. */
  'notebook.inspect': call<{ found: boolean; data: { readonly [mime: string]: string }; later?: true }>()(
    z.object({ notebook, code: z.string(), position, detail: z.optional(z.enum(['0', '1'])) }),
  ),
  /** Searches sources and outputs (whole spooled text too). Offsets are UTF-16 units of the source, or lines of an output's log. */
  'notebook.find': call<{ matches: readonly FindMatch[]; total: number }>()(
    z.object({
      notebook,
      query: z.string(),
      regex: z.optional(z.boolean()),
      caseSensitive: z.optional(z.boolean()),
      wholeWord: z.optional(z.boolean()),
      outputs: z.optional(z.boolean()),
      limit: z.optional(position),
    }),
  ),
  'notebook.replace': call<{ replaced: number }>()(
    z.object({
      notebook,
      query: z.string(),
      with: z.string(),
      regex: z.optional(z.boolean()),
      caseSensitive: z.optional(z.boolean()),
      wholeWord: z.optional(z.boolean()),
      cells: z.optional(z.array(cell)),
    }),
  ),
}

export type FindMatch = {
  readonly cell: string
  readonly in: 'source' | 'output'
  readonly output?: string
  readonly line: number
  readonly from: number
  readonly to: number
  readonly text: string
}
