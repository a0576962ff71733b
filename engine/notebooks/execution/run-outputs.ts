// The outputs of all executions of one notebook that can still grow. Finds the right one for what comes (a thread of an earlier run, a display id of
// another cell), notices when the user cleared a list, and lets go of those that have been quiet: they are made again from document and spool.
import type { JsonObject } from '../../contract/json.ts'
import type { NotebookChange } from '../../contract/topics/notebook.ts'
import type { Output } from '../../contract/topics/outputs.ts'
import { CellOutputs } from './cell-outputs.ts'
import type { BlobSink } from './mime-values.ts'
import type { KeptOutput, RunFact, RunsState } from './run-facts.ts'
import type { Spools } from './stream-output.ts'

export type RunOutputsOptions = {
  readonly runs: RunsState
  /** What the document shows in this cell now; undefined when the cell is gone for good. */
  readonly shown: (cell: string) => readonly Output[] | undefined
  readonly blobs: BlobSink
  readonly spools: Spools
}

type Entry = { readonly outputs: CellOutputs; shown: readonly Output[] | undefined }

/** Each holds at most 32 KB of text per stream; so many quiet ones are kept before the oldest is let go. */
const KEPT = 64
/** The document has not been told of this run's empty list yet. */
const NOT_TOLD: readonly Output[] = []

export class RunOutputs {
  readonly #options: RunOutputsOptions
  readonly #live = new Map<string, Entry>()
  readonly #dirty = new Set<string>()
  /** Display id → executions that show it. */
  readonly #displays = new Map<string, Set<string>>()

  constructor(options: RunOutputsOptions) {
    this.#options = options
    for (const [cell, execution] of options.runs.latest)
      for (const output of options.shown(cell) ?? []) this.#noteDisplay(output, execution)
  }

  /** A new run of a cell begins with an empty list; `changes` are told before anything it makes. What the run before it made last is gone with its list. */
  begin(execution: string, cell: string, before: string | undefined): NotebookChange[] {
    if (before !== undefined) this.#letGo(before)
    const { blobs, spools } = this.#options
    this.#live.set(execution, { outputs: new CellOutputs({ execution, cell, blobs, spools }), shown: NOT_TOLD })
    return [{ type: 'outputs-set', cell, outputs: [] }]
  }

  /**
   * The outputs that text and messages of this request belong to; undefined for a request that no cell made. A promise only when they were let go
   * of and must be read again: a flood is folded without one.
   */
  of(request: string | undefined): CellOutputs | Promise<CellOutputs> | undefined {
    const run = this.#options.runs.runs.get(request ?? '')
    if (run === undefined) return undefined
    // The cell was run again since: what an old thread still prints belongs to the same cell.
    const id = this.#options.runs.latest.get(run.cell) ?? run.id
    this.#dirty.add(id)
    const entry = this.#live.get(id)
    if (entry === undefined) return this.#restore(id)
    this.#notice(entry)
    return entry.outputs
  }

  async message(request: string | undefined, type: string, content: JsonObject): Promise<void> {
    const outputs = await this.of(request)
    const displayId = await outputs?.message(type, content)
    if (outputs !== undefined && displayId !== undefined) this.#addDisplay(displayId, outputs.execution)
  }

  /** New data for a display id, in whichever cells it is shown. */
  async update(content: JsonObject): Promise<void> {
    const id = String((content['transient'] as JsonObject | undefined)?.['display_id'] ?? '')
    for (const execution of this.#displays.get(id) ?? []) {
      const run = this.#options.runs.runs.get(execution)
      if (run === undefined || this.#options.runs.latest.get(run.cell) !== execution) continue
      const outputs = this.#live.get(execution)?.outputs ?? (await this.#restore(execution))
      if (await outputs.update(id, content)) this.#dirty.add(execution)
    }
  }

  get waits(): boolean {
    return this.#dirty.size > 0
  }

  /** Takes up what the earlier engine's running cell had made, so that the document names its outputs as the log's replay will. */
  async resume(): Promise<void> {
    for (const execution of this.#options.runs.outputs.keys()) await this.of(execution)
  }

  /** The back-pressure: resolves when the spools took what came. */
  async settle(): Promise<void> {
    for (const execution of this.#dirty) await this.#live.get(execution)?.outputs.settle()
  }

  /** Resolves when the spools hold what `take` is about to tell. */
  async flushed(): Promise<void> {
    for (const execution of this.#dirty) await this.#live.get(execution)?.outputs.flushed()
  }

  async close(): Promise<void> {
    for (const { outputs } of this.#live.values()) await outputs.close()
    this.#live.clear()
  }

  /** Changes for the document, and the facts that must be stored with them. Call `told` when the document has them. */
  take(): { changes: NotebookChange[]; facts: RunFact[] } {
    const changes: NotebookChange[] = []
    const facts: RunFact[] = []
    for (const execution of this.#dirty) {
      const entry = this.#live.get(execution)
      if (entry === undefined) continue
      const { outputs } = entry
      this.#notice(entry)
      changes.push(...outputs.takeChanges())
      facts.push({
        fact: 'made',
        execution,
        nextOutput: outputs.nextOutput,
        clearNext: outputs.clearNext,
        outputs: outputs.kept(),
      })
    }
    return { changes, facts }
  }

  told(): void {
    for (const execution of this.#dirty) {
      const entry = this.#live.get(execution)
      if (entry !== undefined) entry.shown = this.#options.shown(entry.outputs.cell)
    }
    this.#dirty.clear()
    for (const [execution, { outputs }] of this.#live) {
      if (this.#live.size <= KEPT) return
      const run = this.#options.runs.runs.get(execution)
      if (run?.phase !== 'ended' || outputs.waits) continue
      this.#letGo(execution)
    }
  }

  /** The user may have cleared the list since: what comes now is not to be added to what is gone. */
  #notice(entry: Entry): void {
    const shown = this.#options.shown(entry.outputs.cell)
    if (shown === entry.shown || entry.shown === NOT_TOLD) return
    entry.outputs.resync(shown ?? [])
    entry.shown = shown
  }

  #letGo(execution: string): void {
    const entry = this.#live.get(execution)
    this.#live.delete(execution)
    this.#dirty.delete(execution)
    void entry?.outputs.close()
  }

  async #restore(execution: string): Promise<CellOutputs> {
    const { runs, blobs, spools, shown } = this.#options
    const run = runs.runs.get(execution)
    const cell = run?.cell ?? ''
    const restored = { nextOutput: run?.nextOutput ?? 0, clearNext: run?.clearNext ?? false }
    const list = shown(cell)
    const kept = runs.outputs.get(execution)
    const whole = kept === undefined ? (list ?? []) : rejoin(list ?? [], kept)
    const outputs = await CellOutputs.restore({ execution, cell, blobs, spools, restored }, whole)
    if (whole !== list) outputs.retell()
    for (const output of whole) this.#noteDisplay(output, execution)
    this.#live.set(execution, { outputs, shown: list })
    return outputs
  }

  #noteDisplay(output: Output, execution: string): void {
    if ((output.type === 'display' || output.type === 'result') && output.displayId !== undefined)
      this.#addDisplay(output.displayId, execution)
  }

  #addDisplay(id: string, execution: string): void {
    const executions = this.#displays.get(id) ?? new Set()
    this.#displays.set(id, executions.add(execution))
  }
}

/** The list as the execution knew it, when the document was read from a file meanwhile: the same object when nothing is to be said. */
function rejoin(shown: readonly Output[], kept: readonly KeptOutput[]): readonly Output[] {
  const known = new Map(shown.map((o) => [o.id, o]))
  const list = kept.map((k, i): Output | undefined => {
    if (k.stream !== undefined && k.content !== undefined) return { type: 'stream', id: k.id, name: k.stream, content: k.content }
    const output = known.get(k.id) ?? shown[i]
    if (output === undefined || (output.type === 'stream') !== (k.stream !== undefined)) return undefined
    if (output.type === 'stream' || output.type === 'error') return output.type === 'stream' ? output : { ...output, id: k.id }
    return { ...output, id: k.id, trusted: true, ...(k.displayId === undefined ? {} : { displayId: k.displayId }) }
  })
  const whole = list.filter((o) => o !== undefined)
  // The user or another program made a different list of it: theirs is shown, and what comes goes on behind it.
  if (whole.length < kept.length) return shown
  const same = whole.length === shown.length && whole.every((o, i) => o.id === shown[i]?.id && sameLength(o, shown[i]))
  return same ? shown : whole
}

const sameLength = (a: Output, b: Output | undefined): boolean =>
  a.type !== 'stream' || (b?.type === 'stream' && a.content.bytes === b.content.bytes)
