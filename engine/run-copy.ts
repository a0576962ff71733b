// The copy that `updraft run --output` works on: beside the notebook, so that relative paths mean what they always mean. Each copy is
// recorded with the process that made it, so that the next run removes what a killed one left, and never a file of somebody else.
import { randomBytes } from 'node:crypto'
import { constants, rmSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { problem } from './contract/problem.ts'
import { writeAtomic } from './support/atomic-file.ts'
import { processStart } from './support/process-start.ts'

export type RunCopy = {
  readonly path: string
  /** Removes the copy (if it is still there) and its record. The end of this process does it too. */
  release(): void
}
type Recorded = { readonly copy: string; readonly pid: number; readonly start: string }

/** `left`: what `sweepRunCopies` found; an engine may still have it open, so its name is not used at once again. */
export async function makeRunCopy(file: string, output: string, records: string, left: readonly string[]): Promise<RunCopy> {
  const stem = `.${basename(file, '.ipynb')}.run`
  await mkdir(records, { recursive: true, mode: 0o700 })
  // The same name each time, so that what is remembered by path (trust, the kernel's environment) does not grow with every run.
  for (const name of [`${stem}.ipynb`, `${stem}-${randomBytes(4).toString('hex')}.ipynb`]) {
    for (const folder of [dirname(file), dirname(output)]) {
      const path = join(folder, name)
      if (left.includes(path)) continue
      try {
        await copyFile(file, path, constants.COPYFILE_EXCL)
      } catch {
        continue
      }
      return recorded(path, records)
    }
  }
  throw problem('denied', `No copy can be made in ${dirname(file)} or ${dirname(output)}.`, {
    hint: 'Nothing was run. Name an --output in a folder that can be written.',
  })
}

async function recorded(copy: string, records: string): Promise<RunCopy> {
  const record = join(records, `${process.pid}-${randomBytes(4).toString('hex')}.json`)
  const release = (): void => {
    process.off('exit', release)
    for (const path of [copy, record]) rmSync(path, { force: true })
  }
  process.on('exit', release)
  const value: Recorded = { copy, pid: process.pid, start: await processStart(process.pid) }
  await writeAtomic(record, JSON.stringify(value))
  return { path: copy, release }
}

/** Removes the copies of runs that were killed, after `let go` of each; answers them. */
export async function sweepRunCopies(records: string, letGo: (copy: string) => Promise<void>): Promise<readonly string[]> {
  const swept: string[] = []
  for (const name of await readdir(records).catch(() => [])) {
    const record = join(records, name)
    const found = parse(await readFile(record, 'utf8').catch(() => ''))
    if (found !== undefined) {
      if ((await processStart(found.pid)) === found.start) continue
      await letGo(found.copy)
      await rm(found.copy, { force: true }).catch(() => undefined)
      swept.push(found.copy)
    }
    await rm(record, { force: true })
  }
  return swept
}

function parse(text: string): Recorded | undefined {
  try {
    const { copy, pid, start } = JSON.parse(text) as Partial<Recorded>
    return typeof copy === 'string' && typeof pid === 'number' && typeof start === 'string' ? { copy, pid, start } : undefined
  } catch {
    return undefined
  }
}
