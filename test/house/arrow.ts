// The one arrow, as data: who may use whom. kernels <- engine <- renderer <- electron <- test; inside the engine and the
// renderer a second order. `objection` says in one line why an import is wrong, or nothing.
import type { Import } from './tree.ts'

/** The engine's folders from the ground up: each may use those before it. Siblings on one line may use each other. */
const ENGINE_ORDER = [
  ['contract'],
  ['support'],
  ['settings', 'workspace', 'history', 'live', 'notices', 'environments'],
  ['targets'],
  ['ray'],
  ['sessions'],
  ['notebooks'],
  ['jobs', 'templates'],
  ['scale-out', 'serving', 'debugging', 'terminals'],
  ['serve'],
]

const RENDERER_ORDER = ['theme', 'parts', 'link', 'editor']

const PURE = ['kernels/outpost/client', 'engine/contract']

const engineRank = (file: string): number => {
  const folder = file.split('/')[1] as string
  if (file.split('/').length === 2) return ENGINE_ORDER.length // engine.ts, main.ts, cli.ts: the composition root
  return ENGINE_ORDER.findIndex((row) => row.includes(folder))
}

type Room = 'kernels' | 'contract' | 'engine' | 'desktop' | 'renderer' | 'electron' | 'test' | 'setup' | 'other'

export function roomOf(file: string): Room {
  if (file.startsWith('engine/contract/')) return 'contract'
  if (file === 'renderer/desktop.ts') return 'desktop'
  const first = file.split('/')[0] as string
  return ['kernels', 'engine', 'renderer', 'electron', 'test', 'setup'].includes(first) ? (first as Room) : 'other'
}

const MAY_USE: Record<Room, Room[]> = {
  kernels: ['kernels'],
  contract: ['contract'],
  engine: ['engine', 'contract', 'kernels'],
  desktop: ['desktop', 'contract'],
  renderer: ['renderer', 'contract', 'desktop'],
  electron: ['electron', 'contract', 'desktop'],
  test: ['test', 'kernels', 'contract', 'engine', 'desktop', 'renderer', 'electron', 'setup', 'other'],
  setup: ['setup'],
  other: ['other', 'setup'],
}

function insideEngine({ from, to }: Import): string | undefined {
  const [mine, theirs] = [engineRank(from), engineRank(to)]
  if (mine < 0) return `engine/${from.split('/')[1]}/ is not in the order of the engine's folders (test/house/arrow.ts)`
  if (theirs > mine) return 'the engine builds upward: a folder uses only those before it'
  return undefined
}

function insideRenderer({ from, to }: Import): string | undefined {
  const [mine, theirs] = [from.split('/')[1] as string, to.split('/')[1] as string]
  if (mine === theirs || from.split('/').length === 2 || mine === 'shell') return undefined
  if (to.split('/').length === 2) return undefined
  const [rank, other] = [RENDERER_ORDER.indexOf(mine), RENDERER_ORDER.indexOf(theirs)]
  if (theirs === 'shell') return 'the shell is where features meet; nothing below it may know it'
  if (rank < 0 && other < 0) return 'features are siblings and never import each other; share through parts/ or link/'
  if (rank >= 0 && (other < 0 || other > rank))
    return `the ground goes ${RENDERER_ORDER.join(', ')}, features, shell: never upward`
  return undefined
}

function outside({ from, to }: Import): string | undefined {
  const room = roomOf(from)
  const runtime = /^(node:|electron$)/.test(to)
  if (to === 'electron' && room !== 'electron' && room !== 'test') return 'only electron/ knows Electron'
  if (runtime && (room === 'renderer' || room === 'contract' || room === 'desktop')) return `${room} has no Node`
  if (room === 'setup' || from === 'updraft.mjs')
    return to.startsWith('node:') ? undefined : 'the launcher runs before any package is there'
  if (room === 'contract' || PURE.some((pure) => from.startsWith(`${pure}/`)))
    return /^zod(\/|$)/.test(to) ? undefined : `${room} uses nothing but zod`
  return undefined
}

/** Why this import is wrong, in a few words, or undefined when it is right. `to` is one of ours when it has a folder of ours. */
export function objection(one: Import): string | undefined {
  const [from, to] = [roomOf(one.from), roomOf(one.to)]
  const ours = /^(kernels|engine|renderer|electron|test|setup)\//.test(one.to)
  if (!ours) return outside(one)
  if (!MAY_USE[from].includes(to)) return `${from} may use only ${MAY_USE[from].join(', ')}`
  if (from === 'engine' && to === 'engine') return insideEngine(one)
  if (from === 'engine' && to === 'kernels' && !/^kernels\/(index\.ts|outpost\/)/.test(one.to))
    return 'the only door of kernels/ is kernels/index.ts'
  if (from === 'renderer' && to === 'renderer') return insideRenderer(one)
  return undefined
}
