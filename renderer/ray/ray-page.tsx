// Ray on this workstation: is it all right, what is it doing, its nodes and what they use. Start, stop, restart, adopt.
import { type ReactNode, useEffect, useState } from 'react'
import type { RayNode, RayState } from '../../engine/contract/topics/ray.ts'
import { useCall, useFeed } from '../link/hooks.tsx'
import { Button } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { inspect } from '../parts/go.ts'
import { Icon } from '../parts/icon.tsx'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { ask } from '../parts/question.ts'
import { Sparkline } from '../parts/sparkline.tsx'
import { Table } from '../parts/table.tsx'
import { bytes, clock, count, duration, percent, plural } from '../parts/units.ts'
import { Age, useElapsed, Wait } from '../parts/wait.tsx'
import './ray.css'

const WORDS: { readonly [state in RayState['state']]: readonly [dot: string, word: string] } = {
  absent: ['idle', 'Ray is not installed'],
  stopped: ['idle', 'Ray is off'],
  starting: ['wait', 'Ray is starting'],
  running: ['', 'Ray is running'],
  stopping: ['wait', 'Ray is stopping'],
  failed: ['bad', 'Ray did not start'],
  lost: ['bad', 'Ray is gone'],
}

export function RayPage(): ReactNode {
  const ray = useFeed('ray', null).state
  const start = useCall('ray.start')
  const stop = useCall('ray.stop')
  const restart = useCall('ray.restart')
  const [chosen, setChosen] = useState<string>()
  const node = ray?.nodes.find((n) => n.id === chosen)
  useEffect(
    () => inspect('ray', node === undefined ? undefined : { title: node.name, content: <NodeDetails node={node} /> }),
    [node],
  )
  useEffect(() => () => inspect('ray', undefined), [])
  if (ray === undefined) return <Wait text="Asking about Ray" />
  const [dot, word] = WORDS[ray.state]
  const running = ray.state === 'running'
  const busy = ray.state === 'starting' || ray.state === 'stopping'
  const problem = start.problem ?? stop.problem ?? restart.problem ?? ray.problem
  return (
    <div className="page">
      <div className="page-in ray">
        <header className="row ray-head">
          <div className="grow">
            <h1>
              <span className={`dot ${dot}`} /> {word}
            </h1>
            <p className="soft">
              {running ? (
                <>
                  {ray.owner === 'adopted' ? 'Started by somebody else on this machine' : 'Started by Updraft'}
                  {ray.version === undefined ? '' : ` · Ray ${ray.version}`}
                  {ray.address === undefined ? '' : ` · ${ray.address}`}
                  {ray.startedMs === undefined ? '' : ' · '}
                  {ray.startedMs !== undefined && <Age atMs={ray.startedMs} prefix="started " />}
                </>
              ) : (
                'Cells, actors and tasks of this machine run on it. A plain ray.init() joins it.'
              )}
            </p>
          </div>
          {(running || ray.state === 'lost') && (
            <Button icon="debug-restart" isDisabled={restart.busy} onPress={() => void restart.run(null)}>
              Restart
            </Button>
          )}
          {running && (
            <Button icon="debug-stop" isDisabled={stop.busy} onPress={() => void stop.run(null)}>
              {ray.owner === 'adopted' ? 'Leave' : 'Stop'}
            </Button>
          )}
          {ray.state === 'starting' && (
            <Button icon="debug-stop" onPress={() => void stop.run(null)}>
              Cancel
            </Button>
          )}
          {(ray.state === 'stopped' || ray.state === 'failed') && (
            <Button kind="main" icon="play" isDisabled={start.busy} onPress={() => void start.run({})}>
              Start Ray
            </Button>
          )}
          {ray.log !== undefined && (
            <Button icon="output" onPress={() => void runCommand('ui.show-log', { log: ray.log, title: "Ray's log" })}>
              Log
            </Button>
          )}
        </header>
        {problem !== undefined && (
          <ProblemCard
            problem={problem}
            {...(ray.state === 'lost' ? { onRetry: () => void restart.run(null), retryTitle: 'Restart Ray' } : {})}
          />
        )}
        {(busy || (ray.state === 'failed' && ray.phases.length > 0)) && <Phases ray={ray} />}
        <Cards ray={ray} />
        {ray.found.length > 0 && !running && <Found ray={ray} />}
        <section className="box" aria-label="Nodes">
          <header>
            Nodes{' '}
            <small>
              {ray.nodes.length === 0 ? '' : plural(ray.nodes.length, 'node')}
              {ray.sampledMs !== undefined && running && (
                <>
                  {' · '}
                  <Age atMs={ray.sampledMs} />
                </>
              )}
            </small>
          </header>
          {ray.nodes.length === 0 ? (
            <EmptyState
              icon="arrow-swap"
              title={running ? 'Asking Ray for its nodes' : 'No nodes'}
              why={
                running ? 'They appear within a few seconds.' : 'The nodes of Ray and what they use appear here while it runs.'
              }
            />
          ) : (
            <Table
              label="Nodes"
              rows={ray.nodes}
              selected={chosen}
              onSelect={(n) => setChosen((old) => (old === n.id ? undefined : n.id))}
              columns={[
                { id: 'name', title: 'Node', width: 'minmax(180px, 1.5fr)', cell: (n) => `${n.name}${n.head ? ' · head' : ''}` },
                {
                  id: 'state',
                  title: 'State',
                  width: '110px',
                  cell: (n) => (
                    <span className="row">
                      <span className={`dot ${n.alive ? '' : 'bad'}`} /> {n.alive ? 'alive' : 'dead'}
                    </span>
                  ),
                },
                {
                  id: 'cpu',
                  title: 'CPU',
                  width: '100px',
                  number: true,
                  cell: (n) => `${count(n.cpu.used)} / ${count(n.cpu.total)}`,
                },
                {
                  id: 'gpu',
                  title: 'GPU',
                  width: '90px',
                  number: true,
                  cell: (n) => (n.gpu.total === 0 ? '–' : `${count(n.gpu.used)} / ${count(n.gpu.total)}`),
                },
                {
                  id: 'memory',
                  title: 'Memory',
                  width: '160px',
                  number: true,
                  cell: (n) => `${bytes(n.memoryBytes.used)} / ${bytes(n.memoryBytes.total)}`,
                },
                {
                  id: 'store',
                  title: 'Object store',
                  width: '160px',
                  number: true,
                  cell: (n) => `${bytes(n.objectStoreBytes.used)} / ${bytes(n.objectStoreBytes.total)}`,
                },
              ]}
            />
          )}
        </section>
      </div>
    </div>
  )
}

const NodeDetails = ({ node }: { readonly node: RayNode }): ReactNode => (
  <dl>
    <dt>State</dt>
    <dd>{node.alive ? 'alive' : 'dead'}</dd>
    <dt>Role</dt>
    <dd>{node.head ? 'head' : 'worker'}</dd>
    <dt>Id</dt>
    <dd className="mono tiny">{node.id}</dd>
    <dt>CPU</dt>
    <dd className="num">
      {count(node.cpu.used)} of {count(node.cpu.total)} taken
    </dd>
    <dt>GPU</dt>
    <dd className="num">{node.gpu.total === 0 ? 'none' : `${count(node.gpu.used)} of ${count(node.gpu.total)} taken`}</dd>
    <dt>Memory</dt>
    <dd className="num">
      {bytes(node.memoryBytes.used)} of {bytes(node.memoryBytes.total)}
    </dd>
    <dt>Object store</dt>
    <dd className="num">
      {bytes(node.objectStoreBytes.used)} of {bytes(node.objectStoreBytes.total)}
    </dd>
  </dl>
)

/** Named phases with their clocks, while Ray starts or stops, and where it stuck when it did not. */
function Phases({ ray }: { readonly ray: RayState }): ReactNode {
  return (
    <section className="box" aria-label="Phases">
      <header>{ray.state === 'stopping' ? 'Stopping' : 'Starting'}</header>
      <ol className="phases">
        {ray.phases.map((p) => (
          <li key={`${p.name}${p.startedMs}`} className={p.problem ? 'bad' : p.endedMs === undefined ? 'now' : 'done'}>
            <Icon name={p.problem ? 'error' : p.endedMs === undefined ? 'sync' : 'check'} />
            <span className="grow">
              {p.name}
              {p.problem !== undefined && <small className="bad-ink">{p.problem.message}</small>}
            </span>
            <span className="num faint">
              {p.endedMs === undefined ? <Running sinceMs={p.startedMs} /> : duration(p.endedMs - p.startedMs)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
const Running = ({ sinceMs }: { readonly sinceMs: number }): ReactNode => clock(useElapsed(sinceMs))

function Cards({ ray }: { readonly ray: RayState }): ReactNode {
  const samples = useFeed('host', null).state?.samples ?? []
  const last = samples.at(-1)
  const store = ray.nodes.reduce(
    (s, n) => ({ used: s.used + n.objectStoreBytes.used, total: s.total + n.objectStoreBytes.total }),
    { used: 0, total: 0 },
  )
  const cpu = ray.nodes.reduce((s, n) => ({ used: s.used + n.cpu.used, total: s.total + n.cpu.total }), { used: 0, total: 0 })
  const gpus = last?.gpus ?? []
  const util = gpus.flatMap((g) => (g.utilPercent === null ? [] : [g.utilPercent]))
  return (
    <div className="cards">
      <Card
        title="Nodes"
        big={ray.nodes.length === 0 ? '–' : `${ray.nodes.filter((n) => n.alive).length} of ${ray.nodes.length}`}
        small="this workstation"
      />
      <Card
        title="CPUs taken"
        big={cpu.total === 0 ? '–' : `${count(cpu.used)} of ${count(cpu.total)}`}
        small={last === undefined ? ' ' : `machine ${percent(last.cpuPercent)} busy`}
        curve={samples.map((s) => s.cpuPercent)}
      />
      <Card
        title="Memory"
        big={last === undefined ? '–' : bytes(last.memoryBytes.used)}
        small={last === undefined ? ' ' : `of ${bytes(last.memoryBytes.total)}`}
        curve={samples.map((s) => (100 * s.memoryBytes.used) / Math.max(1, s.memoryBytes.total))}
      />
      <Card
        title="GPUs"
        big={last === undefined ? '–' : String(gpus.length)}
        small={
          gpus.length === 0
            ? (last?.noGpu ?? 'none on this machine')
            : util.length === 0
              ? 'use can not be measured'
              : `${percent(util.reduce((a, b) => a + b, 0) / util.length)} busy · ${gpus[0]?.name}`
        }
        {...(util.length > 0
          ? { curve: samples.map((s) => s.gpus.reduce((a, g) => a + (g.utilPercent ?? 0), 0) / Math.max(1, s.gpus.length)) }
          : {})}
      />
      <Card
        title="Object store"
        big={store.total === 0 ? '–' : bytes(store.used)}
        small={store.total === 0 ? ' ' : `of ${bytes(store.total)}`}
      />
    </div>
  )
}

const Card = ({
  title,
  big,
  small,
  curve,
}: {
  readonly title: string
  readonly big: string
  readonly small: string
  readonly curve?: readonly number[]
}): ReactNode => (
  <div className="card">
    <div className="row">
      <small className="grow cut">{title}</small>
      {curve !== undefined && curve.length > 1 && <Sparkline values={curve} max={100} width={64} height={16} />}
    </div>
    <strong className="num-left">{big}</strong>
    <em className="cut" title={small}>
      {small}
    </em>
  </div>
)

/** A Ray that somebody else started here. Without a token it is joined only after a warning. */
function Found({ ray }: { readonly ray: RayState }): ReactNode {
  const adopt = useCall('ray.adopt')
  const join = async (address: string, token: boolean) => {
    if (token) return void adopt.run({ address })
    const yes = await ask({
      title: 'Join a Ray without a token?',
      text: `${address} answers to every program and every user that can reach this machine: whoever can connect can run code as the user who started it. Join it only on a machine that you alone use.`,
      yes: 'Join it all the same',
      danger: true,
    })
    if (yes) await adopt.run({ address, withoutToken: true })
  }
  return (
    <section className="box" aria-label="Found on this machine">
      <header>Found on this machine</header>
      {adopt.problem !== undefined && (
        <div style={{ padding: 12 }}>
          <ProblemCard problem={adopt.problem} tone="warn" />
        </div>
      )}
      <ul>
        {ray.found.map((f) => (
          <li key={f.address} className="found-ray">
            <span className={`dot ${f.token ? '' : 'warn'}`} />
            <span className="grow">
              <b className="mono">{f.address}</b>{' '}
              <span className="soft">
                process {f.pid}
                {f.version === undefined ? '' : ` · Ray ${f.version}`} · {f.token ? 'guarded by a token' : 'without a token'}
              </span>
            </span>
            <Button isDisabled={adopt.busy} onPress={() => void join(f.address, f.token)}>
              {f.token ? 'Join' : 'Join…'}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}
