// The examples as a user runs them from a shell: the launcher, its engine, the local Ray, to the end. The first one is asked what
// Ray itself knows of its tasks: a cell is added to a copy that lists them through Ray's own state API.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { basePython, need, tierPython } from '../worlds/python.ts'

const LAUNCHER = fileURLToPath(new URL('../../updraft.mjs', import.meta.url))
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url))
const MINUTE_MS = 60_000

interface Cell {
  cell_type: string
  id: string
  metadata: object
  source: string | string[]
  execution_count?: number | null
  outputs?: { output_type: string; name?: string; text?: string | string[]; data?: Record<string, unknown> }[]
}

let home: string

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'ux-'))
  const { code, err } = await updraft(['ray', 'start'])
  expect(code, err).toBe(0)
}, 3 * MINUTE_MS)

afterAll(async () => {
  const { code, err } = await updraft(['ray', 'stop'])
  rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  expect(code, err).toBe(0)
}, MINUTE_MS)

function updraft(args: string[]): Promise<{ code: number | null; err: string }> {
  const env = {
    ...process.env,
    UPDRAFT_HOME: home,
    UPDRAFT_BASE_PYTHON: basePython(),
    MPLBACKEND: undefined,
    RAY_ADDRESS: undefined,
  }
  const child = spawn(process.execPath, [LAUNCHER, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, err })))
}

const cellsOf = (file: string): Cell[] => (JSON.parse(readFileSync(file, 'utf8')) as { cells: Cell[] }).cells
const joined = (text: string | string[] | undefined): string => (Array.isArray(text) ? text.join('') : (text ?? ''))
const printed = (cells: Cell[]): string =>
  cells
    .flatMap((cell) => cell.outputs ?? [])
    .filter(({ name }) => name === 'stdout')
    .map(({ text }) => joined(text))
    .join('')

async function runExample(file: string, ...options: string[]): Promise<Cell[]> {
  const output = join(home, 'out.ipynb')
  rmSync(output, { force: true })
  const { code, err } = await updraft(['run', file, '--output', output, ...options])
  expect(code, err).toBe(0)
  return cellsOf(output)
}

/** A copy of an example with one more cell at its end. */
function withCell(name: string, source: string): string {
  const notebook = JSON.parse(readFileSync(join(EXAMPLES, name), 'utf8')) as { cells: Cell[] }
  notebook.cells.push({ cell_type: 'code', id: 'asks-ray', metadata: {}, source, execution_count: null, outputs: [] })
  const copy = join(home, name)
  writeFileSync(copy, JSON.stringify(notebook))
  return copy
}

const ASK_RAY = `
from ray.util.state import list_tasks
import time
until = time.monotonic() + 30
known = set()
while len(known) < len(workers) and time.monotonic() < until:  # Ray tells the state of tasks with a short delay
    known = {task.worker_pid for task in list_tasks(detail=True, limit=1000) if task.name == "who_am_i"}
    time.sleep(0.2)
print("known to Ray:", *sorted(known))
`

test(
  'hello, Ray: two or more workers that are not the kernel, and Ray knows them',
  async () => {
    const text = printed(await runExample(withCell('01-hello-ray.ipynb', ASK_RAY)))
    const kernel = text.match(/kernel is process (\d+)/)?.[1]
    const workers = [...new Set([...text.matchAll(/ran in worker process (\d+)/g)].map(([, pid]) => pid))].sort()
    expect(kernel).toBeDefined()
    expect(workers.length).toBeGreaterThanOrEqual(2)
    expect(workers).not.toContain(kernel)
    const known = text
      .match(/known to Ray: ([\d ]+)/)?.[1]
      ?.split(' ')
      .sort()
    expect(known).toEqual(workers)
    expect(text).toContain('[############] 12/12')
    expect(text).toContain('counted to 111')
    expect(text).toContain('the worker said: ZeroDivisionError: division by zero')
  },
  4 * MINUTE_MS,
)

test(
  'a parallel search: every fit comes in, and the plot is a picture',
  async () => {
    const cells = await runExample(join(EXAMPLES, '02-parallel-search.ipynb'))
    expect(printed(cells)).toMatch(/252 fits in \d+\.\d s/)
    const pictures = cells.flatMap(({ outputs }) => outputs ?? []).filter(({ data }) => data?.['image/png'] !== undefined)
    expect(pictures).toHaveLength(1)
  },
  4 * MINUTE_MS,
)

test(
  'training on two workers: both ranks report, and the loss falls',
  async (context) => {
    need(context, tierPython('torch'), 'the torch tier', './updraft.mjs python torch')
    const cells = await runExample(join(EXAMPLES, '03-train-ddp.ipynb'), '--environment', 'torch')
    const all = cells
      .flatMap(({ outputs }) => outputs ?? [])
      .map(({ text }) => joined(text))
      .join('')
    expect(all).toMatch(/world_rank=0[\s\S]*world_rank=1/)
    const loss = Number(all.match(/finished: \{'epoch': 5, 'loss': ([\d.]+)/)?.[1])
    expect(loss).toBeLessThan(0.1)
    expect(all).toMatch(/0\.weight +\(128, 16\)/)
  },
  6 * MINUTE_MS,
)

test('the examples are published without outputs', () => {
  for (const name of ['01-hello-ray.ipynb', '02-parallel-search.ipynb', '03-train-ddp.ipynb']) {
    const cells = cellsOf(join(EXAMPLES, name))
    expect(
      cells.flatMap(({ outputs }) => outputs ?? []),
      name,
    ).toEqual([])
    expect(
      cells.every(({ id }) => /^[\w-]{1,64}$/.test(id)),
      name,
    ).toBe(true)
  }
})
