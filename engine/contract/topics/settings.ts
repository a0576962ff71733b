// Settings and key bindings: one JSONC file each in the user's config folder, VS Code's names where they match.
import * as z from 'zod/mini'
import { call, feed } from '../define.ts'
import type { Json } from '../json.ts'

export type SettingSpec = {
  readonly key: string
  readonly title: string
  readonly description: string
  readonly group: string
  readonly default: Json
  readonly options?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

export type Keybinding = { readonly key: string; readonly command: string; readonly when?: string }

export type SettingsState = {
  readonly specs: readonly SettingSpec[]
  readonly values: { readonly [key: string]: Json }
  readonly keybindings: readonly Keybinding[]
  readonly files: { readonly settings: string; readonly keybindings: string }
  /** What is wrong in a file, with line and column; the last good values stay in force. */
  readonly problems: readonly string[]
}
export type SettingsChange = { readonly type: 'settings-changed'; readonly set: Partial<SettingsState> }

export const settingsFeeds = { settings: feed<null, SettingsState, SettingsChange>(z.null(), (s, c) => ({ ...s, ...c.set })) }

export const settingsCalls = {
  'settings.set': call<null>()(z.object({ key: z.string(), value: z.json() as unknown as z.ZodMiniType<Json> })),
  'settings.reset': call<null>()(z.object({ key: z.string() })),
  'keybindings.set': call<null>()(z.object({ key: z.string(), command: z.string(), when: z.optional(z.string()) })),
  'keybindings.remove': call<null>()(z.object({ key: z.string(), command: z.string() })),
}
