// The open folder: its tree, its files as text, search in files, and whether it is trusted.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { JsonObject } from '../json.ts'
import type { TextEdit } from '../text-edit.ts'

export type Entry = {
  readonly name: string
  readonly kind: 'file' | 'folder' | 'link'
  readonly sizeBytes?: number
  readonly modifiedMs?: number
  readonly ignored?: boolean
}

export type WorkspaceState = {
  /** Absolute path of the open folder, or none: then only the welcome page shows. */
  readonly folder?: string
  readonly name?: string
  readonly trusted: boolean
  readonly recent: readonly { readonly path: string; readonly kind: 'folder' | 'notebook'; readonly openedMs: number }[]
  /** Layout the window remembers for this folder; opaque to the engine. */
  readonly layout?: JsonObject
}
export type WorkspaceChange = { readonly type: 'workspace-changed'; readonly set: Partial<WorkspaceState> }

/** One folder's listing, kept up to date while watched. Path relative to the workspace, '' = its root. */
export type FolderState = { readonly path: string; readonly entries: readonly Entry[]; readonly total: number }
export type FolderChange = { readonly type: 'listed'; readonly entries: readonly Entry[]; readonly total: number }

/** A text file open in an editor. The engine holds the text; edits rebase like a cell's. */
export type FileState = {
  readonly path: string
  readonly text: string
  readonly version: number
  readonly language: string
  readonly dirty: boolean
  readonly readOnly?: string
  readonly savedMs?: number
}
export type FileChange =
  | { readonly type: 'edited'; readonly version: number; readonly edit: TextEdit; readonly by?: string; readonly serial?: number }
  | { readonly type: 'replaced'; readonly text: string; readonly version: number }
  | { readonly type: 'saved'; readonly savedMs: number; readonly dirty: boolean }

import { applyEdit } from '../text-edit.ts'

export const reduceWorkspace = (state: WorkspaceState, change: WorkspaceChange): WorkspaceState => ({ ...state, ...change.set })
export const reduceFolder = (state: FolderState, change: FolderChange): FolderState => ({
  ...state,
  entries: change.entries,
  total: change.total,
})
export function reduceFile(state: FileState, change: FileChange): FileState {
  switch (change.type) {
    case 'edited':
      return { ...state, text: applyEdit(state.text, change.edit), version: change.version, dirty: true }
    case 'replaced':
      return { ...state, text: change.text, version: change.version, dirty: false }
    case 'saved':
      return { ...state, savedMs: change.savedMs, dirty: change.dirty }
    default:
      change satisfies never
      return state
  }
}

const path = z.string().check(z.maxLength(4096))
const position = z.int().check(z.nonnegative())
const edit = z.array(z.object({ at: position, delete: position, insert: z.string() }))

export const workspaceFeeds = {
  workspace: feed<null, WorkspaceState, WorkspaceChange>(z.null(), reduceWorkspace),
  folder: feed<{ path: string }, FolderState, FolderChange>(z.object({ path }), reduceFolder),
  file: feed<{ path: string }, FileState, FileChange>(z.object({ path }), reduceFile),
}

export type SearchHit = {
  readonly path: string
  readonly line: number
  readonly from: number
  readonly to: number
  readonly text: string
  readonly cell?: string
}

export const workspaceCalls = {
  'workspace.open': call<null>()(z.object({ folder: path })),
  'workspace.trust': call<null>()(z.object({ folder: path, trusted: z.boolean() })),
  'workspace.remember-layout': call<null>()(
    z.object({ layout: z.record(z.string(), z.json()) as unknown as z.ZodMiniType<JsonObject> }),
  ),
  /** Files by fuzzy name, best first. */
  'files.find': call<{ paths: readonly string[]; total: number }>()(z.object({ query: z.string(), limit: z.optional(position) })),
  /** Text search over the workspace, ignored files left out; notebooks are searched by cell. Cancel stops it. */
  'files.search': call<{ hits: readonly SearchHit[]; files: number; cut: boolean }>()(
    z.object({
      query: z.string(),
      regex: z.optional(z.boolean()),
      caseSensitive: z.optional(z.boolean()),
      wholeWord: z.optional(z.boolean()),
      include: z.optional(z.string()),
      exclude: z.optional(z.string()),
      limit: z.optional(position),
    }),
  ),
  'files.create': call<{ path: string }>()(z.object({ path, kind: z.enum(['file', 'folder']) })),
  'files.rename': call<null>()(z.object({ from: path, to: path })),
  /** Moves to our own trash; `files.restore` brings it back. */
  'files.delete': call<{ trash: string }>()(z.object({ path })),
  'files.restore': call<null>()(z.object({ trash: z.string() })),
  'files.edit': call<{ version: number }>()(
    z.object({ path, version: position, edit, by: z.optional(z.string()), serial: z.optional(z.number()) }),
  ),
  'files.save': call<null>()(z.object({ path })),
  /** Folders of this machine for the "open folder" page; absolute path, default home. */
  'files.browse': call<{ path: string; parent?: string; entries: readonly Entry[] }>()(z.object({ path: z.optional(path) })),
}
