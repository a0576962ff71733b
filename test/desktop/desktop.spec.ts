// The desktop on the real thing: a real Electron under Xvfb, as an ordinary user, with Chromium's whole sandbox on; then the package.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { everythingIsRequired } from '../worlds/python.ts'
import { type DesktopWorld, desktopMissing, makeDesktopWorld } from './world.ts'

const missing = desktopMissing()
let world: DesktopWorld
beforeAll(() => {
  if (missing === undefined) world = makeDesktopWorld()
  else if (everythingIsRequired()) throw new Error(missing)
}, 600_000)
afterAll(() => world?.close())

test('the shell starts, runs a cell, keeps its doors shut, and comes back from every kill', async (context) => {
  if (missing !== undefined) context.skip(missing)
  const shots = join(world.folder, 'shots')
  const asked = {
    electron: world.electron,
    program: world.program,
    node: world.node,
    python: world.python,
    home: join(world.folder, 'home'),
    shots,
  }
  const done = world.run([world.node, join(world.folder, 'driver', 'drive.mjs'), JSON.stringify(asked)], {}, 240_000)
  const line = done.stdout.split('\n').find((l) => l.startsWith('SEEN '))
  if (line === undefined) throw new Error(`the driver said: ${done.stderr.slice(-3000)} ${done.stdout.slice(-2000)}`)
  const results = join(import.meta.dirname, '..', 'results')
  mkdirSync(results, { recursive: true })
  if (existsSync(join(shots, 'electron.png')))
    writeFileSync(join(results, 'electron.png'), readFileSync(join(shots, 'electron.png')))
  const seen = JSON.parse(line.slice(5)) as Record<string, unknown>
  expect((seen['sandbox'] as unknown[]).length).toBeGreaterThan(0)
  for (const renderer of seen['sandbox'] as object[]) expect(renderer).toEqual({ seccomp: '2', ownPids: true, uid: true })
  expect({ ...seen, sandbox: 'as above' }).toMatchInlineSnapshot(`
    {
      "back": {
        "otherProcess": true,
        "soon": true,
      },
      "camera": "NotFoundError",
      "dialogs": {
        "files": [
          "desktop.ipynb",
        ],
        "folder": "project",
        "save": "/x/y.ipynb",
      },
      "door": {
        "electron": "undefined",
        "kind": "electron",
        "process": "undefined",
        "require": "undefined",
      },
      "errors": [],
      "external": {
        "file:///etc/passwd": "refused",
        "https://example.org/x": "asked",
        "javascript:alert(1)": "refused",
      },
      "host": "updraft-*.localhost",
      "left": 0,
      "notifications": "denied",
      "opened": [
        "https://example.org/x",
      ],
      "ran": true,
      "rendererBack": true,
      "sandbox": "as above",
      "stayed": true,
      "ticks": {
        "first": "tick 0",
        "last": "tick 21",
        "repeated": 0,
      },
      "window": true,
    }
  `)
}, 260_000)

test('the package starts by itself and runs a cell through its own engine', (context) => {
  if (missing !== undefined) context.skip(missing)
  const home = join(world.folder, 'home')
  // The packaged app, started as from a menu; its engine is found by its discovery file, and the carried command line runs a notebook on it.
  const script = `
set -eu
"$APP" "$HOME/project" > "$HOME/app.log" 2>&1 &
app=$!
for i in $(seq 300); do [ -n "$(find "$UPDRAFT_HOME" -name 'engine*.json' 2>/dev/null)" ] && break; sleep 0.1; done
"$NODE" "$PROGRAM/engine/cli.ts" run "$HOME/project/packaged.ipynb" --output "$HOME/packaged-out.ipynb" --json > "$HOME/run.json"
ps -o args= -p $(pgrep -u "$(id -u)" -f engine/main.ts | head -1) | grep -c release > "$HOME/engine-of-package" || true
kill -TERM $app; wait $app || true
`
  mkdirSync(join(home, 'project'), { recursive: true })
  const cell = {
    cell_type: 'code',
    id: 'a',
    metadata: {},
    execution_count: null,
    outputs: [],
    source: "print('packaged', 6 * 7)",
  }
  writeFileSync(
    join(home, 'project', 'packaged.ipynb'),
    JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }),
  )
  const env = {
    APP: world.app,
    NODE: world.node,
    PROGRAM: world.program,
    UPDRAFT_HOME: join(home, 'updraft-packaged'),
    UPDRAFT_BASE_PYTHON: world.python,
  }
  const done = world.run(['sh', '-c', script], env, 120_000)
  expect(`${done.status} ${done.stderr.slice(-1500)}`).toMatch(/^0 /)
  expect(readFileSync(join(home, 'packaged-out.ipynb'), 'utf8')).toContain('packaged 42')
  expect(Number(readFileSync(join(home, 'engine-of-package'), 'utf8'))).toBeGreaterThan(0)
  expect(statSync(world.app).mode & 0o111).not.toBe(0)
}, 150_000)

test('the package refuses to be made into a plain Node', (context) => {
  if (missing !== undefined) context.skip(missing)
  const done = world.run(
    [world.app, '-e', 'require("fs").writeFileSync(process.env.HOME + "/was-node", "x")'],
    { ELECTRON_RUN_AS_NODE: '1', UPDRAFT_BASE_PYTHON: world.python, UPDRAFT_HOME: join(world.folder, 'home', 'updraft-fuse') },
    8_000,
  )
  expect(existsSync(join(world.folder, 'home', 'was-node'))).toBe(false)
  // It opened its window instead and ran until timeout(1) ended it.
  expect(done.status).toBe(124)
}, 30_000)

test('the app killed in twenty floods loses nothing and runs nothing twice (seed 77)', (context) => {
  if (missing !== undefined) context.skip(missing)
  const home = join(world.folder, 'home')
  const env = { UPDRAFT_HOME: join(home, 'updraft-kills'), UPDRAFT_BASE_PYTHON: world.python }
  const asked = JSON.stringify({ app: world.app, program: world.program, home })
  const done = world.run([world.node, join(world.folder, 'driver', 'app-kills.mjs'), asked], env, 240_000)
  const line = done.stdout.split('\n').find((l) => l.startsWith('KILLED '))
  if (line === undefined) throw new Error(`the driver said: ${done.stderr.slice(-3000)} ${done.stdout.slice(-2000)}`)
  expect(JSON.parse(line.slice(7))).toEqual({ kills: 20, wrong: [], onceEach: true })
}, 260_000)
