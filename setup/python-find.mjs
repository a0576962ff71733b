// Finds a Python that an environment can be made from: 3.10 or newer, CPython, with the GIL. What the user names comes first,
// then what `python3` means to them, then newer and older ones, then version managers. Only looks; changes nothing.
import { readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { exists } from './places.mjs'
import { ask, pythonEnvironment } from './processes.mjs'
import { Trouble } from './say.mjs'

const MINORS = [12, 13, 11, 14, 10] // what the lock is tried with most comes first
const MINOR_MIN = 10
const MINOR_MAX = 14 // Ray 2.60 publishes wheels up to 3.14

// sys._base_executable: a shim of pyenv, or a venv's own python, leads to the interpreter that stays when they go.
const QUESTION = `import importlib.util as u, json, platform, sys, sysconfig
print(json.dumps(dict(path=getattr(sys, '_base_executable', '') or sys.executable, version=list(sys.version_info[:3]),
 implementation=sys.implementation.name, free_threaded=bool(sysconfig.get_config_var('Py_GIL_DISABLED')), bits=64 if sys.maxsize > 2**32 else 32,
 machine=platform.machine(), ensurepip=u.find_spec('ensurepip') is not None, pip=u.find_spec('pip') is not None, venv=u.find_spec('venv') is not None)))`

/** What an interpreter says of itself, or undefined when it does not run. */
export function inspectPython(command) {
  const answer = ask(command, ['-I', '-c', QUESTION], pythonEnvironment())
  try {
    return answer && JSON.parse(answer.trim().split('\n').pop())
  } catch {
    return undefined
  }
}

/** Why this Python can't serve, or '' when it can. */
function unfit(python) {
  const [major, minor] = python.version
  if (python.implementation !== 'cpython') return `is ${python.implementation}, not CPython`
  if (major !== 3 || minor < MINOR_MIN) return `is older than 3.${MINOR_MIN}`
  if (minor > MINOR_MAX) return `is newer than 3.${MINOR_MAX}, which Ray does not support yet`
  if (python.free_threaded) return 'is the free-threaded build, which Ray does not support'
  if (python.bits !== 64) return 'is a 32-bit build'
  return ''
}

const folders = (path) => {
  try {
    return readdirSync(path).map((name) => join(path, name))
  } catch {
    return []
  }
}

function* candidates() {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const names = ['python3', ...MINORS.map((minor) => `python3.${minor}`), 'python']
  for (const name of names) for (const folder of onPath) if (exists(join(folder, name))) yield join(folder, name)
  const home = homedir()
  const managed = [
    ...folders(join(process.env.PYENV_ROOT ?? join(home, '.pyenv'), 'versions')),
    ...folders(
      process.env.UV_PYTHON_INSTALL_DIR ?? join(process.env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'uv', 'python'),
    ),
    ...[
      process.env.CONDA_PREFIX,
      ...['miniforge3', 'miniconda3', 'anaconda3', 'mambaforge'].flatMap((name) => [join(home, name), join('/opt', name)]),
      '/opt/conda',
    ].filter(Boolean),
  ]
    .sort()
    .reverse()
  for (const folder of managed) if (exists(join(folder, 'bin', 'python3'))) yield join(folder, 'bin', 'python3')
  for (const folder of ['/opt/homebrew/bin', '/usr/local/bin', '/usr/bin'])
    for (const name of names) if (exists(join(folder, name))) yield join(folder, name)
}

/**
 * The Python to build from: {path, version, machine, ensurepip, pip, venv}. `accept` may refuse more (a tier's own needs).
 * Throws a Trouble that lists what was found and why it does not serve.
 */
export function findPython({ accept = () => '' } = {}) {
  const named = process.env.UPDRAFT_PYTHON
  if (named) {
    const python = inspectPython(named)
    const why = python ? unfit(python) || accept(python) : 'does not run'
    if (python && !why) return python
    throw new Trouble(
      `UPDRAFT_PYTHON names ${named}, which ${why}.`,
      `Point it at a Python between 3.${MINOR_MIN} and 3.${MINOR_MAX}, or unset it.`,
    )
  }
  const seen = new Set()
  const refused = []
  for (const command of candidates()) {
    const python = inspectPython(command)
    if (!python || seen.has(python.path)) continue
    seen.add(python.path)
    const why = unfit(python) || accept(python)
    if (!why) return python
    refused.push(`  ${python.path} ${python.version.join('.')} ${why}`)
  }
  const remedy =
    process.platform === 'darwin'
      ? '`brew install python@3.12`'
      : "`sudo apt install python3 python3-venv` (or your distribution's package)"
  throw new Trouble(
    refused.length ? 'No Python here can run Ray.' : `No Python was found; one of at least 3.${MINOR_MIN} is needed.`,
    `Install one, for example ${remedy}, or set UPDRAFT_PYTHON to its path; then try again.`,
    refused.join('\n'),
  )
}
