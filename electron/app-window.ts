// One locked-down window on the engine's page: sandboxed, isolated, no way to another address, no child windows, no permissions.
// Remembers its size; comes back by itself when its renderer is killed.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { app, BrowserWindow, nativeTheme, session, type WebContents } from 'electron'

export type WindowOptions = {
  readonly preload: string
  readonly secrets: boolean
  readonly origin: () => string | undefined
  readonly newAddress: () => Promise<string>
}

type Size = { width: number; height: number; x?: number; y?: number; maximized?: boolean }
const sizeFile = () => join(app.getPath('userData'), 'window.json')

function rememberedSize(): Size {
  try {
    const size = JSON.parse(readFileSync(sizeFile(), 'utf8')) as Size
    if (size.width >= 600 && size.height >= 400) return size
  } catch {}
  return { width: 1440, height: 900 }
}

export function openWindow(options: WindowOptions, url: string): BrowserWindow {
  const size = rememberedSize()
  const window = new BrowserWindow({
    ...size,
    minWidth: 640,
    minHeight: 420,
    show: false,
    title: 'Updraft',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#0e1116' : '#eef0f3',
    autoHideMenuBar: true,
    webPreferences: {
      preload: options.preload,
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      additionalArguments: options.secrets ? ['--updraft-secrets'] : [],
    },
  })
  if (size.maximized) window.maximize()
  window.once('ready-to-show', () => window.show())
  window.on('close', () => {
    const bounds = window.getNormalBounds()
    try {
      writeFileSync(sizeFile(), JSON.stringify({ ...bounds, maximized: window.isMaximized() }))
    } catch {}
  })
  // A killed renderer loses nothing: the truth is the engine's. A page of its own address, and everything is there again.
  window.webContents.on('render-process-gone', () => {
    if (window.isDestroyed()) return
    options.newAddress().then(
      (address) => window.loadURL(address),
      () => undefined,
    )
  })
  void window.loadURL(url).catch(() => undefined)
  return window
}

/** For every web content that will ever exist in this process, windows and frames alike. */
export function lockDown(origin: () => string | undefined): void {
  app.on('web-contents-created', (_event, contents: WebContents) => {
    const isOurs = (to: string): boolean => {
      try {
        return new URL(to).origin === origin()
      } catch {
        return false
      }
    }
    contents.on('will-navigate', (event, to) => {
      if (!isOurs(to)) event.preventDefault()
    })
    contents.on('will-redirect', (event, to) => {
      if (!isOurs(to) && contents.getType() === 'window' && event.isMainFrame !== false) event.preventDefault()
    })
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
    contents.on('will-attach-webview', (event) => event.preventDefault())
  })
  // Electron's own default approves everything. Writing to the clipboard is what a copy button does; nothing else is asked for by our page.
  const allowed = (permission: string, from: string): boolean => {
    try {
      return permission === 'clipboard-sanitized-write' && new URL(from).origin === origin()
    } catch {
      return false
    }
  }
  session.defaultSession.setPermissionRequestHandler((contents, permission, answer, details) =>
    answer(allowed(permission, details.requestingUrl || contents.getURL())),
  )
  session.defaultSession.setPermissionCheckHandler((_contents, permission, from) => allowed(permission, from))
  session.defaultSession.on('will-download', (event, item) => {
    // Saving goes through the engine and a dialog; a page that starts downloads by itself is not ours.
    if (!item.getURLChain().every(isHttpOf(origin()))) event.preventDefault()
  })
}

const isHttpOf = (origin: string | undefined) => (url: string) =>
  url.startsWith(`blob:${origin}/`) || url.startsWith(`${origin}/`)
