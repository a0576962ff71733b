// How `updraft run` ends when it does not come to its end: by Ctrl-C, because its engine was killed, or because it was killed itself.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { findEngine } from '../../engine/serve/single-engine.ts'
import { EngineWorld, processesNaming } from '../worlds/engine.ts'
import { basePython } from '../worlds/python.ts'

let world: EngineWorld
beforeEach(() => {
  world = new EngineWorld(basePython())
})
afterEach(() => world.close())

const WAIT = { timeout: 60_000, interval: 50 }

function notebook(name: string, sources: readonly string[]): void {
  const cells = sources.map((source, i) => ({
    cell_type: 'code',
    id: `c${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  }))
  writeFileSync(join(world.work, name), JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }))
}
const outputsOf = (name: string): string[] =>
  (
    JSON.parse(readFileSync(join(world.work, name), 'utf8')) as {
      cells: { outputs: { text?: string | string[]; ename?: string }[] }[]
    }
  ).cells.map((cell) => cell.outputs.map((o) => o.ename ?? [o.text ?? ''].flat().join('')).join(''))
const hidden = (): string[] => readdirSync(world.work).filter((name) => name.startsWith('.'))

/** Prints, leaves a mark in a file, and sleeps for `seconds`. */
const slow = (seconds: number) =>
  `import time\nprint("began", flush=True)\nopen("marks", "a").write("x")\ntime.sleep(${seconds})\nprint("slept")`
const begun = () => vi.waitFor(() => expect(existsSync(join(world.work, 'marks'))).toBe(true), WAIT)

async function killEngine(): Promise<void> {
  const { pid } = (await findEngine(world.folders, 0)) ?? {}
  if (pid === undefined) throw new Error('no engine runs')
  process.kill(pid, 'SIGKILL')
}

test('Ctrl-C interrupts the cell, keeps what was printed, and leaves no copy and no process', async () => {
  notebook('slow.ipynb', [slow(300), 'print("never")'])
  const run = world.begin('cli.ts', ['run', 'slow.ipynb', '--output', 'out.ipynb'])
  await begun()
  expect(hidden()).toEqual(['.slow.run.ipynb'])
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(130)
  expect([outputsOf('out.ipynb'), hidden()]).toEqual([['began\nKeyboardInterrupt', ''], []])
  await vi.waitFor(() => expect(processesNaming(world.home)).toEqual([]), WAIT)
}, 120_000)

test('a cell that does not listen to Ctrl-C ends with its kernel', async () => {
  const deaf = 'import time\nopen("marks", "a").write("x")\nwhile True:\n  try: time.sleep(1)\n  except KeyboardInterrupt: pass'
  notebook('deaf.ipynb', [deaf])
  const run = world.begin('cli.ts', ['run', 'deaf.ipynb', '--output', 'out.ipynb'])
  await begun()
  run.child.kill('SIGINT')
  expect(await run.ended).toBe(130)
  expect([run.stderr().includes('did not listen to the interrupt'), hidden()]).toEqual([true, []])
  await vi.waitFor(() => expect(processesNaming(world.home)).toEqual([]), WAIT)
}, 120_000)

test('a run whose engine was killed says so after 20 s, ends with 1 and keeps what was saved', async () => {
  notebook('slow.ipynb', ['print("first")', slow(300)])
  const run = world.begin('cli.ts', ['run', 'slow.ipynb', '--output', 'out.ipynb'])
  await begun()
  await vi.waitFor(() => expect(readFileSync(join(world.work, '.slow.run.ipynb'), 'utf8')).toContain('first\\n'), WAIT)
  await killEngine()
  const beganMs = Date.now()
  expect(await run.ended).toBe(1)
  expect(Date.now() - beganMs).toBeLessThan(35_000)
  expect(run.stderr()).toContain('The engine has gone, and no other came within 20 s.\n')
  expect([outputsOf('out.ipynb')[0], hidden()]).toEqual(['first\n', []])
}, 120_000)

test('a run goes on with the next engine, and no cell runs twice', async () => {
  notebook('slow.ipynb', [slow(8), 'print("second")'])
  const run = world.begin('cli.ts', ['run', 'slow.ipynb', '--output', 'out.ipynb'])
  await begun()
  await killEngine()
  await world.start()
  expect([await run.ended, run.stderr()]).toEqual([0, expect.stringContaining('[2/2]')])
  expect([outputsOf('out.ipynb'), readFileSync(join(world.work, 'marks'), 'utf8')]).toEqual([['began\nslept\n', 'second\n'], 'x'])
}, 120_000)

test('what a killed run left is removed by the next one, its kernel too; a file that is not its own stays', async () => {
  notebook('slow.ipynb', [slow(300)])
  notebook('quick.ipynb', ['print(1)'])
  notebook('.quick.run.ipynb', ['"mine"'])
  const killed = world.begin('cli.ts', ['run', 'slow.ipynb', '--output', 'out.ipynb'])
  await begun()
  killed.child.kill('SIGKILL')
  await killed.ended
  expect(hidden().sort()).toEqual(['.quick.run.ipynb', '.slow.run.ipynb'])
  const { code, stderr } = await world.run('cli.ts', ['run', 'quick.ipynb', '--output', 'out.ipynb'])
  expect([code, outputsOf('out.ipynb'), hidden()], stderr).toEqual([0, ['1\n'], ['.quick.run.ipynb']])
  await vi.waitFor(() => expect(processesNaming(world.home)).toEqual([]), WAIT)
}, 120_000)
