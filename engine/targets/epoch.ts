// The engine's number: outposts obey the highest that ever said hello, so that a forgotten engine can't write to kernels of a new one.
import { readFile } from 'node:fs/promises'
import { writeAtomic } from '../support/atomic-file.ts'

/** A number above every earlier one of this data folder, stored before it is used. `nowMs` keeps folders that were deleted from going back. */
export async function nextEpoch(file: string, nowMs: number): Promise<number> {
  const last = Number.parseInt(await readFile(file, 'utf8').catch(() => '0'), 10)
  const epoch = Math.max((Number.isSafeInteger(last) ? last : 0) + 1, nowMs)
  await writeAtomic(file, `${epoch}\n`, { mode: 0o600 })
  return epoch
}
