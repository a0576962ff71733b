// What `diagnose` would send: the engine's log, what it is and where it runs. Secrets are taken out here, once more, whatever wrote the text;
// notebooks, code and outputs are never in it.
import { readdir, readFile, stat } from 'node:fs/promises'
import { arch, cpus, freemem, homedir, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { EngineState } from '../contract/topics/engine.ts'
import type { Folders } from '../support/folders.ts'
import { redact } from '../support/redact.ts'

export type DiagnoseFile = { readonly name: string; readonly text: string }

const LOG_TAIL_BYTES = 512 << 10

/** `logFile`: flushed by the caller. `state`: of the running engine, absent when none runs. */
export async function diagnose(
  folders: Folders,
  logFile: string,
  state: EngineState | undefined,
): Promise<readonly DiagnoseFile[]> {
  const { examples: _examples, ...about } = state ?? { examples: [] }
  const machine = {
    platform: platform(),
    release: release(),
    arch: arch(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    freeBytes: freemem(),
    node: process.version,
  }
  const files = [
    {
      name: 'engine.json',
      text: JSON.stringify({ ...about, machine, uptimeS: Math.round(process.uptime()), memory: process.memoryUsage() }, null, 2),
    },
    { name: 'folders.txt', text: await listing(folders) },
    { name: 'engine.log', text: await tail(logFile) },
    { name: 'settings.json', text: await readFile(join(folders.config, 'settings.json'), 'utf8').catch(() => '') },
  ]
  // The home folder's name is the user's name.
  const home = homedir()
  return files.filter((f) => f.text !== '').map((f) => ({ name: f.name, text: redact(f.text).replaceAll(home, '~') }))
}

async function tail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.length <= LOG_TAIL_BYTES ? text : text.slice(text.indexOf('\n', text.length - LOG_TAIL_BYTES) + 1)
}

/** Names and sizes two levels deep: enough to see a full or foreign folder. */
async function listing(folders: Folders): Promise<string> {
  const lines: string[] = []
  for (const [kind, folder] of Object.entries(folders)) {
    lines.push(`${kind} ${folder}`)
    for (const name of (await readdir(folder).catch(() => [])).sort().slice(0, 100)) {
      const info = await stat(join(folder, name)).catch(() => undefined)
      lines.push(
        `  ${name} ${info?.isDirectory() ? `(${(await readdir(join(folder, name)).catch(() => [])).length} entries)` : (info?.size ?? '?')} ${info?.mode.toString(8) ?? ''}`,
      )
    }
  }
  return lines.join('\n')
}
