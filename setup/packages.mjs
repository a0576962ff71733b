// The npm packages: installed from the lock without running any install script, and only when the lock has changed.
// The stamp is written last, so an install that was cut off is done again.
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { onlyOne } from './only-one.mjs'
import { at, cacheFolder, exists, read, readJson, sha256, writeWhole } from './places.mjs'
import { run } from './processes.mjs'
import { phase, Trouble } from './say.mjs'

const stamp = at('node_modules', '.updraft-install')
const wanted = () => sha256(read(at('package-lock.json')), process.platform, process.arch)

export const packagesAreReady = () => read(stamp) === wanted()

/** One lock per checkout for what lies inside it; it lives in the cache because `npm ci` empties node_modules. */
export const checkoutLock = () => join(cacheFolder(), 'locks', `checkout-${sha256(at()).slice(0, 16)}`)

/**
 * True when somebody's own `npm install` already brought what the lock says (npm keeps a copy of what it installed), so
 * that a developer's tree is not thrown away and fetched again.
 */
function alreadyInstalled() {
  const have = readJson(at('node_modules', '.package-lock.json'))?.packages
  const want = readJson(at('package-lock.json'))?.packages
  if (!have || !want) return false
  return Object.entries(want).every(
    ([path, { version, optional }]) => path === '' || have[path]?.version === version || (optional && !have[path]),
  )
}

async function install() {
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // Through the npm that runs us when there is one: its settings and version are the ones the user chose.
  const npm = process.env.npm_execpath
  const done = npm ? await run(process.execPath, [npm, ...args]) : await run('npm', args)
  if (done.status === 127) throw new Trouble('npm was not found.', 'Install Node.js (it brings npm), then run `npm start` again.')
  if (done.status !== 0) {
    const remedy = /ENOSPC/.test(done.last)
      ? 'The disk is full: free about 1 GB and try again.'
      : 'The last lines above say why. Check the network and the npm registry setting (`npm config get registry`), then try again.'
    throw new Trouble('The packages could not be installed.', remedy, done.last)
  }
}

/** node-pty's install script would set this bit; scripts are not run. */
function markSpawnHelper() {
  const folder = at('node_modules', 'node-pty', 'prebuilds')
  if (process.platform !== 'darwin' || !exists(folder)) return
  for (const name of readdirSync(folder)) {
    const helper = join(folder, name, 'spawn-helper')
    if (exists(helper)) chmodSync(helper, 0o755)
  }
}

export async function preparePackages(title) {
  if (packagesAreReady()) return
  await onlyOne(checkoutLock(), 'installing the packages', async () => {
    if (packagesAreReady()) return
    if (!alreadyInstalled()) await phase(title, install)
    markSpawnHelper()
    writeWhole(stamp, wanted())
  })
}
