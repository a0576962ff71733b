// Where Python interpreters may be on this machine: places are listed, nothing is run. Probing is probe.ts's.
import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { Environment } from '../contract/topics/kernels.ts'

export type Found = {
  readonly kind: Environment['kind']
  readonly title: string
  readonly python: string
  readonly inWorkspace: boolean
}

export type LocateOptions = {
  readonly folder?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home?: string
  readonly added?: readonly string[]
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true

/** Interpreters, most wanted first, each real interpreter once (a venv's python is its own, though it links to the system's). */
export async function locatePythons({ folder, env, home = homedir(), added = [] }: LocateOptions): Promise<Found[]> {
  const found: Found[] = []
  const seen = new Set<string>()
  const add = async (kind: Found['kind'], title: string, python: string, inWorkspace = false) => {
    // A venv is told by its folder, everything else by the file it leads to: /usr/bin/python3 and /usr/bin/python3.11 are one.
    const isVenv = (await stat(join(dirname(dirname(python)), 'pyvenv.cfg')).catch(() => undefined)) !== undefined
    const key = isVenv ? await realpath(dirname(python)).catch(() => python) : await realpath(python).catch(() => python)
    if (seen.has(key) || !(await exists(python))) return
    seen.add(key)
    found.push({ kind, title, python, inWorkspace })
  }
  if (folder !== undefined) {
    for (const name of ['.venv', 'venv', 'env', '.pixi/envs/default']) {
      const uv =
        name === '.venv' &&
        ((await exists(join(folder, 'uv.lock'))) ||
          (await readFile(join(folder, '.venv/pyvenv.cfg'), 'utf8').catch(() => '')).includes('uv ='))
      await add(uv ? 'uv' : 'venv', name, join(folder, name, 'bin/python'), true)
    }
  }
  for (const python of added) await add('system', python, python)
  if (env['VIRTUAL_ENV']) await add('venv', shortened(env['VIRTUAL_ENV'], home), join(env['VIRTUAL_ENV'], 'bin/python'))
  if (env['CONDA_PREFIX']) await add('conda', `conda ${basenameOf(env['CONDA_PREFIX'])}`, join(env['CONDA_PREFIX'], 'bin/python'))
  const conda = await readFile(join(home, '.conda/environments.txt'), 'utf8').catch(() => '')
  for (const prefix of conda
    .split('\n')
    .map((l) => l.trim())
    .filter(Boolean))
    await add('conda', `conda ${basenameOf(prefix)}`, join(prefix, 'bin/python'))
  for (const root of ['miniconda3', 'anaconda3', 'miniforge3', 'mambaforge', 'micromamba']) {
    await add('conda', `conda base (${root})`, join(home, root, 'bin/python'))
    for (const name of await folders(join(home, root, 'envs')))
      await add('conda', `conda ${name}`, join(home, root, 'envs', name, 'bin/python'))
  }
  const pyenv = env['PYENV_ROOT'] ?? join(home, '.pyenv')
  for (const version of (await folders(join(pyenv, 'versions'))).reverse())
    await add('pyenv', `pyenv ${version}`, join(pyenv, 'versions', version, 'bin/python'))
  const uvHome = env['UV_PYTHON_INSTALL_DIR'] ?? join(env['XDG_DATA_HOME'] ?? join(home, '.local/share'), 'uv/python')
  for (const name of await folders(uvHome)) await add('uv', `uv ${name}`, join(uvHome, name, 'bin/python'))
  for (const bin of new Set([...(env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin'])) {
    // pyenv's shims are scripts that choose by folder: the versions themselves are listed above.
    if (bin === '' || bin.includes('/shims') || bin.includes('node_modules')) continue
    for (const name of ['python3', 'python', ...(await pythonsIn(bin))]) await add('system', join(bin, name), join(bin, name))
  }
  return found
}

const basenameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
const shortened = (path: string, home: string): string => (path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path)
const folders = async (path: string): Promise<string[]> =>
  (await readdir(path, { withFileTypes: true }).catch(() => []))
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
const pythonsIn = async (bin: string): Promise<string[]> =>
  (await readdir(bin).catch(() => []))
    .filter((n) => /^python3\.\d+$/.test(n))
    .sort()
    .reverse()
