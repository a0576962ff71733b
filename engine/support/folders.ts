// Where Updraft keeps things on this machine, by the XDG rules (on macOS by Apple's), all under one folder when UPDRAFT_HOME is set (tests,
// a second instance). Config is the user's to edit, data must be kept, state may be lost with a sigh, cache may be deleted at any time,
// runtime dies with the session and is always local (never a network home).
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { homedir, tmpdir, userInfo } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { problem } from '../contract/problem.ts'

export type Folders = {
  readonly config: string
  readonly data: string
  readonly state: string
  readonly cache: string
  readonly runtime: string
}

type Env = Readonly<Record<string, string | undefined>>

/** `platform` and `env` are arguments so that both families are tested on one machine. */
export function foldersFor(env: Env = process.env, platform: string = process.platform, home: string = homedir()): Folders {
  const own = env['UPDRAFT_HOME']
  if (own !== undefined && own !== '') {
    if (!isAbsolute(own))
      throw problem('invalid', `UPDRAFT_HOME is "${own}", which is not an absolute path.`, {
        hint: 'Nothing was started. Set it to a full path or unset it.',
      })
    return {
      config: join(own, 'config'),
      data: join(own, 'data'),
      state: join(own, 'state'),
      cache: join(own, 'cache'),
      runtime: env['UPDRAFT_RUNTIME'] || join(own, 'runtime'),
    }
  }
  // The XDG rules: a relative path in one of these is to be ignored.
  const xdg = (name: string, fallback: string) => {
    const value = env[name]
    return join(value !== undefined && isAbsolute(value) ? value : fallback, 'updraft')
  }
  if (platform === 'darwin') {
    const support = join(home, 'Library', 'Application Support')
    return {
      config: xdg('XDG_CONFIG_HOME', support),
      data: xdg('XDG_DATA_HOME', support),
      state: join(xdg('XDG_STATE_HOME', support), 'state'),
      cache: xdg('XDG_CACHE_HOME', join(home, 'Library', 'Caches')),
      runtime: runtimeFolder(env),
    }
  }
  return {
    config: xdg('XDG_CONFIG_HOME', join(home, '.config')),
    data: xdg('XDG_DATA_HOME', join(home, '.local', 'share')),
    state: xdg('XDG_STATE_HOME', join(home, '.local', 'state')),
    cache: xdg('XDG_CACHE_HOME', join(home, '.cache')),
    runtime: runtimeFolder(env),
  }
}

function runtimeFolder(env: Env): string {
  // Sockets lie below it and their paths may have 107 bytes: a long home can be worked around here.
  if (env['UPDRAFT_RUNTIME'] !== undefined && isAbsolute(env['UPDRAFT_RUNTIME'])) return env['UPDRAFT_RUNTIME']
  const xdg = env['XDG_RUNTIME_DIR']
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'updraft')
  return join(tmpdir(), `updraft-${userInfo().uid}`)
}

/** Makes the folders, each for this user alone. The runtime folder may lie in a shared /tmp: one that is somebody else's is refused. */
export async function makeFolders(folders: Folders): Promise<void> {
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await lstat(folders.runtime)
  if (!found.isDirectory() || (process.getuid !== undefined && found.uid !== process.getuid())) {
    throw problem('denied', `The folder ${folders.runtime} belongs to somebody else.`, {
      hint: 'Nothing was started. Set XDG_RUNTIME_DIR to a folder of your own.',
    })
  }
  if ((found.mode & 0o077) !== 0) await chmod(folders.runtime, 0o700)
}
