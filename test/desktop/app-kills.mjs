// Runs as the ordinary user, on a display, by the package's own Node: the packaged app is killed (`kill -9` of Electron's main process) at 20
// seeded instants while cells flood, and started again each time. Prints what the notebook shows, as digests, and how often each cell ran.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const { app, program, home } = JSON.parse(process.argv[2])
const { connectEngine } = await import(join(program, 'engine', 'client.ts'))
const { findEngine } = await import(join(program, 'engine', 'serve', 'single-engine.ts'))
const { foldersFor } = await import(join(program, 'engine', 'support', 'folders.ts'))

const KILLS = 20
const LINES = 40_000
const project = join(home, 'kills')
mkdirSync(project, { recursive: true })
const folders = foldersFor()
mkdirSync(folders.config, { recursive: true })
writeFileSync(join(folders.config, 'settings.json'), '{ "ray.autoStart": false }\n')
const ids = Array.from({ length: KILLS }, (_, i) => `a${i}`)
const cells = ids.map((id) => ({
  cell_type: 'code',
  id,
  metadata: {},
  execution_count: null,
  outputs: [],
  source: `with open('runs.txt', 'a') as f: f.write('${id}\\n')\nfor i in range(${LINES}): print(f'${id} {i:030d}')`,
}))
writeFileSync(
  join(project, 'flood.ipynb'),
  JSON.stringify({
    cells,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    nbformat: 4,
    nbformat_minor: 5,
  }),
)

const link = connectEngine(() => findEngine(folders), 'test', 'kills')
const until = (feed, key, fits, timeoutMs) =>
  new Promise((resolve, reject) => {
    const watching = link.watch(feed, key)
    const end = (act) => {
      clearTimeout(timer)
      watching.close()
      act()
    }
    const timer = setTimeout(
      () => end(() => reject(new Error(`${feed} did not come to fit: ${JSON.stringify(watching.view.state).slice(0, 500)}`))),
      timeoutMs,
    )
    const look = () =>
      watching.view.state !== undefined &&
      watching.view.status === 'live' &&
      fits(watching.view.state) &&
      end(() => resolve(watching.view.state))
    watching.view.listen(look)
    look()
  })

async function shown(cell) {
  const hash = createHash('sha256')
  for (const { content, type } of cell.outputs) {
    if (type !== 'stream') continue
    if (content.log === undefined) hash.update(content.text)
    for (let from = 0; content.log !== undefined && from < content.lines; ) {
      const { lines } = await link.call('logs.read', { log: content.log.id, from, count: 5000 })
      if (lines.length === 0) break
      hash.update(lines.map((l) => `${l}\n`).join(''))
      from += lines.length
    }
  }
  return hash.digest('hex')
}

let shell
const start = async () => {
  shell = spawn(app, [project], { stdio: 'ignore', env: process.env })
  await until('engine', null, (s) => s.windows > 0, 60_000)
}
const wrong = []
let seed = 77
try {
  await start()
  await link.call('workspace.trust', { folder: project, trusted: true })
  const { notebook } = await link.call('notebook.open', { path: join(project, 'flood.ipynb') })
  for (const id of ids) {
    await link.call('notebook.run', { notebook, cells: [id], ids: [`once-${id}`] })
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    await new Promise((r) => setTimeout(r, seed % 300))
    const gone = new Promise((r) => shell.once('exit', r))
    shell.kill('SIGKILL')
    await gone
    await start()
    const state = await until('notebook', { notebook }, (s) => s.cells[id]?.run?.state === 'done', 60_000)
    const right = createHash('sha256')
      .update(Array.from({ length: LINES }, (_, i) => `${id} ${String(i).padStart(30, '0')}\n`).join(''))
      .digest('hex')
    if ((await shown(state.cells[id])) !== right) wrong.push(id)
  }
} catch (error) {
  wrong.push(String(error?.stack ?? error))
}
const runs = readFileSync(join(project, 'runs.txt'), 'utf8')
process.stdout.write(
  `KILLED ${JSON.stringify({ kills: KILLS, wrong, onceEach: runs === ids.map((id) => `${id}\n`).join('') })}\n`,
)
await link.call('engine.stop', { all: true, force: true }).catch(() => undefined)
shell.kill('SIGTERM')
setTimeout(() => process.exit(0), 3000)
