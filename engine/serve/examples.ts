// The notebooks that ship with Updraft: listed by what their own first cell says, and copied to where the user may change them.
import { constants } from 'node:fs'
import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { problem } from '../contract/problem.ts'
import type { EngineState } from '../contract/topics/engine.ts'

type Example = EngineState['examples'][number]

export async function listExamples(folder: string): Promise<readonly Example[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.ipynb')).sort()
  const examples = await Promise.all(names.map((name) => readExample(join(folder, name)).catch(() => undefined)))
  return examples.filter((example) => example !== undefined)
}

async function readExample(path: string): Promise<Example> {
  const notebook = JSON.parse(await readFile(path, 'utf8')) as { cells?: { source?: string | string[] }[] }
  const cells = (notebook.cells ?? []).map((cell) => [cell.source ?? ''].flat().join(''))
  const [title, summary] = (cells[0] ?? '').split(/\n\s*\n/)
  return {
    path,
    title: (title ?? '').replace(/^#+\s*/, '').trim() || basename(path, '.ipynb'),
    // Markdown's marks are of no use in a one-line card.
    summary: (summary ?? '').replace(/\s+/g, ' ').replace(/[*_`]/g, '').trim(),
    environment: cells.some((code) => /^\s*(import|from) torch\b/m.test(code)) ? 'torch' : 'base',
  }
}

/** Copies an example beside the user's own notebooks, under a name that is free. */
export async function copyExample(path: string, examples: readonly Example[], into: string): Promise<string> {
  const known = examples.find((example) => example.path === path || basename(example.path) === path)
  if (known === undefined) throw problem('missing', 'There is no such example.', { hint: 'The welcome page lists the examples.' })
  await mkdir(into, { recursive: true })
  const extension = extname(known.path)
  const name = basename(known.path, extension)
  for (let n = 1; n < 1000; n++) {
    const target = join(into, n === 1 ? `${name}${extension}` : `${name}-${n}${extension}`)
    try {
      await copyFile(known.path, target, constants.COPYFILE_EXCL)
      return target
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : ''
      if (code === 'EEXIST') continue
      if (code === 'ENOSPC')
        throw problem('full', 'The disk is full: the example could not be copied.', {
          hint: 'Free some space, then open it again.',
        })
      throw problem('denied', `The example can't be copied to ${into} (${code}).`, {
        hint: 'Open another folder, then open the example again.',
      })
    }
  }
  throw problem('conflict', `There are a thousand copies of this example in ${into}.`, { hint: 'Remove some of them.' })
}
