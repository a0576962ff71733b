// The bridge into the window: Desktop, and nothing else. Runs isolated and sandboxed; the page sees functions, never ipcRenderer.
import { contextBridge, ipcRenderer } from 'electron'
import type { Desktop } from '../renderer/desktop.ts'
import type { Asked, Verb } from './channels.ts'

const ask = <V extends Verb>(verb: V, input: Asked[V]): Promise<unknown> => ipcRenderer.invoke('desktop', verb, input)
const quietly = (asked: Promise<unknown>): void => void asked.catch(() => undefined)

const pressed = new Map<number, () => void>()
let notices = 0
ipcRenderer.on('pressed', (_event, id: number) => {
  pressed.get(id)?.()
  pressed.delete(id)
})
const listeners = new Set<(command: string, input?: unknown) => void>()
// A file that the system asked us to open may come before the page listens: kept until it does.
const early: { command: string; input: unknown }[] = []
ipcRenderer.on('command', (_event, command: string, input: unknown) => {
  if (listeners.size === 0) early.push({ command, input })
  for (const listener of listeners) listener(command, input)
})

const can: Desktop['can'] = [
  'open-dialogs',
  'save-dialogs',
  'notifications',
  ...(process.argv.includes('--updraft-secrets') ? (['secrets'] as const) : []),
  'badge',
  'menu',
]

const desktop: Desktop = {
  kind: 'electron',
  can,
  openFolder: (startIn) => ask('open-folder', { startIn }) as Promise<string | undefined>,
  openFiles: (startIn) => ask('open-files', { startIn }) as Promise<readonly string[]>,
  saveFile: (suggested) => ask('save-file', { suggested }) as Promise<string | undefined>,
  notify: (notice, onPressed) => {
    const id = ++notices
    pressed.set(id, onPressed)
    return ask('notify', { id, title: notice.title, body: notice.body, tag: notice.tag }) as Promise<boolean>
  },
  openExternal: async (address) => void (await ask('open-external', { address })),
  readSecret: (name) => ask('read-secret', { name }) as Promise<string | undefined>,
  writeSecret: (name, value) => ask('write-secret', { name, value }) as Promise<boolean>,
  addRecent: (path) => quietly(ask('add-recent', { path })),
  setTitle: (title) => quietly(ask('set-title', { title })),
  setBadge: (count) => quietly(ask('set-badge', { count })),
  onCommand: (listener) => {
    listeners.add(listener)
    for (const { command, input } of early.splice(0)) listener(command, input)
    return () => listeners.delete(listener)
  },
}

contextBridge.exposeInMainWorld('updraftDesktop', desktop)
