// An engine's notebook half as a process that a test may kill at any instant or put on a bad disk: `notebook-writer.ts FOLDER STATE MODE`.
// Says on stdout, one JSON line each, what it knows to be safe.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OpenNotebooks } from '../../engine/notebooks/open-notebooks.ts'

const [folder = '', state = '', mode = ''] = process.argv.slice(2)
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`)

const notebooks = new OpenNotebooks({
  folder: state,
  store: { blob: async () => undefined, log: async () => undefined },
  workspace: () => folder,
  home: folder,
  trusted: async () => true,
  log: (error) => say({ error: String(error) }),
})
const open = await notebooks.open(join(folder, 'n.ipynb'))
notebooks.hold(open)
const { document } = open

function append(text: string): void {
  const cell = document.state.cells['a']
  if (cell === undefined) throw new Error('the cell is gone')
  document.apply([
    { op: 'edit-source', cell: 'a', version: cell.version, edit: [{ at: cell.source.length, delete: 0, insert: text }] },
  ])
}

/** Types and saves without end; each line that is on disk for sure is told. */
async function write(): Promise<void> {
  const begun = document.state.cells['a']?.source.split('\n').length ?? 1
  for (let n = begun - 1; ; n++) {
    append(`line ${n}\n`)
    if (n % 5 === 0)
      document.apply([{ op: 'insert-cell', after: 'a', cell: { id: `c${n}`, kind: 'markdown', source: `cell ${n}` } }])
    if (n % 3 === 0) void open.save().catch((error: unknown) => say({ error: String(error) }))
    if (n % 2 === 0) {
      await document.journaled()
      say({ safe: n })
    }
    await new Promise((resolve) => setTimeout(resolve, n % 4))
  }
}

/** Fills the disk, edits, frees it again. */
async function full(): Promise<void> {
  const { openSync, writeSync, closeSync, rmSync } = await import('node:fs')
  const before = readFileSync(join(folder, 'n.ipynb'), 'utf8')
  const filler = join(folder, 'filler')
  const file = openSync(filler, 'w')
  const block = Buffer.alloc(4096)
  try {
    for (;;) writeSync(file, block)
  } catch {
    closeSync(file)
  }
  append('typed on a full disk\n')
  const problem = await open.save().then(
    () => undefined,
    (error: unknown) => (error as { problem?: unknown }).problem,
  )
  say({
    problem,
    save: open.state.save.state,
    same: readFileSync(join(folder, 'n.ipynb'), 'utf8') === before,
    source: document.state.cells['a']?.source,
  })
  rmSync(filler)
  const end = Date.now() + 15_000
  while (open.state.save.state !== 'saved' && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50))
  say({ later: open.state.save, file: readFileSync(join(folder, 'n.ipynb'), 'utf8').includes('typed on a full disk') })
}

async function readOnly(): Promise<void> {
  append('typed\n')
  const problem = await open.save().then(
    () => undefined,
    (error: unknown) => (error as { problem?: unknown }).problem,
  )
  say({ save: open.state.save.state, remarks: open.state.remarks.map((r) => r.message), problem })
}

if (mode === 'write') await write()
else {
  await (mode === 'full' ? full() : readOnly())
  await notebooks.close()
}
