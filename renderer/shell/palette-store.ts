// Whether the find sheet is open and what it finds; apart from palette.tsx, so that pages can open it without loading it.
import { makeStore } from '../parts/store.ts'

export type PickerMode = 'find' | 'commands' | 'environments'
export const pickerStore = makeStore<PickerMode | undefined>(undefined)
export const openPicker = (mode: PickerMode = 'find'): void => pickerStore.set(mode)
