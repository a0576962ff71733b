// An engine with nothing but notebooks and kernels, as a process that a test may kill at any instant: `small-engine.ts FOLDER EPOCH`. Takes one JSON
// command per line on stdin (`run`, `look`, `interrupt`), answers one JSON line each on stdout. Everything it keeps lies in FOLDER.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BlobStore } from '../../engine/live/blob-store.ts'
import { SpoolStore } from '../../engine/live/spool-store.ts'
import type { NotebookDocument } from '../../engine/notebooks/document.ts'
import { createExecution } from '../../engine/notebooks/execution/execution-room.ts'
import { OpenNotebooks } from '../../engine/notebooks/open-notebooks.ts'
import { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { Leases } from '../../engine/targets/leases.ts'
import { LocalTarget } from '../../engine/targets/local/local-target.ts'

export type Command =
  | { readonly do: 'run'; readonly cells: readonly string[]; readonly ids: readonly string[] }
  | { readonly do: 'look' | 'outpost' | 'interrupt' }
/** What the notebook shows of one cell: `sha` and `bytes` of the raw bytes behind its stdout. */
export type CellLook = {
  readonly state: string
  readonly execution: string
  readonly sha: string
  readonly bytes: number
  readonly lost: number
  readonly outputs: number
  readonly problem?: string
}
export type Look = { readonly cells: { readonly [cell: string]: CellLook }; readonly kernel: string; readonly saved: string }

const [folder = '', epoch = '1'] = process.argv.slice(2)
const python = process.env['UPDRAFT_PYTHON'] ?? 'python3'
const target = new LocalTarget({
  runtimeFolder: folder,
  program: new URL('../../kernels/outpost', import.meta.url).pathname,
  python: async () => python,
  leases: new Leases(join(folder, 'leases.json')),
  env: process.env,
  nowMs: Date.now,
})
const sessions = new OutpostSessions({
  target,
  epoch: Number(epoch),
  environments: { resolve: async (id) => ({ id, title: 'Test', python }) },
  kernelEnv: async () => ({}),
  env: process.env,
  keepSpare: () => true,
  lingerSeconds: () => 60,
  onNote: () => undefined,
})
const runs = join(folder, 'runs')
const spools = new SpoolStore(runs)
const blobs = new BlobStore({ folder: join(folder, 'blobs') })
const log = (error: unknown): void => console.error(error)
const notebooks = new OpenNotebooks({
  folder: join(folder, 'notebooks'),
  store: {
    blob: (hash) => blobs.get(hash),
    log: (id, from, to) => readFile(join(runs, `${id.slice(4)}.log`)).then((b) => b.subarray(from, to)),
  },
  workspace: () => folder,
  home: folder,
  trusted: async () => true,
  log,
})
const room = createExecution({
  notebooks,
  sessions,
  environments: { choose: async () => 'test' },
  blobs,
  spools,
  trustFolder: () => folder,
  log,
})
const notebook = await notebooks.open(join(folder, 'n.ipynb'))
notebooks.hold(notebook)
const execution = await room.of(notebook.id)

async function look(document: NotebookDocument): Promise<Look> {
  const cells: { [cell: string]: CellLook } = {}
  for (const id of document.state.order) {
    const cell = document.cell(id)
    const hash = createHash('sha256')
    let bytes = 0
    let lost = 0
    for (const output of cell?.outputs ?? []) {
      if (output.type !== 'stream' || output.name !== 'stdout') continue
      const { content } = output
      const raw =
        content.log === undefined ? Buffer.from(content.text) : await readFile(join(runs, `${content.log.id.slice(4)}.log`))
      if (raw.length !== content.bytes)
        throw new Error(`${output.id}: the notebook says ${content.bytes} bytes, ${raw.length} are kept`)
      hash.update(raw)
      bytes += raw.length
      lost += content.lostBytes ?? 0
    }
    const { state = 'none', execution: ran = '', problem } = cell?.run ?? {}
    cells[id] = {
      state,
      execution: ran,
      sha: hash.digest('hex'),
      bytes,
      lost,
      outputs: cell?.outputs.length ?? 0,
      ...(problem === undefined ? {} : { problem: problem.message }),
    }
  }
  return { cells, kernel: document.state.kernel.state, saved: document.state.save.state }
}

/** A flood grows between two looks: only what has come to rest is looked at closely. */
async function lookWhenStill(document: NotebookDocument): Promise<Look | { readonly busy: true }> {
  const { cells, order } = document.state
  const busy = order.some((id) => ['queued', 'running'].includes(cells[id]?.run?.state ?? ''))
  return busy ? { busy: true } : look(document)
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command
  let answer: unknown
  try {
    if (command.do === 'run') answer = await execution.run(command)
    else if (command.do === 'interrupt') answer = await execution.interrupt()
    else if (command.do === 'outpost')
      answer = sessions.connection.state.state === 'up' ? { pid: sessions.connection.state.hello.pid } : {}
    else answer = await lookWhenStill(notebook.document)
  } catch (error) {
    answer = { error: String(error) }
  }
  console.log(JSON.stringify(answer ?? null))
}
process.exit(0)
