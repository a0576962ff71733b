// The desktop's world: the packaged app, a plain Electron for the driver, a display and an ordinary user who owns it all.
// As root (CI) everything runs as uid 65534 in a folder of its own, so that Chromium's whole sandbox is on; else as who you are.
import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getElectron } from '../worlds/electron.mjs'

const root = join(import.meta.dirname, '..', '..')
const ORDINARY = 65_534
const isRoot = process.getuid?.() === 0

export type DesktopWorld = {
  readonly folder: string
  /** The packaged app's executable, fuses set. */
  readonly app: string
  /** The same program unpacked, for a plain Electron that a driver can attach to. */
  readonly program: string
  readonly electron: string
  readonly node: string
  readonly python: string
  /** Runs a program as the ordinary user, on the display of xvfb-run, and answers when it has ended. */
  run(argv: readonly string[], env?: Record<string, string>, timeoutMs?: number): SpawnSyncReturns<string>
  close(): void
}

/** Why there can be no such world here, with the remedy; undefined when there can. */
export function desktopMissing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'the desktop tests need Linux x64 (a real Electron from a registry)'
  for (const [command, remedy] of [
    ['Xvfb', 'apt install xvfb'],
    ['xvfb-run', 'apt install xvfb xauth'],
    ...(isRoot ? [['setpriv', 'apt install util-linux']] : []),
  ] as const) {
    if (spawnSync('which', [command ?? '']).status !== 0) return `${command} is not here; to get it: ${remedy}`
  }
  return undefined
}

export function makeDesktopWorld(): DesktopWorld {
  const folder = mkdtempSync(join(tmpdir(), 'ud-'))
  chmodSync(folder, 0o755)
  const home = join(folder, 'home')
  mkdirSync(home)
  const node = process.execPath
  // One download per machine: 8 s, then hard links.
  getElectron(join(root, '.tools', 'electron'))
  const electronFolder = join(folder, 'electron')
  cpSync(join(root, '.tools', 'electron'), electronFolder, { recursive: true })
  const bare = join(folder, 'electron-bare')
  cpSync(electronFolder, bare, { recursive: true })
  rmSync(join(bare, 'resources', 'app'), { recursive: true })
  execFileSync(node, [join(root, 'electron', 'pack.mjs'), '--dir', '--electron', bare, '--out', join(folder, 'release')], {
    cwd: root,
    stdio: 'pipe',
  })
  rmSync(bare, { recursive: true })
  const unpacked = join(folder, 'release', 'linux-unpacked')
  cpSync(join(root, 'node_modules', 'playwright-core'), join(folder, 'driver', 'node_modules', 'playwright-core'), {
    recursive: true,
  })
  for (const name of ['drive.mjs', 'app-kills.mjs']) cpSync(join(import.meta.dirname, name), join(folder, 'driver', name))
  const cache = isRoot ? join(tmpdir(), `updraft-desktop-cache-${ORDINARY}`) : join(process.env['HOME'] ?? home, '.cache')
  mkdirSync(cache, { recursive: true })
  if (isRoot) execFileSync('chown', ['-R', `${ORDINARY}:${ORDINARY}`, folder, cache])

  const carriedNode = join(unpacked, 'resources', 'node', 'node')
  const asUser = isRoot ? ['setpriv', `--reuid=${ORDINARY}`, `--regid=${ORDINARY}`, '--clear-groups'] : []
  // What names a package index or a certificate is the machine's, not the user's: it stays.
  const machine = Object.fromEntries(
    Object.entries(process.env).filter(
      (e): e is [string, string] =>
        e[1] !== undefined && /^(PIP_|UV_|SSL_|NODE_EXTRA_CA|LANG|https?_proxy|HTTPS?_PROXY)/.test(e[0]),
    ),
  )
  const base = {
    ...machine,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    XDG_CACHE_HOME: cache,
    UPDRAFT_HOME: join(home, 'updraft'),
    LANG: 'C.UTF-8',
  }
  const run: DesktopWorld['run'] = (argv, env = {}, timeoutMs = 120_000) => {
    // timeout(1) ends the whole group: a killed xvfb-run would leave its display and its windows.
    const [command = '', ...args] = [
      'timeout',
      '--kill-after=2',
      `${Math.ceil(timeoutMs / 1000)}`,
      ...asUser,
      'xvfb-run',
      '-a',
      '-s',
      '-screen 0 1440x900x24 -nolisten tcp',
      ...argv,
    ]
    return spawnSync(command, args, {
      cwd: home,
      env: { ...base, ...env },
      encoding: 'utf8',
      timeout: timeoutMs + 5000,
      killSignal: 'SIGKILL',
      maxBuffer: 64 << 20,
    })
  }
  const program = join(unpacked, 'resources', 'updraft')
  const made = run([carriedNode, join(program, 'updraft.mjs'), 'python', 'base', '--print'], {}, 400_000)
  const python = made.stdout.trim().split('\n').at(-1) ?? ''
  if (made.status !== 0 || !existsSync(python))
    throw new Error(`the packaged launcher made no Python environment: ${made.stderr.slice(-3000)}`)
  return {
    folder,
    app: join(unpacked, 'updraft'),
    program,
    electron: join(electronFolder, 'electron'),
    node: carriedNode,
    python,
    run,
    close: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }),
  }
}
