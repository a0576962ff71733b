// The outputs of one execution while they can still grow: Jupyter's rules for streams, displays, clears and errors over what the kernel sends,
// and the smallest changes that bring the document up to date. Leans on stream-output.ts; display ids across cells are execution.ts's.
import type { JsonObject } from '../../contract/json.ts'
import type { NotebookChange } from '../../contract/topics/notebook.ts'
import type { LogText, Output } from '../../contract/topics/outputs.ts'
import { type BlobSink, toBundle } from './mime-values.ts'
import type { KeptOutput } from './run-facts.ts'
import { type Spools, StreamOutput } from './stream-output.ts'
import { userFrameFirst } from './traceback.ts'

export type OutputsOptions = {
  readonly execution: string
  readonly cell: string
  readonly blobs: BlobSink
  readonly spools: Spools
  /** What an earlier engine made of this execution. */
  readonly restored?: { readonly nextOutput: number; readonly clearNext: boolean }
}

/** Streams that can grow, and finished outputs (also streams that another execution or the file left in this cell). */
type Live = StreamOutput | Output
type StreamName = 'stdout' | 'stderr'

/** Beyond so many, text goes on in the latest stream of its name: prints that alternate between stdout and stderr would make a million outputs. */
const MANY_OUTPUTS = 300
/** More new outputs than this in one tick are told as one list: adding them one by one copies the list each time. */
const ADD_SINGLY = 16

const asText = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value)
const asObject = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

export class CellOutputs {
  readonly cell: string
  readonly execution: string
  readonly #options: OutputsOptions
  readonly #live: Live[] = []
  #next: number
  #clearNext: boolean
  /** How many of the list the document has; `cleared`: its list is to be replaced. */
  #told = 0
  #cleared = false
  readonly #changed = new Set<Live>()

  constructor(options: OutputsOptions) {
    this.#options = options
    this.cell = options.cell
    this.execution = options.execution
    this.#next = options.restored?.nextOutput ?? 0
    this.#clearNext = options.restored?.clearNext ?? false
  }

  /** The outputs that the document shows, ready to go on: by an engine that came back, or long after the cell ended. */
  static async restore(options: OutputsOptions, shown: readonly Output[]): Promise<CellOutputs> {
    const outputs = new CellOutputs(options)
    for (const output of shown) {
      const ours = output.type === 'stream' && output.id.startsWith(`${options.execution}-`)
      outputs.#live.push(ours ? await StreamOutput.restore(output, options.spools) : output)
    }
    outputs.#told = outputs.#live.length
    return outputs
  }

  get nextOutput(): number {
    return this.#next
  }
  get clearNext(): boolean {
    return this.#clearNext
  }
  get outputs(): readonly Output[] {
    return this.#live.map((o) => (o instanceof StreamOutput ? o.output : o))
  }
  get waits(): boolean {
    return this.#cleared || this.#changed.size > 0 || this.#told < this.#live.length
  }

  /** Resolves when what came was taken by the spools; at once unless a stream is long. */
  async settle(): Promise<void> {
    for (const stream of this.#streams()) await stream.settle()
  }

  /** Resolves when every byte is in the changes to come, or in a spool's file. */
  async flushed(): Promise<void> {
    for (const stream of this.#streams()) await stream.flushed()
  }

  /** What the journal notes of the list. */
  kept(): KeptOutput[] {
    return this.#live.map((o) => {
      if (o instanceof StreamOutput) return { id: o.id, stream: o.name, content: withoutEnds(o.content) }
      if (o.type === 'stream') return { id: o.id, stream: o.name }
      return { id: o.id, ...('displayId' in o && o.displayId !== undefined ? { displayId: o.displayId } : {}) }
    })
  }

  /** The document shows other ids: tell it the whole list. */
  retell(): void {
    this.#cleared = true
  }

  async close(): Promise<void> {
    for (const stream of this.#streams()) await stream.close()
  }

  /** Raw bytes of a stream. */
  text(name: StreamName, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#begin()
    const stream = this.#stream(name)
    stream.append(bytes)
    this.#changed.add(stream)
  }

  /** Bytes that could not be kept: marked on the latest stream. */
  lost(bytes: number): void {
    const stream = this.#live.findLast((o): o is StreamOutput => o instanceof StreamOutput) ?? this.#stream('stdout')
    stream.lost(bytes)
    this.#changed.add(stream)
  }

  /** A message of iopub that shows something. Answers the output's display id, if it has one. */
  async message(type: string, content: JsonObject): Promise<string | undefined> {
    switch (type) {
      case 'display_data':
      case 'execute_result': {
        const displayId = asText(asObject(content['transient'])['display_id']) || undefined
        const data = await toBundle(asObject(content['data']), this.#options.blobs)
        const count = content['execution_count']
        this.#add({
          type: type === 'display_data' ? 'display' : 'result',
          id: this.#name(),
          data,
          metadata: asObject(content['metadata']),
          ...(type === 'execute_result' && typeof count === 'number' ? { count } : {}),
          ...(displayId === undefined ? {} : { displayId }),
          trusted: true,
        })
        return displayId
      }
      case 'stream':
        this.text(content['name'] === 'stderr' ? 'stderr' : 'stdout', Buffer.from(asText(content['text'])))
        return undefined
      case 'error': {
        const traceback = Array.isArray(content['traceback']) ? content['traceback'].map(asText) : []
        this.#add({
          type: 'error',
          id: this.#name(),
          name: asText(content['ename']),
          value: asText(content['evalue']),
          traceback: userFrameFirst(traceback),
        })
        return undefined
      }
      case 'clear_output':
        if (content['wait'] === true) this.#clearNext = true
        else this.#clear()
        return undefined
      default:
        return undefined
    }
  }

  /** `update_display_data`: new data for every output of this display id. False: none here. */
  async update(displayId: string, content: JsonObject): Promise<boolean> {
    let found = false
    for (const [i, output] of this.#live.entries()) {
      if (output instanceof StreamOutput || output.type === 'error' || output.type === 'stream' || output.displayId !== displayId)
        continue
      const next = {
        ...output,
        data: await toBundle(asObject(content['data']), this.#options.blobs),
        metadata: asObject(content['metadata']),
      }
      this.#live[i] = next
      this.#changed.delete(output)
      if (i < this.#told) this.#changed.add(next)
      found = true
    }
    return found
  }

  /** Somebody else changed the list (the user cleared it): what is not in `shown` is gone, its later text begins anew. */
  resync(shown: readonly Output[]): void {
    const ids = new Set(shown.map((o) => o.id))
    const told = this.#live.slice(0, this.#told).filter((o) => ids.has(o.id))
    const rest = this.#live.slice(this.#told)
    this.#live.splice(0, this.#live.length, ...told, ...rest)
    this.#told = told.length
    for (const output of this.#changed) if (!this.#live.includes(output)) this.#changed.delete(output)
  }

  /** The changes that bring the document up to date; remembered as told. */
  takeChanges(): NotebookChange[] {
    const cell = this.cell
    const fresh = this.#live.length - this.#told
    const whole = this.#cleared || fresh > ADD_SINGLY
    const changes: NotebookChange[] = []
    if (whole) changes.push({ type: 'outputs-set', cell, outputs: this.#live.map(tell) })
    else {
      for (const [i, output] of this.#live.entries()) {
        if (i >= this.#told) changes.push({ type: 'output-added', cell, output: tell(output) })
        else if (this.#changed.has(output)) changes.push(...updated(cell, output))
      }
    }
    this.#told = this.#live.length
    this.#cleared = false
    this.#changed.clear()
    return changes
  }

  #streams(): StreamOutput[] {
    return this.#live.filter((o): o is StreamOutput => o instanceof StreamOutput)
  }

  #name(): string {
    return `${this.execution}-${this.#next++}`
  }

  #begin(): void {
    if (!this.#clearNext) return
    this.#clearNext = false
    this.#clear()
  }

  #clear(): void {
    this.#clearNext = false
    if (this.#told > 0) this.#cleared = true
    this.#told = 0
    this.#live.length = 0
    this.#changed.clear()
  }

  #add(output: Live): void {
    this.#begin()
    this.#live.push(output)
  }

  #stream(name: StreamName): StreamOutput {
    const last = this.#live.at(-1)
    if (last instanceof StreamOutput && last.name === name) return last
    if (this.#live.length >= MANY_OUTPUTS) {
      const earlier = this.#live.findLast((o): o is StreamOutput => o instanceof StreamOutput && o.name === name)
      if (earlier !== undefined) return earlier
    }
    const id = this.#name()
    const stream = new StreamOutput(id, name, this.#options.spools)
    this.#live.push(stream)
    return stream
  }
}

/** Head and tail are read from the spool again: in a flood they would be most of the journal. */
const withoutEnds = (content: LogText): LogText =>
  content.log === undefined ? content : { ...content, log: { id: content.log.id, head: '', tail: '' } }

const tell = (output: Live): Output => {
  if (!(output instanceof StreamOutput)) return output
  output.takeUpdate()
  return output.output
}

function updated(cell: string, output: Live): NotebookChange[] {
  if (!(output instanceof StreamOutput)) return [{ type: 'output-replaced', cell, output }]
  const { content, appended } = output.takeUpdate()
  if (content.log !== undefined) return [{ type: 'stream-grew', cell, output: output.id, content }]
  if (appended === undefined) return [{ type: 'output-replaced', cell, output: output.output }]
  return [{ type: 'stream-appended', cell, output: output.id, text: appended, bytes: content.bytes, lines: content.lines }]
}
