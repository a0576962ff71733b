// How this window is laid out: which side view, which panel, how wide, and the dock's tabs. Remembered per workspace by the engine
// (`workspace.remember-layout`); read back with care, because an older or newer Updraft may have written it. Pure but for the store.
import type { IJsonModel } from 'flexlayout-react'
import type { JsonObject } from '../../engine/contract/json.ts'
import { makeStore } from '../parts/store.ts'

export type BottomTab = 'logs' | 'terminal' | 'problems'
export type FrameLayout = {
  readonly side: string | null
  readonly sideWidth: number
  readonly bottom: boolean
  readonly bottomTab: BottomTab
  readonly bottomHeight: number
  readonly inspector: boolean
  readonly inspectorWidth: number
}

export const defaultLayout: FrameLayout = {
  side: 'files',
  sideWidth: 232,
  bottom: false,
  bottomTab: 'logs',
  bottomHeight: 230,
  inspector: true,
  inspectorWidth: 328,
}

export const layoutStore = makeStore<FrameLayout>(defaultLayout)
export const setLayout = (set: Partial<FrameLayout>): void => layoutStore.set((old) => ({ ...old, ...set }))

export const LIMITS = { side: [160, 640], bottom: [90, 900], inspector: [220, 720] } as const
const within = (value: unknown, [low, high]: readonly [number, number], otherwise: number): number =>
  typeof value === 'number' && Number.isFinite(value) ? Math.min(high, Math.max(low, value)) : otherwise

/** What a workspace remembers, made safe: unknown keys and odd values fall back to the default. */
export function readLayout(kept: JsonObject | undefined): { readonly frame: FrameLayout; readonly dock: IJsonModel | undefined } {
  if (kept === undefined || kept['version'] !== 1 || typeof kept['frame'] !== 'object' || kept['frame'] === null)
    return { frame: defaultLayout, dock: undefined }
  const f = kept['frame'] as JsonObject
  const tab = f['bottomTab']
  return {
    frame: {
      side: f['side'] === null || f['side'] === 'files' || f['side'] === 'search' ? f['side'] : 'files',
      sideWidth: within(f['sideWidth'], LIMITS.side, 232),
      bottom: f['bottom'] === true,
      bottomTab: tab === 'terminal' || tab === 'problems' ? tab : 'logs',
      bottomHeight: within(f['bottomHeight'], LIMITS.bottom, 230),
      inspector: f['inspector'] !== false,
      inspectorWidth: within(f['inspectorWidth'], LIMITS.inspector, 328),
    },
    dock: isDock(kept['dock']) ? (kept['dock'] as unknown as IJsonModel) : undefined,
  }
}

export const writeLayout = (frame: FrameLayout, dock: IJsonModel): JsonObject => ({
  version: 1,
  frame: { ...frame },
  dock: JSON.parse(JSON.stringify(dock)) as JsonObject,
})

const isDock = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'layout' in value &&
  typeof value.layout === 'object' &&
  value.layout !== null &&
  'type' in value.layout &&
  value.layout.type === 'row'
