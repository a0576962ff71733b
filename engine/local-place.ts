// This workstation as the engine's first place: its target, this engine's epoch, and the small adapters between rooms that do not know each other.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { problem } from './contract/problem.ts'
import type { Environments } from './environments/environments.ts'
import type { Notices } from './notices/notices.ts'
import { OutpostSessions } from './sessions/sessions.ts'
import type { Settings } from './settings/settings-room.ts'
import type { Folders } from './support/folders.ts'
import { runToEnd } from './support/run-to-end.ts'
import { nextEpoch } from './targets/epoch.ts'
import { Leases } from './targets/leases.ts'
import { LocalTarget } from './targets/local/local-target.ts'

export type LocalPlaceOptions = {
  readonly folders: Folders
  /** The checkout or the package: `kernels/outpost` lies below. */
  readonly programFolder: string
  readonly basePython: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly environments: Environments
  readonly notices: Notices
  /** What kernels are born with, e.g. the way to Ray. */
  readonly kernelEnv: (python: string | undefined) => Promise<Readonly<Record<string, string>>>
  readonly settings: Settings
}

export async function localSessions(options: LocalPlaceOptions): Promise<OutpostSessions> {
  const { folders, environments, notices, kernelEnv, settings } = options
  await mkdir(join(folders.state, 'leases'), { recursive: true, mode: 0o700 })
  const target = new LocalTarget({
    runtimeFolder: folders.runtime,
    program: join(options.programFolder, 'kernels', 'outpost'),
    python: () => outpostPython(options.basePython),
    leases: new Leases(join(folders.state, 'leases', 'local.json')),
    env: options.env,
    nowMs: Date.now,
  })
  return new OutpostSessions({
    target,
    epoch: await nextEpoch(join(folders.state, 'epoch'), Date.now()),
    environments,
    kernelEnv: (_environment, python) => kernelEnv(python),
    env: options.env,
    keepSpare: () => settings.get<boolean>('kernel.spare'),
    lingerSeconds: () => settings.get<number>('outpost.lingerMinutes') * 60,
    onNote: (session, note) => {
      notices.say('warning', note.message, {
        id: `kernel ${session} ${note.code}`,
        ...(note.hint === undefined ? {} : { hint: note.hint }),
      })
    },
  })
}

/** The outpost needs only a standard library: the base environment's Python, or the first of the path that is 3.9 or newer. */
async function outpostPython(basePython: string | undefined): Promise<string> {
  if (basePython !== undefined) return basePython
  for (const name of ['python3', 'python']) {
    const asked = await runToEnd(
      [name, '-I', '-S', '-c', 'import sys; print(sys.executable if sys.version_info >= (3, 9) else "")'],
      { timeoutMs: 10_000 },
    ).catch(() => undefined)
    if (asked?.code === 0 && asked.stdout.trim() !== '') return asked.stdout.trim()
  }
  throw problem('missing', 'No Python 3.9 or newer was found: kernels need one.', {
    hint: 'Notebooks open and can be edited. Install Python, or run `npm start`, which makes an environment of its own.',
    where: 'kernel',
  })
}
