// The desktop shell's own files (main process, preload), bundled only when their sources changed: Electron reads no TypeScript.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { at, exists, read, sha256, writeWhole } from './places.mjs'
import { run } from './processes.mjs'
import { Trouble } from './say.mjs'

const stampFile = at('dist', 'electron', '.built')

/** Builds dist/electron when electron/ has changed. `electron/build.mjs` knows how; this knows when. */
export async function buildShell(node) {
  const script = at('electron', 'build.mjs')
  if (!exists(script)) return
  const files = [at('electron'), at('engine', 'contract')].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((name) => join(folder, name)),
  )
  const now = sha256(...files.map((file) => `${file} ${statSync(file).mtimeMs}`), read(at('package-lock.json')))
  if (read(stampFile) === now && exists(at('dist', 'electron', 'main.cjs'))) return
  const done = await run(node, [script])
  if (done.status !== 0)
    throw new Trouble(
      'The desktop shell could not be built.',
      'The message above says where; `npm start -- --browser` works without it.',
      done.last,
    )
  writeWhole(stampFile, now)
}
