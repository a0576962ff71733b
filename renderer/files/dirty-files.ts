// Tabs whose file is not saved yet; the shell marks them.
import { makeStore } from '../parts/store.ts'

export const dirtyFiles = makeStore<ReadonlySet<string>>(new Set())
