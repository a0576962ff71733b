// The status bar: kernel and where · Ray · GPU use · saved · environment. Everything in it is a button that leads to the thing.
import type { ReactNode } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { KernelSummary } from '../../engine/contract/topics/notebook.ts'
import { useFeed, useFeedPart } from '../link/hooks.tsx'
import { runCommand } from '../parts/command.ts'
import { spokenStore, statusTextStore } from '../parts/go.ts'
import { Icon } from '../parts/icon.tsx'
import { keysText } from '../parts/kbd.tsx'
import { MenuButton, type MenuEntry } from '../parts/menu.tsx'
import { Sparkline } from '../parts/sparkline.tsx'
import { useStore } from '../parts/store.ts'
import { bytes, clock, count, percent, plural } from '../parts/units.ts'
import { Age, useElapsed } from '../parts/wait.tsx'
import { activeNotebook } from './active.ts'
import { chordStore } from './key-listener.ts'
import { openPicker } from './palette-store.ts'

const Item = ({
  label,
  children,
  command,
}: {
  readonly label: string
  readonly children: ReactNode
  readonly command: () => void
}): ReactNode => (
  <AriaButton className="st-item" aria-label={label} onPress={command}>
    {children}
  </AriaButton>
)

export function StatusBar({ notices }: { readonly notices: ReactNode }): ReactNode {
  const text = useStore(statusTextStore)
  const chord = useStore(chordStore)
  return (
    <footer className="st" data-part="status">
      <KernelItem />
      <RayItem />
      <GpuItem />
      <span className="grow" />
      {chord.length > 0 && <span className="st-text">{keysText(chord.join(' '))} … waiting for the next key</span>}
      {text !== undefined && <span className="st-text num">{text.text}</span>}
      <SaveItem />
      <EnvironmentItem />
      {notices}
      <Spoken />
    </footer>
  )
}

const Spoken = (): ReactNode => (
  <div className="unseen" role="status" aria-live="polite">
    {useStore(spokenStore)}
  </div>
)

const KERNEL: { readonly [state in KernelSummary['state']]: readonly [dot: string, word: string] } = {
  none: ['idle', 'not started'],
  starting: ['wait', 'starting'],
  idle: ['', 'idle'],
  busy: ['warn', 'busy'],
  restarting: ['wait', 'restarting'],
  dead: ['bad', 'dead'],
  unreachable: ['bad', 'out of reach'],
}

function KernelItem(): ReactNode {
  const open = useStore(activeNotebook)
  const kernel = useFeedPart('notebook', open === undefined ? undefined : { notebook: open.id }, (s) => s.kernel).state
  if (open === undefined || kernel === undefined) {
    return (
      <span className="st-text">
        <span className="dot idle" /> No kernel
      </span>
    )
  }
  const [dot, word] = KERNEL[kernel.state]
  const text = `${kernel.name} on ${kernel.place.title} · ${kernel.phase ?? word}`
  const alive = kernel.state !== 'none' && kernel.state !== 'dead'
  const entries: MenuEntry[] = [
    ...(kernel.state === 'busy'
      ? [
          {
            id: 'interrupt',
            title: 'Interrupt',
            icon: 'debug-stop',
            run: () => void runCommand('notebook.interrupt', { notebook: open.id }),
          } as const,
        ]
      : []),
    {
      id: 'restart',
      title: alive ? 'Restart' : 'Start',
      icon: 'debug-restart',
      run: () => void runCommand('notebook.restart', { notebook: open.id }),
    },
    ...(alive
      ? [
          {
            id: 'stop',
            title: 'Shut down',
            icon: 'close',
            run: () => void runCommand('notebook.shutdown', { notebook: open.id }),
          } as const,
        ]
      : []),
    'line',
    { id: 'environment', title: 'Choose the environment…', icon: 'vm', run: () => openPicker('environments') },
  ]
  return (
    <MenuButton entries={entries} label="Kernel" placement="top start">
      <AriaButton className="st-item" aria-label={`Kernel: ${text}`}>
        <span className={`dot ${dot}`} />
        <span className="cut">{text}</span>
      </AriaButton>
    </MenuButton>
  )
}

function RayItem(): ReactNode {
  const ray = useFeed('ray', null).state
  if (ray === undefined) return null
  const busy = ray.state === 'starting' || ray.state === 'stopping'
  const sum = (key: 'cpu' | 'gpu') =>
    ray.nodes.reduce((t, n) => ({ used: t.used + n[key].used, total: t.total + n[key].total }), { used: 0, total: 0 })
  const cpu = sum('cpu')
  const gpu = sum('gpu')
  const phase = ray.phases.findLast((p) => p.endedMs === undefined)
  const text = {
    absent: 'Ray is not installed',
    stopped: 'Ray is off',
    starting: 'Ray starts',
    stopping: 'Ray stops',
    failed: 'Ray did not start',
    lost: 'Ray is gone',
    running: `Ray ${plural(Math.max(1, ray.nodes.length), 'node')}${cpu.total > 0 ? ` · ${count(cpu.used)}/${count(cpu.total)} CPU` : ''}${gpu.total > 0 ? ` · ${count(gpu.used)}/${count(gpu.total)} GPU` : ''}`,
  }[ray.state]
  const dot = ray.state === 'running' ? '' : busy ? 'wait' : ray.state === 'failed' || ray.state === 'lost' ? 'bad' : 'idle'
  const entries: MenuEntry[] = [
    ...(ray.state === 'running' || ray.state === 'lost'
      ? [
          { id: 'restart', title: 'Restart Ray', icon: 'debug-restart', run: () => void runCommand('ray.restart') } as const,
          ...(ray.state === 'running'
            ? [
                {
                  id: 'stop',
                  title: ray.owner === 'adopted' ? 'Leave this Ray' : 'Stop Ray',
                  icon: 'debug-stop',
                  run: () => void runCommand('ray.stop'),
                } as const,
              ]
            : []),
        ]
      : busy || ray.state === 'absent'
        ? []
        : [{ id: 'start', title: 'Start Ray', icon: 'play', run: () => void runCommand('ray.start') } as const]),
    { id: 'show', title: 'Nodes and use', icon: 'arrow-swap', run: () => void runCommand('ui.show-ray') },
    ...(ray.log === undefined
      ? []
      : [
          {
            id: 'log',
            title: "Ray's log",
            icon: 'output',
            run: () => void runCommand('ui.show-log', { log: ray.log, title: "Ray's log" }),
          } as const,
        ]),
  ]
  return (
    <MenuButton entries={entries} label="Ray" placement="top start">
      <AriaButton className="st-item">
        <span className={`dot ${dot}`} />
        <span className="cut">
          {text}
          {busy && phase !== undefined && <Clock name={phase.name} sinceMs={phase.startedMs} />}
        </span>
      </AriaButton>
    </MenuButton>
  )
}

const Clock = ({ name, sinceMs }: { readonly name: string; readonly sinceMs: number }): ReactNode => (
  <span className="faint num">
    {' '}
    · {name} · {clock(useElapsed(sinceMs))}
  </span>
)

function GpuItem(): ReactNode {
  const samples = useFeedPart('host', null, (s) => s.samples).state ?? []
  const last = samples.at(-1)
  if (last === undefined) return null
  const util = (s: (typeof samples)[number]): number | undefined => {
    const known = s.gpus.flatMap((g) => (g.utilPercent === null ? [] : [g.utilPercent]))
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length
  }
  const gpu = util(last)
  const values = samples.map((s) => (gpu === undefined ? s.cpuPercent : (util(s) ?? 0)))
  const what = gpu === undefined ? 'CPU' : 'GPU'
  const now = gpu ?? last.cpuPercent
  return (
    <Item
      label={`${what} ${percent(now)}, memory ${bytes(last.memoryBytes.used)} of ${bytes(last.memoryBytes.total)}${gpu === undefined && last.noGpu ? `, ${last.noGpu}` : ''}`}
      command={() => void runCommand('ui.show-ray')}
    >
      {what} <Sparkline values={values} max={100} /> <span className="num st-num">{percent(now)}</span>
    </Item>
  )
}

function SaveItem(): ReactNode {
  const open = useStore(activeNotebook)
  const save = useFeedPart('notebook', open === undefined ? undefined : { notebook: open.id }, (s) => s.save).state
  if (save === undefined) return null
  if (save.state === 'failed') {
    return (
      <Item label={`Not saved: ${save.problem?.message ?? ''}`} command={() => void runCommand('notebook.save')}>
        <Icon name="warning" /> Not saved
      </Item>
    )
  }
  if (save.state === 'read-only') return <span className="st-text">Read-only</span>
  if (save.state !== 'saved') return <span className="st-text">Saving…</span>
  return <span className="st-text">{save.atMs === undefined ? 'Saved' : <Age atMs={save.atMs} prefix="Saved " />}</span>
}

function EnvironmentItem(): ReactNode {
  const open = useStore(activeNotebook)
  const chosen = useFeedPart(
    'notebook',
    open === undefined ? undefined : { notebook: open.id },
    (s) => s.kernel.environment ?? '',
  ).state
  const list = useFeed('environments', null).state
  if (open === undefined || list === undefined) return null
  const env = list.list.find((e) => e.id === (chosen || list.preferred))
  const text =
    env === undefined ? 'Choose an environment' : `${env.version === undefined ? '' : `Python ${env.version} · `}${env.title}`
  return (
    <Item label={`Environment: ${text}`} command={() => openPicker('environments')}>
      <span className="cut">{text}</span>
    </Item>
  )
}
