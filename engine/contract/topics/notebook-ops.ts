// The operations of a notebook's document: what a window may ask to be changed, and the checker of that wish. Every operation has an inverse
// (engine/notebooks/inverse.ts), so undo covers them all.
import * as z from 'zod/mini'
import type { JsonObject } from '../json.ts'
import type { TextEdit } from '../text-edit.ts'

export type CellKind = 'code' | 'markdown' | 'raw'

/** An edit of the document. Every operation has an inverse, so undo covers them all. `after: null` = at the top. */
export type NotebookOp =
  | { readonly op: 'edit-source'; readonly cell: string; readonly version: number; readonly edit: TextEdit }
  | {
      readonly op: 'insert-cell'
      readonly after: string | null
      readonly cell: {
        readonly id: string
        readonly kind: CellKind
        readonly source: string
        readonly metadata?: JsonObject
        readonly outputsOf?: string
      }
    }
  | { readonly op: 'delete-cell'; readonly cell: string }
  | { readonly op: 'move-cell'; readonly cell: string; readonly after: string | null }
  | { readonly op: 'set-kind'; readonly cell: string; readonly kind: CellKind }
  | { readonly op: 'set-cell-metadata'; readonly cell: string; readonly metadata: JsonObject }
  | { readonly op: 'set-metadata'; readonly metadata: JsonObject }
  | { readonly op: 'clear-outputs'; readonly cell: string }

export const json = z.record(z.string(), z.json()) as unknown as z.ZodMiniType<JsonObject>
export const cell = z.string().check(z.minLength(1), z.maxLength(256))
export const position = z.int().check(z.nonnegative())
const kind = z.enum(['code', 'markdown', 'raw'])
export const op: z.ZodMiniType<NotebookOp> = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('edit-source'),
    cell,
    version: position,
    edit: z.array(z.object({ at: position, delete: position, insert: z.string() })),
  }),
  z.object({
    op: z.literal('insert-cell'),
    after: z.nullable(cell),
    cell: z.object({ id: cell, kind, source: z.string(), metadata: z.optional(json), outputsOf: z.optional(cell) }),
  }),
  z.object({ op: z.literal('delete-cell'), cell }),
  z.object({ op: z.literal('move-cell'), cell, after: z.nullable(cell) }),
  z.object({ op: z.literal('set-kind'), cell, kind }),
  z.object({ op: z.literal('set-cell-metadata'), cell, metadata: json }),
  z.object({ op: z.literal('set-metadata'), metadata: json }),
  z.object({ op: z.literal('clear-outputs'), cell }),
]) as unknown as z.ZodMiniType<NotebookOp>
