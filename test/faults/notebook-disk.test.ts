// What a crash and a bad disk do to a notebook: the file is the old or the new one, whole; what was said to be safe is there.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OpenNotebooks } from '../../engine/notebooks/open-notebooks.ts'
import { need } from '../worlds/python.ts'

const writer = fileURLToPath(new URL('./notebook-writer.ts', import.meta.url))
const FILE = `${JSON.stringify({ cells: [{ cell_type: 'code', execution_count: null, id: 'a', metadata: {}, outputs: [], source: [] }], metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`

let folder: string
let state: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'updraft-disk-'))
  state = mkdtempSync(join(tmpdir(), 'updraft-disk-state-'))
  writeFileSync(join(folder, 'n.ipynb'), FILE)
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(state, { recursive: true, force: true })
})

type Said = { safe?: number; error?: string }

/** Runs the writer until `instantMs` after its first word, kills it, and answers the last line that it knew to be on disk. */
async function killedAt(instantMs: number): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, [writer, folder, state, 'write'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const over = new Promise((resolve) => child.once('exit', resolve))
  let safe = -1
  let timer: NodeJS.Timeout | undefined
  const guard = setTimeout(() => child.kill('SIGKILL'), 30_000)
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const said = JSON.parse(line) as Said
    if (said.error !== undefined) throw new Error(said.error)
    safe = said.safe ?? safe
    timer ??= setTimeout(() => child.kill('SIGKILL'), instantMs)
  }
  await over
  clearTimeout(guard)
  clearTimeout(timer)
  return safe
}

describe('a notebook whose engine is killed', () => {
  const KILLS = 20
  it(`has everything that was on disk, at ${KILLS} instants of typing and saving (seed 7)`, async () => {
    let seed = 7
    for (let kill = 0; kill < KILLS; kill++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
      const safe = await killedAt(seed % 120)
      // The file is whole at any instant, and so is what it says.
      const onDisk = JSON.parse(readFileSync(join(folder, 'n.ipynb'), 'utf8')) as { cells: { source: string[] }[] }
      expect(onDisk.cells.length).toBeGreaterThan(0)
      const notebooks = new OpenNotebooks({
        folder: state,
        store: { blob: async () => undefined, log: async () => undefined },
        workspace: () => folder,
        home: folder,
        trusted: async () => true,
        log: (error) => expect.fail(String(error)),
      })
      const open = await notebooks.open('n.ipynb')
      expect(open.state.remarks, `kill ${kill}`).toEqual([])
      const lines = open.state.cells['a']?.source.split('\n').slice(0, -1) ?? []
      // No line twice, none missing, none out of order; at least what was said to be safe.
      expect(lines, `kill ${kill}`).toEqual(lines.map((_, n) => `line ${n}`))
      expect(lines.length, `kill ${kill}`).toBeGreaterThan(safe)
      const inserted = Array.from({ length: safe + 1 }, (_, n) => n).filter((n) => n % 5 === 0)
      for (const n of inserted) if (n < safe) expect(open.state.order, `kill ${kill}`).toContain(`c${n}`)
      await notebooks.close()
    }
  })
})

/** Runs the writer with `folder` on a file system of its own, made and gone with the process; undefined where that is not allowed. */
function onOwnDisk(mode: string, options: string, then = ''): object[] | undefined {
  const script = `mount -t tmpfs -o ${options} tmpfs "$1" && printf '%s' "$5" > "$1/n.ipynb" ${then} && exec "$3" "$4" "$1" "$2" "$6"`
  const done = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', folder, state, process.execPath, writer, FILE, mode], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (done.error !== undefined || /unshare|permission denied|not permitted/i.test(done.stderr)) return undefined
  if (done.status !== 0) throw new Error(done.stderr)
  return done.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as object)
}
const WAY = 'Linux with user namespaces (unshare -rm)'

describe('a bad disk', () => {
  it('that is full leaves the old file whole and the edits in memory, and is tried again', (context) => {
    const said = need(context, onOwnDisk('full', 'size=1m'), 'a file system of its own', WAY)
    expect(said[0]).toEqual({
      problem: {
        code: 'full',
        message: 'n.ipynb could not be saved: the disk is full.',
        hint: 'The file on disk is as it was, your changes are kept in Updraft, and it is tried again. Free some space.',
        where: 'notebook:n.ipynb',
      },
      save: 'failed',
      same: true,
      source: 'typed on a full disk\n',
    })
    expect(said[1]).toMatchObject({ later: { state: 'saved' }, file: true })
  })

  it('that may not be written is said when the notebook is opened, and nothing is lost', (context) => {
    const said = need(context, onOwnDisk('read-only', 'size=1m', '&& mount -o remount,ro "$1"'), 'a file system of its own', WAY)
    expect(said[0]).toEqual({
      save: 'read-only',
      remarks: ['n.ipynb is read-only.'],
      problem: {
        code: 'denied',
        message: 'n.ipynb is read-only.',
        hint: 'Your changes are kept in Updraft; use "Save as" to write them elsewhere.',
        where: 'notebook:n.ipynb',
      },
    })
  })
})
