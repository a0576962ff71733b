// The window's page: built by vite from the renderer and the contract, only when their content changed. It is built beside
// and renamed into place, so that an engine that runs never serves half a page.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { onlyOne } from './only-one.mjs'
import { checkoutLock } from './packages.mjs'
import { at, exists, readJson, root, sha256, writeWhole } from './places.mjs'
import { run } from './processes.mjs'
import { phase, say, Trouble } from './say.mjs'

const SOURCES = [
  'renderer',
  join('engine', 'contract'),
  join('kernels', 'output'),
  'vite.config.ts',
  'package-lock.json',
  'tsconfig.base.json',
]
const out = at('dist', 'renderer')
const stampFile = join(out, '.built.json')

function* files(path) {
  if (!exists(path)) return
  if (!statSync(path).isDirectory()) yield path
  else
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) yield* files(join(path, entry.name))
      else if (!entry.name.includes('.test.')) yield join(path, entry.name)
    }
}

const sources = () => SOURCES.flatMap((name) => [...files(at(name))]).sort()
const times = (list) =>
  sha256(
    ...list.map((file) => {
      const s = statSync(file)
      return `${relative(root, file)} ${s.size} ${s.mtimeMs}`
    }),
  )
const contents = (list) => sha256(...list.map((file) => `${relative(root, file)} ${sha256(readFileSync(file))}`))

/** True when the page is built from the sources as they are now. Times first (10 ms); contents only when times differ. */
export function windowIsReady() {
  const stamp = readJson(stampFile)
  if (!stamp) return false
  const list = sources()
  const now = times(list)
  if (stamp.times === now) return true
  if (stamp.contents !== contents(list)) return false
  writeWhole(stampFile, JSON.stringify({ ...stamp, times: now }))
  return true
}

async function build(node) {
  const list = sources()
  const stamp = JSON.stringify({ times: times(list), contents: contents(list) })
  const next = at('dist', `renderer.next-${process.pid}`)
  const old = at('dist', `renderer.old-${process.pid}`)
  mkdirSync(at('dist'), { recursive: true })
  try {
    const done = await run(node, [
      at('node_modules', 'vite', 'bin', 'vite.js'),
      'build',
      '--outDir',
      next,
      '--emptyOutDir',
      '--logLevel',
      'warn',
    ])
    if (done.status !== 0)
      throw new Trouble(
        'The window could not be built.',
        'The compiler message above says where. `git status` shows what differs from the published sources.',
        done.last,
      )
    writeWhole(join(next, '.built.json'), stamp)
    if (exists(out)) renameSync(out, old)
    renameSync(next, out)
  } finally {
    rmSync(next, { recursive: true, force: true })
    rmSync(old, { recursive: true, force: true })
  }
}

export async function prepareWindow(title, node) {
  if (!exists(at('vite.config.ts'))) {
    say('the window is not built: this checkout has no vite.config.ts')
    return
  }
  if (windowIsReady()) return
  await onlyOne(checkoutLock(), 'building the window', async () => {
    if (!windowIsReady()) await phase(title, () => build(node))
  })
}
