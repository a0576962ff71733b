// Bundles the shell into dist/electron: main and preload as CommonJS, for the oldest Node that an Electron we support carries.
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const outdir = join(here, '..', 'dist', 'electron')
rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: { main: join(here, 'main.ts'), preload: join(here, 'preload.ts') },
  outdir,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node16',
  external: ['electron'],
  outExtension: { '.js': '.cjs' },
  legalComments: 'none',
})
