// `kill -9` while cells flood: nothing printed is lost or doubled, and no cell runs twice, whatever is killed and when. Each cell appends a line to
// a file (so a second run would show) and prints 200,000 lines that are all different: the first as fast as it can, the second with pauses, so that
// the engine has written down several times where it is, and the third is short and waits behind them.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeTimers } from '../../engine/support/timers.ts'
import { Leases } from '../../engine/targets/leases.ts'
import { LocalTarget } from '../../engine/targets/local/local-target.ts'
import { OutpostConnection } from '../../kernels/index.ts'
import { basePython } from '../worlds/python.ts'
import type { Command, Look } from './small-engine.ts'

const PRINTS: { readonly [cell: string]: number } = { a: 200_000, b: 200_000, c: 100 }
const CELLS = ['a', 'b', 'c']
const program = new URL('./small-engine.ts', import.meta.url).pathname
const outpost = new URL('../../kernels/outpost', import.meta.url).pathname

let folder: string
let epoch = 0
let engine: Engine | undefined

/** One life of the engine. */
class Engine {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly #reader: Interface
  #errors = ''

  constructor() {
    this.process = spawn(process.execPath, [program, folder, String(++epoch)], {
      stdio: 'pipe',
      env: { ...process.env, UPDRAFT_PYTHON: basePython() },
    })
    this.process.stderr?.on('data', (text) => {
      this.#errors += String(text)
    })
    this.#reader = createInterface({ input: this.process.stdout as NodeJS.ReadableStream })
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  send(command: Command): void {
    this.process.stdin?.write(`${JSON.stringify(command)}\n`)
  }
  async answer<T>(): Promise<T> {
    const next = await Promise.race([this.#lines.next(), sleep(60_000, undefined, { ref: false }).then(() => undefined)])
    if (next === undefined || next.done === true) throw new Error(`the engine said nothing\n${this.#errors}`)
    return JSON.parse(next.value) as T
  }
  async ask<T>(command: Command): Promise<T> {
    this.send(command)
    return this.answer<T>()
  }

  /** What the notebook shows when no cell is queued or running. */
  async settled(): Promise<Look> {
    const end = Date.now() + 60_000
    for (;;) {
      const seen = await this.ask<Look | { busy: true } | { error: string }>({ do: 'look' })
      if ('error' in seen) throw new Error(seen.error)
      if (!('busy' in seen)) return seen
      if (Date.now() > end) throw new Error(`cells run for ever\n${this.#errors}`)
      await sleep(20)
    }
  }

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const gone = new Promise((resolve) => this.process.once('exit', resolve))
    this.process.kill('SIGKILL')
    await gone
    this.#reader.close()
  }
}

const PAUSES: { readonly [cell: string]: string } = { a: '0', b: '0.02', c: '0' }
const source = (cell: string): string =>
  [
    'import time',
    `with open('ran-${cell}', 'a') as f: f.write(f'{round_}\\n')`,
    `for i in range(${PRINTS[cell]}):`,
    `  print('${cell}', round_, i)`,
    `  if i % 5000 == 0: time.sleep(${PAUSES[cell]})`,
  ].join('\n')
const printed = (cell: string, round: number): string => {
  const hash = createHash('sha256')
  for (let i = 0; i < (PRINTS[cell] ?? 0); i++) hash.update(`${cell} ${round} ${i}\n`)
  return hash.digest('hex')
}
const ran = async (cell: string): Promise<string[]> =>
  (await readFile(join(folder, `ran-${cell}`), 'utf8').catch(() => '')).trim().split('\n')

/** mulberry32: the same seed, the same instant. */
function random(seed: number): number {
  const a = (Math.imul(seed, 0x9e3779b1) + 0x6d2b79f5) | 0
  let t = Math.imul(a ^ (a >>> 15), 1 | a)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const target = (): LocalTarget =>
  new LocalTarget({
    runtimeFolder: folder,
    program: outpost,
    python: async () => basePython(),
    leases: new Leases(join(folder, 'leases.json')),
    env: process.env,
    nowMs: Date.now,
  })

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ud-'))
  const code = (id: string, text: string) => ({
    id,
    cell_type: 'code',
    source: text,
    metadata: {},
    outputs: [],
    execution_count: null,
  })
  const cells = [code('round', 'round_ = globals().get("round_", 0) + 1'), ...CELLS.map((c) => code(c, source(c)))]
  await writeFile(join(folder, 'n.ipynb'), JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells }))
})
afterEach(async () => {
  await engine?.kill()
  engine = undefined
  const connection = new OutpostConnection({ dial: target().dial, clock: nodeTimers, client: 'test', epoch: 1e15 })
  await connection.call('shutdown', { force: true }).catch(() => undefined)
  connection.close()
  await rm(folder, { recursive: true, force: true })
})

/** Runs the three cells once in peace, then once per seed with a kill in the middle, and looks each time when all is still. */
async function rounds(seeds: readonly number[], kill: (engine: Engine) => Promise<Engine>): Promise<void> {
  engine = new Engine()
  let peaceMs = 0
  let inTheMiddle = 0
  for (const [round, seed] of [0, ...seeds].entries()) {
    const ids = ['round', ...CELLS].map((cell) => `${cell}-${seed}`)
    const run: Command = { do: 'run', cells: ['round', ...CELLS], ids }
    await engine.ask(run)
    const begunMs = Date.now()
    if (round > 0) {
      await sleep(random(seed) * peaceMs)
      const before = engine.ask<object>({ do: 'look' }).catch(() => ({}))
      inTheMiddle += 'busy' in (await before) ? 1 : 0
      engine = await kill(engine)
      // The window that asked did not hear an answer and asks again: nothing runs twice.
      await engine.ask(run)
    }
    const seen = await engine.settled()
    if (round === 0) peaceMs = Math.min(Date.now() - begunMs, 2000)
    for (const cell of CELLS) {
      const { state, sha, lost, problem } = seen.cells[cell] ?? {}
      expect({ seed, cell, state, sha, lost, problem }).toEqual({
        seed,
        cell,
        state: 'done',
        sha: printed(cell, round + 1),
        lost: 0,
        problem: undefined,
      })
      expect(await ran(cell), `seed ${seed}: runs of cell ${cell}`).toEqual(
        Array.from({ length: round + 1 }, (_, i) => String(i + 1)),
      )
    }
  }
  expect(inTheMiddle, 'kills while a cell was running or queued').toBeGreaterThan(seeds.length / 2)
}

const seeds = (from: number): number[] => Array.from({ length: 5 }, (_, i) => from + i)

describe('killed while cells flood, every byte is shown once and every cell ran once', () => {
  test.each([101, 106, 111, 116])('the engine, at five instants from seed %i', async (from) => {
    await rounds(seeds(from), async (engine) => {
      await engine.kill()
      return new Engine()
    })
  })

  test.each([201, 206, 211, 216])('the outpost, at five instants from seed %i', async (from) => {
    await rounds(seeds(from), async (engine) => {
      const { pid } = await engine.ask<{ pid?: number }>({ do: 'outpost' })
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      return engine
    })
  })
})
