// A value that components can watch: for what only this window knows (which panel is open), never for what the engine says.
import { useSyncExternalStore } from 'react'

export type Store<T> = {
  get(): T
  set(next: T | ((old: T) => T)): void
  /** Called after each change; returns the way to stop. */
  listen(listener: () => void): () => void
}

export function makeStore<T>(value: T): Store<T> {
  const listeners = new Set<() => void>()
  return {
    get: () => value,
    set: (next) => {
      const now = typeof next === 'function' ? (next as (old: T) => T)(value) : next
      if (Object.is(now, value)) return
      value = now
      for (const listener of [...listeners]) listener()
    },
    listen: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export const useStore = <T>(store: Store<T>): T => useSyncExternalStore(store.listen, store.get)
