// A Ray head on this machine as a process: its command from values, its own session and process group, its lease, its end.
// Ray's own `ray stop` is never used: it ends every Ray of the machine. Facts: 2.60, measured.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { problem } from '../../contract/problem.ts'
import { writeAtomic } from '../../support/atomic-file.ts'
import { chooseRayPorts, type RayPorts } from './ray-ports.ts'

/** Recorded before Ray is started, removed after its end: nothing of ours is ever orphaned. Holds no secret, only where the token lies. */
export type RayLease = {
  readonly pid: number
  /** Start time of the pid in clock ticks since boot (field 22 of /proc/PID/stat): a pid alone may be somebody else's by now. */
  readonly pidStart: string
  readonly python: string
  readonly ports: RayPorts
  readonly folder: string
  readonly tokenFile: string
  readonly logFile: string
  readonly startedMs: number
}

export type RayHeadOptions = {
  readonly python: string
  readonly folder: string
  readonly cpus?: number | undefined
  readonly gpus?: number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Arguments of `ray start` for these ports: built from values, never pasted. */
export function rayStartArgs(ports: RayPorts, folder: string, cpus?: number, gpus?: number): string[] {
  return [
    'start',
    '--head',
    '--block',
    '--disable-usage-stats',
    '--dashboard-host=127.0.0.1',
    `--dashboard-port=${ports.dashboard}`,
    `--port=${ports.gcs}`,
    `--ray-client-server-port=${ports.client}`,
    `--dashboard-agent-listen-port=${ports.agentHttp}`,
    `--dashboard-agent-grpc-port=${ports.agentGrpc}`,
    `--metrics-export-port=${ports.metrics}`,
    `--runtime-env-agent-port=${ports.runtimeEnvAgent}`,
    `--node-manager-port=${ports.nodeManager}`,
    `--object-manager-port=${ports.objectManager}`,
    `--min-worker-port=${ports.workersFrom}`,
    `--max-worker-port=${ports.workersTo}`,
    `--temp-dir=${join(folder, 't')}`,
    ...(cpus ? [`--num-cpus=${cpus}`] : []),
    ...(gpus === undefined ? [] : [`--num-gpus=${gpus}`]),
  ]
}

/** The variables of the head, and, less the last four, of every driver that joins it. */
export const rayAuthEnv = (tokenFile: string): Record<string, string> => ({
  RAY_AUTH_MODE: 'token',
  RAY_AUTH_TOKEN_PATH: tokenFile,
})

const headEnv = (options: RayHeadOptions, tokenFile: string): Record<string, string | undefined> => {
  // Inherited variables that would redirect or weaken this head are dropped; unbuffered and no-bytecode make its start eight times slower.
  const dropped = new Set([
    'RAY_ADDRESS',
    'RAY_AUTH_TOKEN',
    'RAY_AUTH_MODE',
    'RAY_TMPDIR',
    'PYTHONUNBUFFERED',
    'PYTHONDONTWRITEBYTECODE',
    'PYTHONPATH',
    'PYTHONHOME',
  ])
  const env = Object.fromEntries(Object.entries(options.env).filter(([k]) => !dropped.has(k)))
  return {
    ...env,
    PATH: `${dirname(options.python)}:${options.env['PATH'] ?? '/usr/bin:/bin'}`,
    ...rayAuthEnv(tokenFile),
    RAY_USAGE_STATS_ENABLED: '0',
    // Without it SIGTERM drains for up to 30 s; with it the head is gone in about 4 s.
    RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: '0',
    // Ray's three Prometheus ports answer anybody on every interface, token mode or not (2.60): the collection is off, and the two
    // fixed ones get a number that can't be bound, which Ray logs and survives.
    RAY_enable_metrics_collection: '0',
    AUTOSCALER_METRIC_PORT: '-1',
    DASHBOARD_METRIC_PORT: '-1',
    NO_COLOR: '1',
  }
}

/** Starts the head detached and writes its lease. Answers as soon as the process runs; gating on resources is the caller's. */
export async function startRayHead(options: RayHeadOptions, leaseFile: string, nowMs: number): Promise<RayLease> {
  const { folder, python } = options
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const tokenFile = join(folder, 'token')
  await writeFile(tokenFile, randomBytes(32).toString('hex'), { mode: 0o600 })
  const ports = await chooseRayPorts()
  const logFile = join(folder, 'ray.log')
  const log = await open(logFile, 'a', 0o600)
  try {
    const child = spawn(python, ['-m', 'ray.scripts.scripts', ...rayStartArgs(ports, folder, options.cpus, options.gpus)], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: headEnv(options, tokenFile),
    })
    const failed = new Promise<never>((_, reject) => child.once('error', reject))
    await Promise.race([new Promise((resolve) => child.once('spawn', resolve)), failed])
    child.unref()
    const pid = child.pid ?? 0
    const lease: RayLease = {
      pid,
      pidStart: (await startOf(pid)) ?? '',
      python,
      ports,
      folder,
      tokenFile,
      logFile,
      startedMs: nowMs,
    }
    await writeLease(leaseFile, lease)
    return lease
  } catch (error) {
    throw problem('unreachable', `Ray could not be started with ${python}.`, {
      hint: 'Is Ray installed in this environment?',
      detail: String(error),
      where: 'ray',
    })
  } finally {
    await log.close()
  }
}

export async function writeLease(leaseFile: string, lease: RayLease): Promise<void> {
  await mkdir(dirname(leaseFile), { recursive: true })
  await writeAtomic(leaseFile, JSON.stringify(lease, null, 2), { mode: 0o600 })
}

export async function readLease(leaseFile: string): Promise<RayLease | undefined> {
  try {
    return JSON.parse(await readFile(leaseFile, 'utf8')) as RayLease
  } catch {
    return undefined
  }
}

/** Does the head of this lease still run? By pid and start time. */
export const headAlive = async (lease: Pick<RayLease, 'pid' | 'pidStart'>): Promise<boolean> =>
  lease.pid > 1 && lease.pidStart !== '' && (await startOf(lease.pid)) === lease.pidStart

/** SIGTERM to the head's group, SIGKILL after `graceMs` (raylet and GCS wait for each other much longer than anybody wants), then whatever still carries our folder in its command; then the folder and the lease. */
export async function stopRayHead(lease: RayLease, leaseFile: string, graceMs = 2000): Promise<void> {
  if (await headAlive(lease)) killGroup(lease.pid, 'SIGTERM')
  const until = Date.now() + graceMs
  while (Date.now() < until && (await processesOf(lease)).length > 0) await new Promise((r) => setTimeout(r, 50))
  for (const pid of await processesOf(lease)) kill(pid, 'SIGKILL')
  const gone = Date.now() + 3000
  while (Date.now() < gone && (await processesOf(lease)).length > 0) await new Promise((r) => setTimeout(r, 30))
  await rm(lease.folder, { recursive: true, force: true, maxRetries: 3 })
  await rm(leaseFile, { force: true })
}

/** Every live process of this head: of its session, or with our folder (a path nobody else has) in its command or as its working folder. */
export async function processesOf(lease: Pick<RayLease, 'pid' | 'folder'>): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === undefined || fields[0] === '') continue
    const inSession = Number(fields[3]) === lease.pid
    const command = inSession ? '' : await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    const cwd = inSession ? '' : await readlink(`/proc/${name}/cwd`).catch(() => '')
    if (inSession || command.includes(`${lease.folder}/t/`) || cwd.startsWith(`${lease.folder}/`)) found.push(Number(name))
  }
  return found
}

async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? undefined : fields[19]
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  kill(-pid, signal)
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone meanwhile.
  }
}
