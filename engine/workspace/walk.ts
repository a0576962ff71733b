// Every file of a folder that is not ignored, breadth first, as it is found. Links are not followed: no loops, no way out of the folder.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { isTempName } from '../support/atomic-file.ts'
import { IgnoreRules } from './ignore-rules.ts'

/** Yields paths relative to `root`, with `/`. Unreadable folders are passed over. Stops when `signal` aborts. */
export async function* walk(root: string, signal: AbortSignal, limit = 200_000): AsyncGenerator<string> {
  const open: { base: string; rules: IgnoreRules }[] = [{ base: '', rules: await IgnoreRules.root(root) }]
  let given = 0
  for (let next = open.shift(); next; next = open.shift()) {
    signal.throwIfAborted()
    const entries = await readdir(join(root, next.base), { withFileTypes: true }).catch(() => [])
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = next.base === '' ? entry.name : `${next.base}/${entry.name}`
      if (isTempName(entry.name) || next.rules.covers(path, entry.isDirectory())) continue
      if (entry.isDirectory()) open.push({ base: path, rules: await next.rules.below(join(root, path), path) })
      else if (entry.isFile()) {
        yield path
        if (++given >= limit) return
      }
    }
  }
}
