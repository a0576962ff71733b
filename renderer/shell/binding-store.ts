// The bindings in force, for pages that show keys (shortcuts page, tooltips). Set by the frame.
import { makeStore } from '../parts/store.ts'
import type { Binding } from './keymap.ts'

export const bindingStore = makeStore<readonly Binding[]>([])
