// `updraft status`: the engine that runs, its Ray and its kernels, without starting one and without its token. `doctor` shows it.
import { runningEngine, stateOf } from './cli-engine.ts'
import { connectEngine } from './client.ts'

export type Status =
  | { readonly running: false }
  | {
      readonly running: true
      readonly pid: number
      readonly version: string
      /** Where it listens. Nobody gets in with it alone. */
      readonly address: string
      readonly ray: {
        readonly state: string
        readonly owner: string
        readonly address?: string
        readonly nodes: number
        readonly problem?: string
      }
      readonly kernels: readonly { readonly title: string; readonly state: string; readonly pid?: number }[]
    }

const ANSWER_MS = 10_000

/** Throws a Problem when an engine holds the lock and does not answer. */
export async function engineStatus(): Promise<Status> {
  const found = await runningEngine()
  if (found === undefined) return { running: false }
  const link = connectEngine(runningEngine, 'updraft status')
  const signal = AbortSignal.timeout(ANSWER_MS)
  try {
    const [ray, sessions] = await Promise.all([stateOf(link, 'ray', null, signal), stateOf(link, 'sessions', null, signal)])
    return {
      running: true,
      pid: found.pid,
      version: found.version,
      address: `http://${found.host}`,
      ray: {
        state: ray.state,
        owner: ray.owner,
        nodes: ray.nodes.length,
        ...(ray.address === undefined ? {} : { address: ray.address }),
        ...(ray.problem === undefined ? {} : { problem: ray.problem.message }),
      },
      kernels: sessions.list.map(({ title, state, pid }) => ({ title, state, ...(pid === undefined ? {} : { pid }) })),
    }
  } finally {
    link.close()
  }
}

export function statusInWords(status: Status): string {
  if (!status.running) return 'No engine runs. `npm start` starts one.'
  const { ray, kernels } = status
  return [
    `engine     ${status.version} at ${status.address} (process ${status.pid})`,
    `Ray        ${ray.state}${ray.address === undefined ? '' : ` at ${ray.address}`}${ray.problem === undefined ? '' : `: ${ray.problem}`}`,
    ...(kernels.length === 0 ? ['kernels    none'] : kernels.map(({ title, state }) => `kernel     ${title}: ${state}`)),
  ].join('\n')
}
