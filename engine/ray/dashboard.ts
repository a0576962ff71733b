// Ray's dashboard over HTTP: one GET with the token and a deadline, and what we read of its answers. The token is read from its file for
// each client and never leaves this module. Shapes: Ray 2.58-2.60; ints may come as strings, unknown keys are passed over.
import { readFile } from 'node:fs/promises'
import { problem } from '../contract/problem.ts'
import type { RayNode } from '../contract/topics/ray.ts'

const MAX_ANSWER_BYTES = 64 << 20

export class Dashboard {
  readonly base: string
  readonly #tokenFile: string | undefined
  #token: string | undefined

  /** `base` without a slash at its end, e.g. http://127.0.0.1:21001. */
  constructor(base: string, tokenFile: string | undefined) {
    this.base = base
    this.#tokenFile = tokenFile
  }

  /** JSON of a GET. Throws `unreachable` (no answer in time), `denied` (401, 403) or `invalid` (no JSON). */
  async get(path: string, signal: AbortSignal, deadlineMs = 5000): Promise<unknown> {
    this.#token ??= this.#tokenFile === undefined ? '' : (await readFile(this.#tokenFile, 'utf8')).trim()
    const headers: Record<string, string> = this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` }
    let answer: Response
    try {
      answer = await fetch(this.base + path, {
        headers,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      })
    } catch {
      signal.throwIfAborted()
      throw problem('unreachable', `Ray's dashboard does not answer.`, { where: 'ray' })
    }
    if (answer.status === 401 || answer.status === 403)
      throw problem('denied', 'Ray asks for another token.', {
        hint: 'Restart Ray, or adopt it with its own token.',
        where: 'ray',
      })
    if (!answer.ok) throw problem('invalid', `Ray's dashboard answered ${answer.status} to ${path}.`, { where: 'ray' })
    if (Number(answer.headers.get('content-length') ?? 0) > MAX_ANSWER_BYTES)
      throw problem('invalid', `Ray's answer to ${path} is larger than 64 MB.`)
    try {
      return await answer.json()
    } catch {
      throw problem('invalid', `Ray's dashboard answered something that is no JSON to ${path}.`, { where: 'ray' })
    }
  }

  async version(signal: AbortSignal): Promise<{ version: string; session: string }> {
    const raw = record(await this.get('/api/version', signal, 2000))
    return { version: text(raw['ray_version']), session: text(raw['session_name']) }
  }

  /** Nodes with totals; used amounts of the whole cluster are in `usage`. A Ray that just started has none yet. */
  async nodes(signal: AbortSignal): Promise<RayNode[]> {
    const [state, summary, status] = await Promise.all([
      this.get('/api/v0/nodes?detail=1&limit=10000', signal),
      this.get('/nodes?view=summary', signal).catch(() => undefined),
      this.get('/api/cluster_status?format=1', signal).catch(() => undefined),
    ])
    const rows = list(record(record(record(state)['data'])['result'])['result']).map(record)
    const usage = parseUsage(text(record(record(status)['data'])['clusterStatus']))
    const physical = new Map(
      list(record(record(summary)['data'])['summary']).map((raw) => [text(record(record(raw)['raylet'])['nodeId']), record(raw)]),
    )
    const only = rows.filter((r) => r['state'] === 'ALIVE').length === 1
    return rows.map((row) => nodeOf(row, physical.get(text(row['node_id'])), only ? usage : undefined))
  }
}

function nodeOf(row: Record<string, unknown>, physical: Record<string, unknown> | undefined, usage: Usage | undefined): RayNode {
  const total = record(row['resources_total'])
  const raylet = record(physical?.['raylet'])
  const memory = list(physical?.['mem'])
  const used = (name: string): number => usage?.[name] ?? 0
  const storeUsed = number(raylet['objectStoreUsedMemory'])
  return {
    id: text(row['node_id']),
    ip: text(row['node_ip']),
    name: text(physical?.['hostname']) || text(row['node_name']),
    alive: row['state'] === 'ALIVE',
    head: row['is_head_node'] === true,
    cpu: { used: used('CPU'), total: number(total['CPU']) },
    gpu: { used: used('GPU'), total: number(total['GPU']) },
    memoryBytes: { used: number(memory[3]), total: number(memory[0]) || number(total['memory']) },
    objectStoreBytes: { used: storeUsed, total: number(total['object_store_memory']) },
  }
}

export type Usage = { readonly [resource: string]: number }

/** "3.0/4.0 CPU (0.0 used of 1.0 reserved …)" of `ray status`: used amounts by resource. The only source under autoscaler v2. */
export function parseUsage(status: string): Usage {
  const usage: Record<string, number> = {}
  const block = /Total Usage:\n([\s\S]*?)(\n\n|\nFrom request|$)/.exec(status)?.[1] ?? ''
  for (const line of block.split('\n')) {
    const m = /^\s*([0-9.]+)[A-Za-z]*\/[0-9.]+[A-Za-z]* (\S+)/.exec(line)
    if (m?.[1] !== undefined && m[2] !== undefined) usage[m[2]] = Number(m[1])
  }
  return usage
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
/** int64 arrive as strings. */
const number = (value: unknown): number => {
  const n = typeof value === 'string' ? Number(value) : value
  return typeof n === 'number' && Number.isFinite(n) ? n : 0
}
