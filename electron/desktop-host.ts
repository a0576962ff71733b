// Answers what a window asks of the desktop. Every request is checked twice: that it comes from the top frame of our own page at the
// engine's present address, and that its input fits.
import { app, BrowserWindow, dialog, type IpcMainInvokeEvent, ipcMain, Notification, shell } from 'electron'
import { type Asked, checkAsked, isVerb, safeAddress, type Verb } from './channels.ts'
import type { Secrets } from './secrets.ts'

type Handlers = { readonly [V in Verb]: (input: Asked[V], window: BrowserWindow) => Promise<unknown> | unknown }

/** `origin`: the engine's present origin; it changes when the engine came back. */
export function serveDesktop(origin: () => string | undefined, secrets: Secrets): void {
  const handlers: Handlers = {
    'open-folder': async ({ startIn }, window) => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        properties: ['openDirectory', 'createDirectory'],
        ...(startIn === undefined ? {} : { defaultPath: startIn }),
      })
      return filePaths[0]
    },
    'open-files': async ({ startIn }, window) => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        properties: ['openFile', 'multiSelections'],
        filters: [
          { name: 'Notebooks', extensions: ['ipynb'] },
          { name: 'All files', extensions: ['*'] },
        ],
        ...(startIn === undefined ? {} : { defaultPath: startIn }),
      })
      return filePaths
    },
    'save-file': async ({ suggested }, window) =>
      (await dialog.showSaveDialog(window, { defaultPath: suggested })).filePath || undefined,
    notify: ({ id, title, body }, window) => {
      if (!Notification.isSupported()) return false
      const notice = new Notification({ title, body })
      notice.on('click', () => {
        window.show()
        window.focus()
        window.webContents.send('pressed', id)
      })
      notice.show()
      return true
    },
    'open-external': async ({ address }) => {
      const safe = safeAddress(address)
      if (safe !== undefined) await shell.openExternal(safe)
    },
    'read-secret': ({ name }) => secrets.read(name),
    'write-secret': ({ name, value }) => secrets.write(name, value),
    'add-recent': ({ path }) => app.addRecentDocument(path),
    'set-title': ({ title }, window) => window.setTitle(title),
    'set-badge': ({ count }) => app.setBadgeCount(count),
  }

  ipcMain.handle('desktop', async (event: IpcMainInvokeEvent, verb: unknown, input: unknown) => {
    const window = BrowserWindow.fromWebContents(event.sender)
    const frame = event.senderFrame
    const fromUs = window !== null && frame !== null && frame.parent === null && new URL(frame.url).origin === origin()
    if (!fromUs || !isVerb(verb)) throw new Error('refused')
    const checked = checkAsked(verb, input)
    if (checked === undefined) throw new Error(`refused: ${verb}`)
    return (handlers[verb] as (i: unknown, w: BrowserWindow) => unknown)(checked, window)
  })
}
