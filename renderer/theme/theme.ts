// Which look the window has: the theme and density that the settings ask for, put on <html>, and told to whoever draws by itself
// (Monaco, xterm, canvas). The last choice is cached so that the first paint of the next start is right; the settings feed has the truth.

export type ThemeName = 'dark' | 'light' | 'contrast'
export type ThemeWish = ThemeName | 'system'
export type Density = 'compact' | 'comfortable'

const CACHE = 'updraft.look'
const listeners = new Set<(theme: ThemeName) => void>()
let wish: ThemeWish = 'system'
let current: ThemeName = 'dark'

const asks = (query: string): boolean => window.matchMedia(query).matches

function resolve(from: ThemeWish): ThemeName {
  if (from !== 'system') return from
  if (asks('(prefers-contrast: more)') || asks('(forced-colors: active)')) return 'contrast'
  return asks('(prefers-color-scheme: light)') ? 'light' : 'dark'
}

/** Puts theme and density on the page. Called before the first paint from the cache, later for every change of the settings. */
export function applyLook(nextWish: ThemeWish, density: Density): void {
  wish = nextWish
  const next = resolve(nextWish)
  const root = document.documentElement
  root.dataset['theme'] = next
  root.dataset['density'] = density
  try {
    localStorage.setItem(CACHE, JSON.stringify([nextWish, density]))
  } catch {
    // A browser that forbids storage only loses the first paint's colour.
  }
  if (next === current) return
  current = next
  for (const listener of listeners) listener(next)
}

/** Before the first paint: what the last window looked like. */
export function applyCachedLook(): void {
  let cached: unknown
  try {
    cached = JSON.parse(localStorage.getItem(CACHE) ?? 'null')
  } catch {
    cached = null
  }
  const [theme, density] = Array.isArray(cached) ? cached : []
  applyLook(isWish(theme) ? theme : 'system', density === 'comfortable' ? 'comfortable' : 'compact')
  for (const query of ['(prefers-color-scheme: light)', '(prefers-contrast: more)']) {
    window.matchMedia(query).addEventListener('change', () => {
      if (wish === 'system')
        applyLook('system', document.documentElement.dataset['density'] === 'comfortable' ? 'comfortable' : 'compact')
    })
  }
}

export const isWish = (value: unknown): value is ThemeWish =>
  value === 'dark' || value === 'light' || value === 'contrast' || value === 'system'

export const currentTheme = (): ThemeName => current

/** Called with each new theme; returns the way to stop. */
export function onTheme(listener: (theme: ThemeName) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A token's value now, e.g. `token('--ink')`, for whoever can't use CSS variables. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim()
