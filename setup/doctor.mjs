// `doctor`: what is here, what is missing, what to do. Needs no package, no engine and no network, because it is what one runs
// when set-up fails. Required things decide the exit code; the rest is told with what it is good for.
import { accessSync, constants, mkdirSync, statfsSync } from 'node:fs'
import { release } from 'node:os'
import { electronBinary, hasDisplay } from './desktop.mjs'
import { findNode24 } from './node24.mjs'
import { packagesAreReady } from './packages.mjs'
import { at, cacheFolder, exists } from './places.mjs'
import { ask } from './processes.mjs'
import { describeEnvironment } from './python-env.mjs'
import { findPython } from './python-find.mjs'
import { windowIsReady } from './window.mjs'

const GB = 1e9
const ok = (name, found, more = {}) => ({ name, state: 'ok', found, ...more })
const missing = (name, found, todo, required = false) => ({ name, state: required ? 'missing' : 'absent', found, todo })

function node() {
  const own = findNode24()
  if (own) return ok('Node 24', own)
  return missing(
    'Node 24',
    `not yet (this is ${process.version})`,
    process.platform === 'linux' ? '`npm start` brings it.' : 'Install Node 24 (nodejs.org).',
    process.platform !== 'linux',
  )
}

function npm() {
  const version = ask('npm', ['--version'])?.trim()
  return version ? ok('npm', version) : missing('npm', 'not on the PATH', 'Install Node.js, which brings it.', true)
}

function packages() {
  return packagesAreReady()
    ? ok('packages', 'as the lock file says')
    : missing('packages', 'not installed, or of another lock file', '`npm start` installs them.')
}

function page() {
  return packagesAreReady() && windowIsReady()
    ? ok('window', 'built from these sources')
    : missing('window', 'not built from these sources', '`npm start` builds it.')
}

function python() {
  try {
    const found = findPython()
    return ok('Python', `${found.path} (${found.version.join('.')})`)
  } catch (error) {
    return missing('Python', `${error.message} ${error.details ?? ''}`.trim(), error.remedy, true)
  }
}

function environment(kind, todo) {
  const { ready, python, sizeBytes, says } = describeEnvironment(kind)
  const size = sizeBytes >= GB ? `${(sizeBytes / GB).toFixed(1)} GB` : `${Math.round(sizeBytes / 1e6)} MB`
  return ready ? ok(`${kind} environment`, python) : missing(`${kind} environment`, `not made (${says}; ${size})`, todo)
}

function disk(name, folder, neededBytes) {
  try {
    const { bavail, bsize } = statfsSync(folder)
    const freeBytes = bavail * bsize
    const found = `${folder}: ${(freeBytes / GB).toFixed(1)} GB free`
    return freeBytes >= neededBytes
      ? ok(name, found)
      : missing(name, found, `At least ${(neededBytes / GB).toFixed(1)} GB is needed: free some space.`, true)
  } catch (error) {
    return missing(name, `${folder} can't be read (${error.code})`, 'Correct its owner, or set XDG_CACHE_HOME.', true)
  }
}

function cache() {
  const folder = cacheFolder()
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return disk('cache folder', folder, 1.5 * GB)
  } catch (error) {
    return missing(
      'cache folder',
      `${folder} can't be written (${error.code})`,
      'Correct its owner, or set XDG_CACHE_HOME to another folder.',
      true,
    )
  }
}

function sharedMemory() {
  if (process.platform !== 'linux') return ok('shared memory', 'not limited on this system')
  const { blocks, bsize } = statfsSync('/dev/shm')
  const sizeBytes = blocks * bsize
  const found = `/dev/shm: ${(sizeBytes / GB).toFixed(1)} GB`
  // Ray keeps its objects there, and falls back to the disk (slow) when it is smaller than what it wants: 30 % of memory.
  return sizeBytes >= 2 * GB
    ? ok('shared memory', found)
    : missing('shared memory', found, 'Ray will keep its objects on disk, slowly. In a container: start it with --shm-size=4g.')
}

function display() {
  return hasDisplay()
    ? ok('display', process.env.WAYLAND_DISPLAY ?? process.env.DISPLAY ?? 'macOS')
    : missing('display', 'none', 'Without one, `npm start` serves the page to a browser.')
}

function electron() {
  const binary = electronBinary()
  return binary
    ? ok('Electron', binary)
    : missing('Electron', 'its binary is not fetched', '`./updraft.mjs electron` fetches it; the browser serves the same page.')
}

/** The Chromium that end-to-end tests drive, by path. UPDRAFT_CHROMIUM names another one. */
export function findChromium() {
  const named = process.env.UPDRAFT_CHROMIUM
  if (named) return exists(named) ? named : undefined
  const mac = ['Chromium.app/Contents/MacOS/Chromium', 'Google Chrome.app/Contents/MacOS/Google Chrome'].map(
    (path) => `/Applications/${path}`,
  )
  return [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    ...mac,
  ].find(exists)
}

function chromium() {
  const found = findChromium()
  return found
    ? ok('Chromium', found)
    : missing('Chromium', 'not found', 'Only the end-to-end tests need it: `sudo apt install chromium`, or set UPDRAFT_CHROMIUM.')
}

function git() {
  const version = ask('git', ['--version'])?.trim()
  return version
    ? ok('git', version.replace('git version ', ''))
    : missing('git', 'not on the PATH', 'Notebooks work without it; what changed in a file is then not shown.')
}

function gpu() {
  const listed = ask('nvidia-smi', ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'])?.trim()
  return listed
    ? ok('GPU', listed.split('\n').join(' · '))
    : missing('GPU', 'no NVIDIA GPU found (nvidia-smi)', 'Everything runs on the CPU; code for a GPU runs once you scale out.')
}

/** What the running engine says of itself: asked of its own command line, which needs Node 24 and the packages. */
function engineFacts() {
  const node = packagesAreReady() ? findNode24() : undefined
  const told = node && exists(at('engine', 'cli.ts')) ? ask(node, [at('engine', 'cli.ts'), 'status', '--json']) : undefined
  let status
  try {
    status = JSON.parse(told ?? '')
  } catch {}
  if (!status?.running)
    return [
      missing(
        'engine',
        status ? 'none runs' : node ? 'it does not answer' : 'not asked: its packages are not here',
        '`npm start` starts one.',
      ),
    ]
  const { pid, address, version, ray, kernels } = status
  const found = [ok('engine', `${version} at ${address} (process ${pid})`)]
  found.push(
    ray.state === 'running'
      ? ok('local Ray', `${ray.address} (${ray.owner}, ${ray.nodes} nodes)`)
      : missing('local Ray', ray.problem ?? ray.state, '`./updraft.mjs ray start` starts it.'),
  )
  found.push(ok('kernels', kernels.length === 0 ? 'none' : kernels.map(({ title, state }) => `${title}: ${state}`).join(' · ')))
  return found
}

export function examine() {
  const wants = [
    node,
    npm,
    packages,
    page,
    python,
    () => environment('base', '`npm start` makes it.'),
    () => environment('torch', '`./updraft.mjs python torch` makes it, when you need PyTorch or vLLM.'),
  ]
  const around = [cache, () => disk('project folder', at(), 0.5 * GB), sharedMemory, display, electron, chromium, git, gpu]
  return {
    system: `${process.platform} ${release()} ${process.arch}`,
    findings: [...[...wants, ...around].map((look) => look()), ...engineFacts()],
  }
}

const MARKS = { ok: 'ok     ', absent: '-      ', missing: 'MISSING' }

export function doctor(args) {
  const { system, findings } = examine()
  const needed = findings.filter(({ state }) => state === 'missing')
  if (args.includes('--json')) process.stdout.write(`${JSON.stringify({ ok: needed.length === 0, system, findings }, null, 2)}\n`)
  else {
    const lines = findings.map(
      ({ name, state, found, todo }) => `${MARKS[state]}  ${name.padEnd(18)} ${found}${todo ? `\n${' '.repeat(28)}${todo}` : ''}`,
    )
    process.stdout.write(
      `${system}\n${lines.join('\n')}\n${needed.length === 0 ? 'Nothing needed is missing.' : `${needed.length} needed: ${needed.map(({ name }) => name).join(', ')}`}\n`,
    )
  }
  return needed.length === 0 ? 0 : 1
}
