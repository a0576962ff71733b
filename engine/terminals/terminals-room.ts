// Terminals as windows ask for them: opened in the host, listed, and their bytes passed on to the window that looks.
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import type { Asker } from '../contract/index.ts'
import { problem } from '../contract/problem.ts'
import type { Room, SendBytes } from '../contract/rooms.ts'
import type { Terminal, TerminalsChange, TerminalsState } from '../contract/topics/terminals.ts'
import type { Settings } from '../settings/settings-room.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { HostLink } from './host-link.ts'
import type { FromHost, HostTerminal } from './host-protocol.ts'

export type TerminalsOptions = {
  readonly runtimeFolder: string
  readonly settings: Settings
  readonly workspace: Workspace
  readonly sendBytes: SendBytes
  readonly env: Readonly<Record<string, string | undefined>>
  /** Added to every shell: how its `ray` finds the local Ray. */
  readonly shellEnv?: () => Promise<Record<string, string>>
}

type Viewer = { readonly asker: Asker; readonly stop: () => void }

/** About 100 bytes a line. */
const BYTES_PER_LINE = 100
const DROPPED = new Set([
  'PYTHONUNBUFFERED',
  'PYTHONDONTWRITEBYTECODE',
  'NODE_COMPILE_CACHE',
  'NODE_OPTIONS',
  'ELECTRON_RUN_AS_NODE',
  'UPDRAFT_BASE_PYTHON',
])

export function createTerminalsRoom(options: TerminalsOptions): Room & { start(): Promise<void> } {
  const feed = new Feed<TerminalsState, TerminalsChange>({ list: [] }, (_s, c) => ({ list: c.list }), randomUUID())
  const viewers = new Map<string, Viewer>()
  const opening = new Map<string, { done: () => void; fail: (reason: string) => void }>()
  const link = new HostLink(
    new URL('./terminal-host.ts', import.meta.url).pathname,
    join(options.runtimeFolder, 'terminals.sock'),
    onMessage,
  )

  function onMessage(message: FromHost): void {
    switch (message.say) {
      case 'hello':
        feed.change({ type: 'terminals-changed', list: message.terminals.map(shown) })
        return
      case 'opened':
        feed.change({ type: 'terminals-changed', list: [...feed.state.list, shown(message.terminal)] })
        opening.get(message.terminal.id)?.done()
        return
      case 'failed':
        opening.get(message.id)?.fail(message.reason)
        return
      case 'data': {
        const viewer = viewers.get(message.id)
        if (viewer) options.sendBytes(viewer.asker, `terminal:${message.id}`, message.seq, Buffer.from(message.base64, 'base64'))
        return
      }
      case 'ended':
        change(message.id, { state: 'ended', exitCode: message.exitCode })
        return
      default:
        message satisfies never
    }
  }

  const change = (id: string, set: Partial<Terminal>) =>
    feed.change({ type: 'terminals-changed', list: feed.state.list.map((t) => (t.id === id ? { ...t, ...set } : t)) })
  const known = (id: string): Terminal => {
    const terminal = feed.state.list.find((t) => t.id === id)
    if (!terminal) throw problem('missing', 'This terminal is closed.', { hint: 'Open a new one.' })
    return terminal
  }
  const leave = (id: string) => {
    viewers.get(id)?.stop()
    viewers.delete(id)
  }

  return {
    /** Finds the shells of an earlier engine again. */
    start: async () => {
      await link.join()
    },
    answers: {
      'terminals.open': async ({ rows, columns, cwd }) => {
        const id = randomUUID()
        const folder = cwd ?? options.workspace.folder ?? homedir()
        if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw problem('missing', `${folder} is no folder.`)
        const shell = options.settings.get<string>('terminal.shell') || options.env['SHELL'] || '/bin/sh'
        const env = Object.fromEntries(
          Object.entries(options.env).filter((e): e is [string, string] => e[1] !== undefined && !DROPPED.has(e[0])),
        )
        const opened = new Promise<void>((done, fail) => {
          opening.set(id, {
            done,
            fail: (reason) =>
              fail(
                problem('invalid', `${shell} could not be started: ${reason}.`, {
                  hint: 'Set another shell in the settings (terminal.shell).',
                }),
              ),
          })
        })
        const scrollbackBytes = options.settings.get<number>('terminal.scrollback') * BYTES_PER_LINE
        await link.send({
          do: 'open',
          id,
          shell,
          args: [],
          cwd: folder,
          rows,
          columns,
          scrollbackBytes,
          env: { ...env, ...(await options.shellEnv?.()), TERM_PROGRAM: 'updraft', COLORTERM: 'truecolor' },
        })
        await opened.finally(() => opening.delete(id))
        return { terminal: id }
      },
      'terminals.attach': async ({ terminal, since }, asker) => {
        known(terminal)
        leave(terminal)
        const end = () => {
          if (viewers.get(terminal)?.asker !== asker) return
          leave(terminal)
          void link.send({ do: 'detach', id: terminal }).catch(() => undefined)
        }
        asker.signal.addEventListener('abort', end, { once: true })
        viewers.set(terminal, { asker, stop: () => asker.signal.removeEventListener('abort', end) })
        await link.send({ do: 'attach', id: terminal, since: since ?? 0 })
        return { since: since ?? 0 }
      },
      'terminals.detach': async ({ terminal }) => {
        leave(terminal)
        await link.send({ do: 'detach', id: terminal })
        return null
      },
      'terminals.seen': async ({ terminal, upTo }) => {
        await link.send({ do: 'seen', id: terminal, upTo })
        return null
      },
      'terminals.write': async ({ terminal, text }) => {
        if (known(terminal).state === 'ended') throw problem('missing', 'This shell has ended.', { hint: 'Open a new terminal.' })
        await link.send({ do: 'write', id: terminal, text })
        return null
      },
      'terminals.resize': async ({ terminal, rows, columns }) => {
        known(terminal)
        await link.send({ do: 'resize', id: terminal, rows, columns })
        change(terminal, { rows, columns })
        return null
      },
      'terminals.close': async ({ terminal }) => {
        leave(terminal)
        await link.send({ do: 'close', id: terminal })
        feed.change({ type: 'terminals-changed', list: feed.state.list.filter((t) => t.id !== terminal) })
        return null
      },
    },
    sources: { terminals: async () => ({ feed, release: () => {} }) },
    close: async () => link.close(),
  }
}

const shown = (t: HostTerminal): Terminal => ({
  id: t.id,
  title: t.title,
  cwd: t.cwd,
  state: t.exitCode === undefined ? 'running' : 'ended',
  rows: t.rows,
  columns: t.columns,
  ...(t.exitCode === undefined ? {} : { exitCode: t.exitCode }),
})
