// What the welcome page says about this machine: memory, disk, shared memory, GPU. Each with what to do where something is short.
import { statfs } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'
import type { EngineState } from '../contract/topics/engine.ts'
import type { Folders } from '../support/folders.ts'
import { runToEnd } from '../support/run-to-end.ts'

type Found = EngineState['found'][number]
const GB = 1e9
const gb = (bytes: number) => `${(bytes / GB).toFixed(1)} GB`

export async function lookAround(folders: Folders, env: Readonly<Record<string, string | undefined>>): Promise<readonly Found[]> {
  const found: Found[] = [
    {
      name: 'Processor',
      value: `${cpus().length} cores${cpus()[0] === undefined ? '' : `, ${cpus()[0]?.model.trim()}`}`,
      ok: true,
    },
    {
      name: 'Memory',
      value: gb(totalmem()),
      ok: totalmem() >= 3.5 * GB,
      ...(totalmem() >= 3.5 * GB ? {} : { hint: 'Ray alone needs about 1.5 GB; close other programs before larger runs.' }),
    },
    await gpu(),
    await space('Disk', folders.data, 2 * GB, 'Outputs and logs are kept there: free some space.'),
  ]
  if (process.platform === 'linux')
    found.push(
      await space(
        'Shared memory',
        '/dev/shm',
        2 * GB,
        'Ray keeps objects there and falls back to the disk, slowly. In a container, start it with --shm-size=4g.',
        true,
      ),
    )
  const base = env['UPDRAFT_BASE_PYTHON'] ?? env['UPDRAFT_PYTHON']
  found.push(
    base === undefined
      ? { name: 'Base Python', value: 'not made', ok: false, hint: '`./updraft.mjs python base` makes it.' }
      : { name: 'Base Python', value: base, ok: true },
  )
  return found
}

async function space(name: string, folder: string, neededBytes: number, hint: string, whole = false): Promise<Found> {
  const info = await statfs(folder).catch(() => undefined)
  if (info === undefined) return { name, value: 'not known', ok: true }
  const bytes = (whole ? info.blocks : info.bavail) * info.bsize
  return {
    name,
    value: whole ? gb(bytes) : `${gb(bytes)} free`,
    ok: bytes >= neededBytes,
    ...(bytes >= neededBytes ? {} : { hint }),
  }
}

async function gpu(): Promise<Found> {
  const asked = await runToEnd(['nvidia-smi', '--query-gpu=name,memory.total', '--format=csv,noheader'], {
    timeoutMs: 10_000,
  }).catch(() => undefined)
  const listed = asked?.code === 0 ? asked.stdout.trim() : ''
  if (listed === '') return { name: 'GPU', value: 'none found', ok: true, hint: 'Everything runs on the CPU.' }
  return { name: 'GPU', value: listed.split('\n').join(' · '), ok: true }
}
