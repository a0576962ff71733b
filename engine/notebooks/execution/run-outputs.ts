// The outputs of all executions of one notebook that can still grow. Finds the right one for what comes (a thread of an earlier run, a display id of
// another cell), notices when the user cleared a list, and lets go of those that have been quiet: they are made again from document and spool.
import type { JsonObject } from '../../contract/json.ts'
import type { NotebookChange } from '../../contract/topics/notebook.ts'
import type { Output } from '../../contract/topics/outputs.ts'
import { CellOutputs } from './cell-outputs.ts'
import type { BlobSink } from './mime-values.ts'
import type { RunFact, RunsState } from './run-facts.ts'
import type { Spools } from './stream-output.ts'

export type RunOutputsOptions = {
  readonly runs: RunsState
  /** What the document shows in this cell now; undefined when the cell is gone for good. */
  readonly shown: (cell: string) => readonly Output[] | undefined
  readonly blobs: BlobSink
  readonly spools: Spools
}

/** Each holds at most 32 KB of text per stream; so many quiet ones are kept before the oldest is let go. */
const KEPT = 64

export class RunOutputs {
  readonly #options: RunOutputsOptions
  readonly #live = new Map<string, { readonly outputs: CellOutputs; shown: readonly Output[] | undefined }>()
  readonly #dirty = new Set<string>()
  /** Display id → executions that show it. */
  readonly #displays = new Map<string, Set<string>>()

  constructor(options: RunOutputsOptions) {
    this.#options = options
    for (const [cell, execution] of options.runs.latest)
      for (const output of options.shown(cell) ?? []) this.#noteDisplay(output, execution)
  }

  /** A new run of a cell: its list is empty now, and the document was told so. */
  begin(execution: string, cell: string): void {
    const { blobs, spools, shown } = this.#options
    this.#live.set(execution, { outputs: new CellOutputs({ execution, cell, blobs, spools }), shown: shown(cell) })
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
    return this.#live.get(id)?.outputs ?? this.#restore(id)
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

  /** The back-pressure: resolves when the spools took what came. */
  async settle(): Promise<void> {
    for (const execution of this.#dirty) await this.#live.get(execution)?.outputs.settle()
  }

  /** Resolves when the spools hold what `take` is about to tell. */
  async kept(): Promise<void> {
    for (const execution of this.#dirty) await this.#live.get(execution)?.outputs.kept()
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
      const shown = this.#options.shown(outputs.cell)
      if (shown !== entry.shown) outputs.resync(shown ?? [])
      changes.push(...outputs.takeChanges())
      const run = this.#options.runs.runs.get(execution)
      if (run !== undefined && (run.nextOutput !== outputs.nextOutput || run.clearNext !== outputs.clearNext)) {
        facts.push({ fact: 'numbered', execution, nextOutput: outputs.nextOutput, clearNext: outputs.clearNext })
      }
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
      this.#live.delete(execution)
      void outputs.close()
    }
  }

  async #restore(execution: string): Promise<CellOutputs> {
    const { runs, blobs, spools, shown } = this.#options
    const run = runs.runs.get(execution)
    const cell = run?.cell ?? ''
    const restored = { nextOutput: run?.nextOutput ?? 0, clearNext: run?.clearNext ?? false }
    const list = shown(cell)
    const outputs = await CellOutputs.restore({ execution, cell, blobs, spools, restored }, list ?? [])
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
