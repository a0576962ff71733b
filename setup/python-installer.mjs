// Puts locked wheels into an environment. uv first (one wheel kept beside the environments; parallel, with hard links: 4 s
// where pip needs 40); pip when uv can't be had or fails. Both check every hash; no source is ever built. Compiling comes after.
import { rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, exists, read, sha256, writeWhole } from './places.mjs'
import { ask, pythonEnvironment, run } from './processes.mjs'
import { lockFile } from './python-kinds.mjs'
import { say, Trouble } from './say.mjs'

const STEP_MS = 30 * 60_000

/**
 * uv does not read pip's configuration, so what the user told pip (index, mirror, certificate, proxy) is said to uv in its
 * own words, unless uv has its own.
 */
function uvEnvironment(python) {
  const more = { UV_PYTHON_DOWNLOADS: 'never', UV_NO_PROGRESS: '1', UV_SYSTEM_CERTS: '1' }
  const config = python.pip ? (ask(python.path, ['-m', 'pip', 'config', 'list'], pythonEnvironment()) ?? '') : ''
  const pip = (name) =>
    process.env[`PIP_${name.toUpperCase().replace('-', '_')}`] ??
    config.match(new RegExp(`^(?:global|install)\\.${name}='(.*)'$`, 'm'))?.[1]
  const words = {
    'index-url': 'UV_DEFAULT_INDEX',
    'extra-index-url': 'UV_INDEX',
    'find-links': 'UV_FIND_LINKS',
    cert: 'SSL_CERT_FILE',
    proxy: 'ALL_PROXY',
  }
  for (const [name, variable] of Object.entries(words))
    if (pip(name) && !process.env[variable])
      more[variable] = pip(name)
        .split(/\\n|\s+/)
        .filter(Boolean)
        .join(' ')
  return pythonEnvironment(more)
}

/** Our own uv, fetched by pip and checked by hash; else the user's; else undefined. */
async function findUv(python) {
  const folder = join(cacheFolder(), 'python', `uv-${sha256(read(lockFile('uv'))).slice(0, 12)}`)
  const uv = join(folder, 'bin', 'uv')
  if (exists(join(folder, '.complete'))) return uv
  rmSync(folder, { recursive: true, force: true })
  const install = [
    '-m',
    'pip',
    'install',
    '-q',
    '--disable-pip-version-check',
    '--no-deps',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '-r',
    lockFile('uv'),
  ]
  const env = pythonEnvironment()
  let done = { status: 1 }
  // --target needs neither a venv nor ensurepip, and a system Python that is "externally managed" allows it.
  if (python.pip) done = await run(python.path, [...install, '--target', folder], { env, timeoutMs: STEP_MS })
  else if (python.ensurepip && (await run(python.path, ['-m', 'venv', folder], { env, timeoutMs: STEP_MS })).status === 0)
    done = await run(join(folder, 'bin', 'python'), install, { env, timeoutMs: STEP_MS })
  if (done.status === 0 && ask(uv, ['--version'])) {
    writeWhole(join(folder, '.complete'), '')
    return uv
  }
  rmSync(folder, { recursive: true, force: true })
  return ask('uv', ['--version'], env) ? 'uv' : undefined
}

async function withUv(uv, python, folder, lock) {
  const env = uvEnvironment(python)
  const made = await run(uv, ['venv', '-q', '--no-project', '--python', python.path, folder], {
    env,
    cwd: cacheFolder(),
    timeoutMs: STEP_MS,
  })
  if (made.status !== 0) return made
  const install = [
    'pip',
    'install',
    '-q',
    '--no-deps',
    '--require-hashes',
    '--no-build',
    '--python',
    join(folder, 'bin', 'python'),
    '-r',
    lock,
  ]
  return run(uv, install, { env, cwd: cacheFolder(), timeoutMs: STEP_MS })
}

async function withPip(python, folder, lock) {
  const env = pythonEnvironment()
  const own = join(folder, 'bin', 'python')
  const options = { env, cwd: cacheFolder(), timeoutMs: STEP_MS }
  const install = [
    'install',
    '-q',
    '--disable-pip-version-check',
    '--no-deps',
    '--require-hashes',
    '--only-binary',
    ':all:',
    '--no-compile',
    '-r',
    lock,
  ]
  if (python.venv && python.ensurepip) {
    const made = await run(python.path, ['-m', 'venv', folder], options)
    if (made.status === 0) return run(own, ['-m', 'pip', ...install], options)
  }
  rmSync(folder, { recursive: true, force: true })
  // Debian splits venv and pip off; without ensurepip a bare venv is still possible, filled by the system's pip (>= 22.3).
  if (python.venv && python.pip) {
    const made = await run(python.path, ['-m', 'venv', '--without-pip', folder], options)
    return made.status === 0 ? run(python.path, ['-m', 'pip', '--python', own, ...install], options) : made
  }
  throw new Trouble(
    `${python.path} has neither pip nor ensurepip, so nothing can be installed with it.`,
    "Run `sudo apt install python3-venv python3-pip` (or your distribution's packages), or set UPDRAFT_PYTHON to another Python; then try again.",
  )
}

/** Makes `folder` an environment of `python` with exactly what `lock` names. Throws a Trouble with the installer's last lines. */
export async function installEnvironment(python, folder, lock) {
  const uv = process.env.UPDRAFT_INSTALLER === 'pip' ? undefined : await findUv(python)
  let done
  if (uv) {
    done = await withUv(uv, python, folder, lock)
    if (done.status === 0) return 'uv'
    say('the quick installer did not succeed; trying pip')
    rmSync(folder, { recursive: true, force: true })
  }
  const first = done
  done = await withPip(python, folder, lock)
  if (done.status === 0) return 'pip'
  const remedy = /No space left|ENOSPC|Disk quota/i.test(done.last)
    ? 'The disk is full: free some space and try again.'
    : 'The last lines above say why. Check the network and the package index settings of pip, or set UPDRAFT_PYTHON to another Python; then try again.'
  throw new Trouble('The Python environment could not be installed.', remedy, `${first?.last ?? ''}\n${done.last}`)
}

/** Throws a Trouble when the disk that holds the cache has less than `needBytes`. */
export function requireSpace(needBytes, folder) {
  const { bavail, bsize } = statfsSync(folder)
  const freeBytes = bavail * bsize
  if (freeBytes < needBytes)
    throw new Trouble(
      `${folder} has ${(freeBytes / 1e9).toFixed(1)} GB free; the Python environment needs ${(needBytes / 1e9).toFixed(1)} GB while it is made.`,
      'Free some space, or set XDG_CACHE_HOME to a folder on a larger disk; then try again.',
    )
}
