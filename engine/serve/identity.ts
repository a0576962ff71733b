// Reads or makes this instance's identity (host name, cookie key, last port). Kept over restarts so that a window that is open finds the new
// engine at the old address; renewed after 30 days.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeAtomic } from '../support/atomic-file.ts'
import { type Identity, newIdentity } from './access.ts'

export type Instance = Identity & { readonly port?: number }

const KEPT_MS = 30 * 24 * 3600_000

export async function loadIdentity(stateFolder: string, nowMs: number): Promise<Instance> {
  const kept = await readFile(fileIn(stateFolder), 'utf8').then(parse, () => undefined)
  if (kept !== undefined && nowMs - kept.madeMs < KEPT_MS) return kept
  const fresh = newIdentity(nowMs)
  await saveIdentity(stateFolder, fresh)
  return fresh
}

export const saveIdentity = (stateFolder: string, instance: Instance) =>
  writeAtomic(fileIn(stateFolder), JSON.stringify(instance), { mode: 0o600 })

const fileIn = (stateFolder: string) => join(stateFolder, 'instance.json')

function parse(text: string): Instance | undefined {
  try {
    const v = JSON.parse(text) as Instance
    const fits =
      /^updraft-[0-9a-f]{10}$/.test(v.label) &&
      typeof v.cookieKey === 'string' &&
      v.cookieKey.length >= 32 &&
      typeof v.madeMs === 'number'
    return fits ? v : undefined
  } catch {
    return undefined
  }
}
