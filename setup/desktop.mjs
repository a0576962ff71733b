// The desktop window: is there a display, is there an Electron, and may it run here? Each "no" is one line, and then the
// browser serves. The binary comes from the `electron` package, which fetches it itself when asked (npm's scripts are not run).
import { join } from 'node:path'
import { at, exists, read, writeWhole } from './places.mjs'
import { run } from './processes.mjs'
import { phase } from './say.mjs'

const FETCH_MS = 180_000
const failedFile = () => at('node_modules', '.updraft-electron-failed')

export const hasDisplay = () => process.platform === 'darwin' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)

/** The Electron executable, or undefined. UPDRAFT_ELECTRON names another one. */
export function electronBinary() {
  const named = process.env.UPDRAFT_ELECTRON
  if (named) return exists(named) ? named : undefined
  const folder = at('node_modules', 'electron')
  const name = read(join(folder, 'path.txt')).trim()
  const binary = name && join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), name)
  return binary && exists(binary) ? binary : undefined
}

/** Fetches the binary once. A failure is remembered until the packages change, so that later starts ask no network. */
export async function fetchElectron(node, { again = false } = {}) {
  if (!again && exists(failedFile())) return undefined
  const done = await phase('desktop window (Electron, about 120 MB)', () =>
    run(node, [at('node_modules', 'electron', 'install.js')], { timeoutMs: FETCH_MS }),
  )
  const binary = done.status === 0 ? electronBinary() : undefined
  if (!binary) writeWhole(failedFile(), done.last)
  return binary
}

/** Resolves to {binary} or {why}: the one line that tells why the page is served to a browser instead. */
export async function desktopWindow(node) {
  if (!hasDisplay()) return { why: 'there is no display, so the page is served to a browser' }
  if (process.getuid?.() === 0 && process.platform === 'linux')
    return { why: 'Electron does not run as root with its sandbox, so the page is served to a browser' }
  if (!exists(at('dist', 'electron', 'main.cjs')))
    return { why: 'the desktop shell is not built, so the page is served to a browser' }
  const binary = electronBinary() ?? (await fetchElectron(node))
  return binary
    ? { binary }
    : { why: 'Electron could not be fetched (`./updraft.mjs electron` tries again), so the page is served to a browser' }
}
