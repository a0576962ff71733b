// Where Updraft lives on a desktop: starts the engine, opens windows on its page, answers what a page can't do. No product logic.
// Keeps to the API that Electron 22 and the current one share (tests run the newest that can be had where they run).

import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { app, BrowserWindow, dialog } from 'electron'
import { lockDown, openWindow } from './app-window.ts'
import { serveDesktop } from './desktop-host.ts'
import { EngineProcess } from './engine-process.ts'
import { setMenu } from './menu.ts'
import { Secrets } from './secrets.ts'
import { setUpPython } from './setup-window.ts'

const shell = __dirname
const packaged = existsSync(join(process.resourcesPath, 'updraft', 'engine', 'main.ts'))
const program = packaged ? join(process.resourcesPath, 'updraft') : resolve(shell, '..', '..')
const node =
  process.env['UPDRAFT_NODE'] ?? join(process.resourcesPath, 'node', process.platform === 'win32' ? 'node.exe' : 'node')

let origin: string | undefined
let windowUrl: string | undefined
/** Files and folders to open, named before the page was there. */
const toOpen: string[] = []

/** Paths on our command line: what is no option and exists. (Electron's and the test driver's own options stand before them.) */
const pathsIn = (argv: readonly string[], cwd: string): string[] =>
  argv
    .slice(packaged ? 1 : 2)
    .filter((a) => !a.startsWith('-'))
    .map((a) => resolve(cwd, a))
    .filter((p) => p !== program && existsSync(p))

function openPath(path: string): void {
  const window = BrowserWindow.getAllWindows().find((w) => !w.isDestroyed())
  if (window && origin !== undefined) window.webContents.send('command', 'ui.open-path', path)
  else toOpen.push(path)
}

async function start(): Promise<void> {
  const env: Record<string, string | undefined> = { ...process.env }
  if (env['UPDRAFT_BASE_PYTHON'] === undefined) {
    env['UPDRAFT_BASE_PYTHON'] = await setUpPython(node, program, env)
    if (env['UPDRAFT_BASE_PYTHON'] === undefined) {
      app.quit()
      return
    }
  }
  const secrets = new Secrets(app.getPath('userData'))
  const engine = new EngineProcess({
    node,
    program,
    env,
    args: [],
    onAddress: (url, first) => {
      const before = origin
      origin = new URL(url).origin
      windowUrl = url
      if (first) openFirst(url)
      // At its old address the windows find it again by themselves, with their sign-in still good.
      else if (origin !== before) reattach(url)
    },
    onGivenUp: (lastWords) => {
      dialog.showErrorBox(
        'Updraft’s engine does not stay up',
        `It ended several times within a minute. Your notebooks and running kernels are safe.\n\n${lastWords.slice(-1500)}\n\nRun ./updraft.mjs diagnose to collect what happened.`,
      )
      app.quit()
    },
  })
  const options = {
    preload: join(shell, 'preload.cjs'),
    secrets: secrets.possible,
    origin: () => origin,
    newAddress: () => engine.newAddress(),
  }

  function openFirst(url: string): void {
    const window = openWindow(options, url)
    window.webContents.once('did-finish-load', () => {
      for (const path of [...toOpen.splice(0)]) openPath(path)
    })
  }

  /** The engine came back under another name: each window goes there, the first with the address we have, others with one of their own. */
  function reattach(url: string): void {
    const windows = BrowserWindow.getAllWindows()
    if (windows.length === 0) openFirst(url)
    windows.forEach((window, i) => {
      if (i === 0) void window.loadURL(url).catch(() => undefined)
      else
        void engine.newAddress().then(
          (address) => window.loadURL(address),
          () => undefined,
        )
    })
  }

  lockDown(() => origin)
  serveDesktop(() => origin, secrets)
  setMenu()
  engine.start()
  toOpen.push(...pathsIn(process.argv, process.cwd()))

  app.on('second-instance', (_event, argv, cwd) => {
    const window = BrowserWindow.getAllWindows()[0]
    if (window?.isMinimized()) window.restore()
    window?.focus()
    for (const path of pathsIn(argv, cwd)) openPath(path)
  })
  app.on('activate', () => {
    if (BrowserWindow.getAllWindows().length === 0 && windowUrl !== undefined)
      void engine.newAddress().then(openFirst, () => undefined)
  })
  let stopped = false
  app.on('before-quit', (event) => {
    if (stopped) return
    event.preventDefault()
    void engine.stop().then(() => {
      stopped = true
      app.quit()
    })
  })
}

// A data folder of its own (tests, a second user profile) is a second app: the lock is per userData.
const home = process.env['UPDRAFT_HOME']
if (home !== undefined) app.setPath('userData', join(home, 'shell'))
else app.setPath('userData', join(dirname(app.getPath('userData')), 'updraft-shell'))
app.enableSandbox()
if (!app.requestSingleInstanceLock()) app.quit()
else {
  app.on('open-file', (event, path) => {
    event.preventDefault()
    openPath(path)
  })
  app.on('window-all-closed', () => {
    if (process.platform !== 'darwin') app.quit()
  })
  void app.whenReady().then(start)
}
