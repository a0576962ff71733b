// Rays that run on this machine and are not ours: found by reading the process list, without connecting to any of them.
import { readdir, readFile, stat } from 'node:fs/promises'

export type FoundRay = {
  readonly address: string
  readonly pid: number
  readonly dashboard: string
  readonly token: boolean
  readonly tokenFile?: string
  readonly sessionFolder: string
}

/** `ours`: session folders to leave out. Linux only: elsewhere the list is empty, and a Ray is added by its address. */
export async function findRays(ours: (sessionFolder: string) => boolean): Promise<FoundRay[]> {
  const found: FoundRay[] = []
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (!argv[0]?.endsWith('/gcs_server')) continue
    const flag = (name: string) => argv.find((a) => a.startsWith(`--${name}=`))?.slice(name.length + 3)
    const port = flag('gcs_server_port')
    const sessionFolder = (flag('log_dir') ?? '').replace(/\/logs$/, '')
    if (port === undefined || sessionFolder === '' || ours(sessionFolder)) continue
    // Readable only for processes of the same user: another user's Ray is not ours to look into.
    const environ = (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => undefined))?.split('\0')
    if (environ === undefined) continue
    const token = environ.includes('RAY_AUTH_MODE=token')
    const tokenFile =
      environ.find((e) => e.startsWith('RAY_AUTH_TOKEN_PATH='))?.slice('RAY_AUTH_TOKEN_PATH='.length) ??
      `${environ.find((e) => e.startsWith('HOME='))?.slice(5) ?? ''}/.ray/auth_token`
    const readable =
      token &&
      (await stat(tokenFile).then(
        () => true,
        () => false,
      ))
    const ip = flag('node-ip-address') ?? '127.0.0.1'
    found.push({
      address: `${ip}:${port}`,
      pid: Number(pid),
      dashboard: await dashboardOf(sessionFolder),
      token,
      ...(readable ? { tokenFile } : {}),
      sessionFolder,
    })
  }
  return found
}

/** From the dashboard's own log line ("Dashboard head http address: 127.0.0.1:8265"); the default otherwise. */
async function dashboardOf(sessionFolder: string): Promise<string> {
  const log = await readFile(`${sessionFolder}/logs/dashboard.log`, 'utf8').catch(() => '')
  const at = /http address: ([0-9.]+:\d+)/.exec(log)?.[1] ?? '127.0.0.1:8265'
  return `http://${at.replace('0.0.0.0', '127.0.0.1')}`
}
