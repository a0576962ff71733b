// `updraft ray start|status|stop`: the same local Ray that the status bar shows.
import { type CliEngine, stateOf, until } from './cli-engine.ts'
import type { Link } from './contract/link.ts'
import { ProblemError } from './contract/problem.ts'
import type { RayState } from './contract/topics/ray.ts'

export const RAY_WORDS = ['start', 'stop', 'status'] as const
export type RayWord = (typeof RAY_WORDS)[number]

export async function rayCommand(
  what: RayWord,
  { link, lost }: CliEngine,
  say: (line: string) => void,
  asked: AbortSignal,
): Promise<RayState> {
  const signal = AbortSignal.any([asked, lost])
  const before = await stateOf(link, 'ray', null, signal)
  if (what === 'status') return before
  if (what === 'stop') {
    if (before.state === 'stopped') say('No Ray of Updraft runs.')
    await link.call('ray.stop', null, signal)
    return settled(link, signal)
  }
  if (before.state === 'running') {
    say('Ray runs already.')
    return before
  }
  const stop = sayPhases(link, say)
  try {
    await link.call('ray.start', {}, signal)
    // The answer overtakes the last phase: it is said before the listening ends.
    return await settled(link, signal)
  } finally {
    stop()
  }
}

async function settled(link: Link, signal: AbortSignal): Promise<RayState> {
  const watching = link.watch('ray', null)
  const state = await until(watching, (s) => s.state !== 'starting' && s.state !== 'stopping', signal)
  watching.close()
  if (state.state === 'failed') throw new ProblemError(state.problem ?? { code: 'unreachable', message: 'Ray did not start.' })
  return state
}

/** Says each phase of Ray's start when it has ended; answers the way to stop. */
export function sayPhases(link: Link, say: (line: string) => void): () => void {
  const watching = link.watch('ray', null)
  const said = new Set<string>()
  const beganMs = Date.now()
  const stop = watching.view.listen(() => {
    for (const phase of watching.view.state?.phases ?? []) {
      if (phase.endedMs === undefined || phase.endedMs < beganMs || said.has(phase.name)) continue
      said.add(phase.name)
      say(`Ray: ${phase.name}: ${((phase.endedMs - phase.startedMs) / 1000).toFixed(1)} s`)
    }
  })
  return () => {
    stop()
    watching.close()
  }
}

export function rayInWords(state: RayState): string {
  const lines = [`Ray: ${state.state}${state.owner === 'adopted' ? ' (adopted)' : ''}`]
  if (state.address !== undefined) lines.push(`address    ${state.address}`)
  if (state.dashboard !== undefined) lines.push(`dashboard  ${state.dashboard}`)
  if (state.version !== undefined) lines.push(`version    ${state.version}`)
  for (const node of state.nodes)
    lines.push(
      `node       ${node.name}: ${node.cpu.used}/${node.cpu.total} CPU, ${node.gpu.used}/${node.gpu.total} GPU${node.alive ? '' : ', dead'}`,
    )
  for (const found of state.found)
    lines.push(`found      ${found.address} (process ${found.pid}${found.token ? '' : ', without a token'})`)
  if (state.problem !== undefined) lines.push(state.problem.message)
  return lines.join('\n')
}
