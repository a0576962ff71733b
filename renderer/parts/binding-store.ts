// The bindings in force, for pages that show keys (shortcuts page, tooltips). Set by the frame.

import type { Binding } from './keymap.ts'
import { makeStore } from './store.ts'

export const bindingStore = makeStore<readonly Binding[]>([])
