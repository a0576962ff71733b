// Jupyter's kernelspecs by Jupyter's own search path: JUPYTER_PATH, the user's data folder (JUPYTER_DATA_DIR, else XDG_DATA_HOME), environments'
// share/jupyter, the system's. The first of a name wins, as in Jupyter. Source: jupyter_core.paths, and kernelspec-v1.0 schema.
import { access, constants, readdir, readFile } from 'node:fs/promises'
import { homedir, platform } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'

export type Kernelspec = {
  readonly name: string
  readonly folder: string
  readonly displayName: string
  readonly language: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly interruptMode: 'signal' | 'message'
}

export function kernelspecFolders(
  env: Readonly<Record<string, string | undefined>>,
  prefixes: readonly string[],
  home = homedir(),
): string[] {
  const user =
    env['JUPYTER_DATA_DIR'] ??
    (platform() === 'darwin'
      ? join(home, 'Library/Jupyter')
      : join(env['XDG_DATA_HOME'] || join(home, '.local/share'), 'jupyter'))
  return [
    ...(env['JUPYTER_PATH'] ?? '').split(delimiter).filter(Boolean),
    user,
    ...prefixes.map((p) => join(p, 'share/jupyter')),
    '/usr/local/share/jupyter',
    '/usr/share/jupyter',
  ].map((p) => join(p, 'kernels'))
}

export async function readKernelspecs(
  folders: readonly string[],
): Promise<{ specs: Kernelspec[]; broken: { folder: string; reason: string }[] }> {
  const specs = new Map<string, Kernelspec>()
  const broken: { folder: string; reason: string }[] = []
  for (const folder of folders) {
    for (const name of (await readdir(folder).catch(() => [])).sort()) {
      const at = join(folder, name)
      const text = await readFile(join(at, 'kernel.json'), 'utf8').catch(() => undefined)
      if (text === undefined || specs.has(name)) continue
      try {
        specs.set(name, checked(JSON.parse(text), name, at))
      } catch (error) {
        broken.push({ folder: at, reason: error instanceof Error ? error.message : String(error) })
      }
    }
  }
  return { specs: [...specs.values()], broken }
}

function checked(raw: unknown, name: string, folder: string): Kernelspec {
  if (typeof raw !== 'object' || raw === null) throw new Error('kernel.json holds no object')
  const spec = raw as Record<string, unknown>
  const argv = spec['argv']
  if (!Array.isArray(argv) || argv.length === 0 || !argv.every((a) => typeof a === 'string'))
    throw new Error('"argv" must be a list of words')
  const env =
    typeof spec['env'] === 'object' && spec['env'] !== null
      ? Object.entries(spec['env']).filter((e): e is [string, string] => typeof e[1] === 'string')
      : []
  return {
    name,
    folder,
    argv: argv.map((a: string) => a.replaceAll('{resource_dir}', folder)),
    displayName: typeof spec['display_name'] === 'string' ? spec['display_name'] : name,
    language: typeof spec['language'] === 'string' ? spec['language'] : '',
    env: Object.fromEntries(env),
    interruptMode: spec['interrupt_mode'] === 'message' ? 'message' : 'signal',
  }
}

/** The full path of a kernelspec's program, or undefined when it is not there. */
export async function findCommand(command: string, path: string | undefined): Promise<string | undefined> {
  const candidates = isAbsolute(command)
    ? [command]
    : (path ?? '')
        .split(delimiter)
        .filter(Boolean)
        .map((p) => join(p, command))
  for (const candidate of candidates) {
    if (
      await access(candidate, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return candidate
  }
  return undefined
}

/** The interpreter of a spec that only starts ipykernel: it then takes the direct path like any Python environment. */
export const pythonOfSpec = (spec: Kernelspec): string | undefined =>
  /(^|\/)python[0-9.]*$/.test(spec.argv[0] ?? '') && spec.argv.includes('ipykernel_launcher') ? spec.argv[0] : undefined
