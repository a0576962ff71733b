// A notebook whose cells run in real kernels, without files: the document in memory with a journal that survives "the engine" (an array), spools and
// blobs in a temp folder, the real outpost below. Prints what a user would see.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cell, CellKind, NotebookState } from '../../engine/contract/topics/notebook.ts'
import { isBlobRef, type Output } from '../../engine/contract/topics/outputs.ts'
import { BlobStore } from '../../engine/live/blob-store.ts'
import { SpoolStore } from '../../engine/live/spool-store.ts'
import { type DocumentRecord, NotebookDocument } from '../../engine/notebooks/document.ts'
import { NotebookExecution } from '../../engine/notebooks/execution/notebook-execution.ts'
import type { Sessions } from '../../engine/sessions/session.ts'
import { until } from '../sessions/sessions-world.ts'

export type CellSpec = string | { readonly source: string; readonly kind?: CellKind; readonly metadata?: Cell['metadata'] }

export const notebookState = (cells: { readonly [id: string]: CellSpec }, more: Partial<NotebookState> = {}): NotebookState => ({
  id: 'n1',
  path: '/nowhere/n.ipynb',
  title: 'n.ipynb',
  format: { major: 4, minor: 5, language: 'python' },
  metadata: {},
  trusted: true,
  order: Object.keys(cells),
  cells: Object.fromEntries(
    Object.entries(cells).map(([id, spec]): [string, Cell] => {
      const { source, kind = 'code', metadata = {} } = typeof spec === 'string' ? { source: spec } : spec
      return [id, { id, kind, source, version: 1, metadata, outputs: [], count: null }]
    }),
  ),
  kernel: { state: 'none', name: '', place: { id: 'local', title: 'This computer' } },
  queue: [],
  save: { state: 'saved' },
  undo: {},
  remarks: [],
  away: [],
  ...more,
})

export type Kept = { readonly first: NotebookState; readonly records: string[] }

export class NotebookWorld {
  readonly document: NotebookDocument
  readonly execution: NotebookExecution
  readonly kept: Kept
  readonly #spoolFolder: string
  readonly #spools: SpoolStore
  readonly #blobs: BlobStore
  watched = true

  /** `kept`: what an engine before this one had on disk. */
  constructor(folder: string, sessions: Sessions, kept: Kept, more: { readonly sessionId?: string } = {}) {
    this.kept = kept
    this.document = new NotebookDocument(structuredClone(kept.first), { epoch: String(Math.random()) })
    for (const record of kept.records) this.document.replay(JSON.parse(record) as DocumentRecord)
    this.document.onRecord = (record) => void kept.records.push(JSON.stringify(record))
    this.#spoolFolder = join(folder, 'runs')
    this.#spools = new SpoolStore(this.#spoolFolder)
    this.#blobs = new BlobStore({ folder: join(folder, 'blobs') })
    this.execution = new NotebookExecution({
      document: this.document,
      sessions,
      blobs: this.#blobs,
      spools: this.#spools,
      environments: { choose: async () => 'test' },
      sessionId: more.sessionId ?? 'n1',
      folder: () => folder,
      trustFolder: () => folder,
      watched: () => this.watched,
    })
  }

  get state(): NotebookState {
    return this.document.state
  }
  cell(id: string): Cell {
    const cell = this.document.cell(id)
    if (cell === undefined) throw new Error(`no cell ${id}`)
    return cell
  }

  /** Runs cells and waits until none is queued or running. */
  async run(...cells: string[]): Promise<void> {
    await this.execution.run({ cells })
    await this.settled()
  }
  async settled(timeoutMs = 60_000): Promise<void> {
    const busy = (): boolean =>
      this.state.order.some((id) => ['queued', 'running'].includes(this.state.cells[id]?.run?.state ?? ''))
    await this.until(() => !busy(), 'the cells end', timeoutMs)
  }
  until(fits: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
    return until(fits, what, timeoutMs).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.print()}\n${JSON.stringify(this.state.kernel)}`)
    })
  }

  /** The raw bytes that the stream outputs of a cell stand for. */
  async printed(id: string, name: 'stdout' | 'stderr' = 'stdout'): Promise<Buffer> {
    const parts: Buffer[] = []
    for (const output of this.cell(id).outputs) {
      if (output.type !== 'stream' || output.name !== name) continue
      const { content } = output
      await (await this.#spools.find(output.id))?.flush()
      const file = join(this.#spoolFolder, `${output.id}.log`)
      const raw = content.log === undefined ? await readFile(file).catch(() => Buffer.from(content.text)) : await readFile(file)
      if (raw.length !== content.bytes) throw new Error(`${output.id}: ${raw.length} bytes kept, ${content.bytes} said`)
      parts.push(raw)
    }
    return Buffer.concat(parts)
  }

  blob(hash: string): Promise<Uint8Array | undefined> {
    return this.#blobs.get(hash)
  }

  /** The notebook as a user would read it. Times, ids and addresses left out. */
  print(): string {
    const cells = this.state.order.map((id) => printCell(this.cell(id)))
    const { queue, input, away } = this.state
    return [
      ...cells,
      ...(queue.length > 0 ? [`queue: ${queue.join(' ')}`] : []),
      ...(input === undefined ? [] : [`asks${input.password ? ' (password)' : ''}: ${input.prompt}`]),
      ...(away.length > 0 ? [`away: ${away.join(' ')}`] : []),
    ].join('\n')
  }

  async close(): Promise<void> {
    await this.execution.close()
    await this.#spools.closeAll()
  }
}

const printCell = (cell: Cell): string =>
  [
    `${cell.id}[${cell.count ?? ' '}] ${cell.run?.state ?? '-'}${cell.run?.problem === undefined ? '' : ` (${cell.run.problem.message})`}`,
    ...cell.outputs.map(printOutput),
  ].join('\n')

const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '')
const quoted = (text: string): string =>
  text.length > 200 ? `${JSON.stringify(text.slice(0, 60))}… ${text.length}` : JSON.stringify(text)

function printOutput(output: Output): string {
  switch (output.type) {
    case 'stream': {
      const { text, bytes, lines, log, lostBytes } = output.content
      const shown =
        log === undefined
          ? quoted(text)
          : `${bytes} bytes, ${lines} lines: ${JSON.stringify(log.head.slice(0, 20))} … ${JSON.stringify(log.tail.slice(-20))}`
      return `  ${output.name} ${shown}${lostBytes === undefined ? '' : ` lost ${lostBytes}`}`
    }
    case 'error':
      return `  error ${output.name}: ${output.value}\n${output.traceback
        .slice(0, 3)
        .map((f) => `    ${plain(f).split('\n')[0]}`)
        .join('\n')}`
    default:
      return `  ${output.type}${output.count === undefined ? '' : ` ${output.count}`} ${Object.entries(output.data)
        .map(([mime, v]) => `${mime} ${isBlobRef(v) ? `blob of ${v.sizeBytes}` : quoted(JSON.stringify(v))}`)
        .join(', ')}`
  }
}

export const sha = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
