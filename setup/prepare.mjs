// Set-up as a whole: packages, Node 24, the window, the base Python environment. The Python environment does not need the
// packages, so both are fetched at the same time. When all is there this costs a few stamps: no network, no child process.

import { delimiter } from 'node:path'
import { requireNode24 } from './node24.mjs'
import { packagesAreReady, preparePackages } from './packages.mjs'
import { at } from './places.mjs'
import { prepareEnvironment, readyEnvironment } from './python-env.mjs'
import { elapsed, say } from './say.mjs'
import { prepareWindow } from './window.mjs'

const settled = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  )

/** Brings everything that `wants` names and returns {node, python}. Throws the first Trouble, after the other part has ended. */
export async function prepare({ window = true, python = true } = {}) {
  const fresh = !packagesAreReady()
  if (fresh) say('setting up (once; later starts need no network)')
  // Begun first, awaited last. Its failure is looked at below, not lost.
  const environment = settled(python ? prepareEnvironment('base', '4/4 base Python environment') : Promise.resolve(undefined))
  const rest = await settled(
    (async () => {
      await preparePackages('1/4 packages (npm, no install scripts)')
      const node = requireNode24()
      if (fresh) say(`2/4 Node 24: ${node}`)
      if (window) await prepareWindow('3/4 window', node)
      return node
    })(),
  )
  const made = await environment
  const error = rest.error ?? made.error
  if (error) throw error
  if (fresh) say(`set up in ${elapsed()}`)
  return { node: rest.value, python: made.value }
}

/**
 * The user's environment as it was before npm ran us. Terminals and kernels inherit the engine's: without this their `node` would
 * be ours, and an `npm` of theirs would take our settings for its own.
 */
function userEnvironment() {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^(INIT_CWD|NODE|COLOR)$/.test(name))
  const ofNpm = (folder) =>
    folder.endsWith('node-gyp-bin') || (process.env.npm_execpath !== undefined && /[/\\]node_modules[/\\]\.bin$/.test(folder))
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !ofNpm(folder))
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter) }
}

/** What the engine and its tests find in their environment. */
export function engineEnvironment(python) {
  const torch = readyEnvironment('torch')
  return {
    ...userEnvironment(),
    // 400 files start in 157 ms with it and in 577 without.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? at('node_modules', '.cache', 'node'),
    ...(python ? { UPDRAFT_BASE_PYTHON: python } : {}),
    ...(torch ? { UPDRAFT_TORCH_PYTHON: torch } : {}),
  }
}
