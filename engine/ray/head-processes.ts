// What the processes of a Ray head say about it: is its GCS alive, at which address, does it take connections, what were its last words.
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import type { RayLease } from '../targets/local/ray-head.ts'

/** The head's process waits for its children: a dead GCS may leave it alive for a while, so the GCS is looked at itself. */
export async function gcsAlive(lease: RayLease): Promise<boolean> {
  const found = await gcsOf(lease)
  return found === undefined || found.pid > 0
}

/** The head's GCS and the address it registers; pid 0: the head has none (any more). Undefined where there is no /proc to look into. */
export async function gcsOf(lease: RayLease): Promise<{ pid: number; ip?: string } | undefined> {
  const children = await readFile(`/proc/${lease.pid}/task/${lease.pid}/children`, 'utf8').catch(() => undefined)
  if (children === undefined) return undefined
  for (const pid of children.trim().split(/\s+/)) {
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (!argv[0]?.endsWith('/gcs_server')) continue
    const ip = argv.find((a) => a.startsWith('--node-ip-address='))?.slice('--node-ip-address='.length)
    return { pid: Number(pid), ...(ip === undefined ? {} : { ip }) }
  }
  return { pid: 0 }
}

export const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 500 })
    const end = (taken: boolean) => {
      socket.destroy()
      resolve(taken)
    }
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false))
  })

export const exists = async (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`).then(
    () => true,
    () => false,
  )

const plain = (text: string): string => text.replace(/\u001b\[[0-9;]*m/g, '')
export const tailOf = async (file: string): Promise<string> =>
  plain(await readFile(file, 'utf8').catch(() => ''))
    .split('\n')
    .slice(-25)
    .join('\n')
    .trim()

/** Did the head end because its own raylet was too slow? */
export const gaveUpWaiting = async (lease: RayLease): Promise<boolean> =>
  (await tailOf(lease.logFile)).includes('timed out during startup')
