// Which interpreters the launcher has made: the base environment by a variable that it sets, the heavy tier by the record it leaves.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The interpreter with PyTorch that `./updraft.mjs python torch` made, or undefined. */
export async function torchPython(
  env: Readonly<Record<string, string | undefined>>,
  cacheFolder: string,
): Promise<string | undefined> {
  const named = env['UPDRAFT_TORCH_PYTHON']
  if (named !== undefined && named !== '') return named
  const records = join(cacheFolder, 'python', 'made')
  for (const name of await readdir(records).catch(() => [])) {
    if (!name.startsWith('torch-')) continue
    const text = await readFile(join(records, name), 'utf8').catch(() => '{}')
    const folder = /"folder"\s*:\s*"([^"]+)"/.exec(text)?.[1]
    if (folder === undefined) continue
    const python = join(folder, 'bin', 'python')
    // The stamp is written last: an environment without it is half made.
    if ((await exists(join(folder, '.updraft.json'))) && (await exists(python))) return python
  }
  return undefined
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
