// The command line against a real engine and real kernels: a notebook run to its end, a failing one, parameters, and what is asked wrongly.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EngineWorld } from '../worlds/engine.ts'
import { basePython } from '../worlds/python.ts'

let world: EngineWorld
beforeAll(() => {
  world = new EngineWorld(basePython())
})
afterAll(() => world.close())

type Json = { [key: string]: unknown }
const code = (source: string, tags?: string[]): Json => ({
  cell_type: 'code',
  id: `c${Math.random().toString(36).slice(2, 8)}`,
  metadata: tags === undefined ? {} : { tags },
  source,
  outputs: [],
  execution_count: null,
})

function notebook(name: string, cells: Json[]): string {
  const path = join(world.work, name)
  writeFileSync(
    path,
    JSON.stringify({
      cells,
      metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
      nbformat: 4,
      nbformat_minor: 5,
    }),
  )
  return path
}
const printed = (path: string) =>
  (
    JSON.parse(readFileSync(path, 'utf8')) as {
      cells: { source: string | string[]; outputs: { text?: string | string[]; ename?: string }[] }[]
    }
  ).cells.map((cell) => [
    [cell.source].flat().join(''),
    (cell.outputs ?? []).map((o) => o.ename ?? [o.text ?? ''].flat().join('')).join(''),
  ])

test('a notebook runs to its end on a copy, with parameters as papermill puts them, and relative paths of its own folder', async () => {
  writeFileSync(join(world.work, 'data.txt'), 'from a file')
  const path = notebook('steps.ipynb', [
    code('steps = 1\nname = ""', ['parameters']),
    code('print(steps + 1, name, open("data.txt").read())'),
  ])
  const before = readFileSync(path, 'utf8')
  mkdirSync(join(world.work, 'results'))
  const {
    code: exit,
    stdout,
    stderr,
  } = await world.run('cli.ts', [
    'run',
    'steps.ipynb',
    '--output',
    'results/out.ipynb',
    '--param',
    'steps=41',
    '--param',
    'name=it\'s "me"',
    '--json',
  ])
  expect([exit, stderr.replace(/\d+\.\d s/g, '… s')]).toMatchInlineSnapshot(`
    [
      0,
      "[1/3] … s  steps = 1
    [2/3] … s  # Parameters
    [3/3] … s  print(steps + 1, name, open("data.txt").read())
    ",
    ]
  `)
  expect(printed(join(world.work, 'results', 'out.ipynb'))).toMatchInlineSnapshot(`
    [
      [
        "steps = 1
    name = """,
        "",
      ],
      [
        "# Parameters
    steps = 41
    name = "it's \\"me\\""",
        "",
      ],
      [
        "print(steps + 1, name, open("data.txt").read())",
        "42 it's "me" from a file
    ",
      ],
    ]
  `)
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect(readdirSync(world.work).filter((name) => name.startsWith('.'))).toEqual([])
  expect(JSON.parse(stdout)).toMatchObject({
    ok: true,
    notebook: path,
    cells: [{ state: 'done' }, { state: 'done' }, { state: 'done' }],
  })
}, 120_000)

test('a failing cell ends the run with code 1 and is named; what ran until then is written', async () => {
  const path = notebook('fails.ipynb', [code('print("before")'), code('1/0'), code('print("after")')])
  const { code: exit, stderr } = await world.run('cli.ts', ['run', path])
  expect([exit, stderr.includes('ZeroDivisionError'), stderr.trim().split('\n').at(-1)]).toEqual([
    1,
    true,
    `Cell 2 failed; what ran until then is in ${path}`,
  ])
  expect(printed(path).map(([, out]) => out)).toEqual(['before\n', 'ZeroDivisionError', ''])
  const all = await world.run('cli.ts', ['run', path, '--allow-errors'])
  expect([all.code, printed(path).map(([, out]) => out)]).toEqual([0, ['before\n', 'ZeroDivisionError', 'after\n']])
}, 120_000)

test('a cell that asks and finds nobody to answer is interrupted, not waited for', async () => {
  const path = notebook('asks.ipynb', [code('input("Your name? ")')])
  const { code: exit, stderr } = await world.run('cli.ts', ['run', path])
  expect([
    exit,
    stderr.includes('The cell asks "Your name?" and there is no terminal to answer from: it is interrupted.'),
  ]).toEqual([1, true])
}, 120_000)

test('what is asked wrongly is said, with code 2, and nothing runs', async () => {
  const wrong: string[][] = [
    ['run'],
    ['run', 'a.ipynb', 'b.ipynb'],
    ['run', 'a.ipynb', '--param', 'x'],
    ['run', 'a.ipynb', '--nonsense', '1'],
    ['fly'],
    [],
  ]
  for (const args of wrong) {
    const { code: exit, stderr } = await world.run('cli.ts', args)
    expect([args, exit, stderr.includes('Usage:')]).toEqual([args, 2, true])
  }
  const missing = await world.run('cli.ts', ['run', 'missing.ipynb'])
  expect([missing.code, missing.stderr]).toEqual([
    1,
    `There is no file ${join(world.work, 'missing.ipynb')}.\nNothing was run.\n`,
  ])
})

test('diagnose shows what it gathers and writes it to a folder, with or without an engine', async () => {
  const { code: exit, stdout } = await world.run('cli.ts', ['diagnose', '--output', 'bundle'])
  expect([exit, stdout.includes('--- engine.json'), stdout.includes('Nothing was sent')]).toEqual([0, true, true])
  expect(readdirSync(join(world.work, 'bundle'))).toContain('engine.json')
  expect(readFileSync(join(world.work, 'bundle', 'folders.txt'), 'utf8')).toContain('config')
})

test('the engine that a command started has ended with it', () => {
  expect(readdirSync(world.folders.runtime).filter((name) => name.startsWith('engine-'))).toEqual([])
})

/** What doctor says of one thing. */
function doctor(name: string) {
  const launcher = join(import.meta.dirname, '..', '..', 'updraft.mjs')
  const { stdout } = spawnSync(process.execPath, [launcher, 'doctor', '--json'], { env: world.env, encoding: 'utf8' })
  const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string; found: string; todo?: string }[] }
  return findings.find((finding) => finding.name === name)
}

test('status and doctor say which engine runs and what it has, without its token, and start none', async () => {
  const none = await world.run('cli.ts', ['status', '--json'])
  expect([none.code, JSON.parse(none.stdout)]).toEqual([0, { running: false }])
  expect(doctor('engine')).toMatchObject({ state: 'absent', found: 'none runs', todo: '`npm start` starts one.' })
  const engine = await world.start()
  const shown = await world.run('cli.ts', ['status'])
  const { origin } = new URL(engine.url)
  expect([shown.code, shown.stdout]).toEqual([
    0,
    expect.stringMatching(
      new RegExp(
        `^engine {5}\\S+ at ${origin.replaceAll('.', '\\.')} \\(process ${engine.child.pid}\\)\nRay {8}stopped\nkernels {4}none\n$`,
      ),
    ),
  ])
  expect([doctor('engine')?.found, doctor('local Ray'), doctor('kernels')?.found]).toEqual([
    expect.stringContaining(`${origin} (process ${engine.child.pid})`),
    expect.objectContaining({ found: 'stopped', todo: '`./updraft.mjs ray start` starts it.' }),
    'none',
  ])
  engine.child.kill('SIGTERM')
  await engine.ended
}, 120_000)
