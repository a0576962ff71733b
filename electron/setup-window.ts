// First start of the packaged app on a machine that has no Python environment yet: the launcher's own set-up runs, and its phases are shown
// with their clock, a cancel, and the reason and remedy when one fails. (From a checkout the launcher did this before the window.)

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { BrowserWindow } from 'electron'

const page = `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Updraft</title><style>body{font:13px/1.6 system-ui,sans-serif;background:#0e1116;color:#e6eaf0;margin:0;padding:32px}h1{font-size:18px;margin:0 0 4px}p{color:#a3adba;margin:0 0 16px}
pre{font:12px/1.7 ui-monospace,monospace;white-space:pre-wrap;margin:0}</style>
<h1>Setting up Updraft</h1><p>Once: a Python environment with Ray, about 400 MB. Close this window to stop; the next start goes on.</p><pre role="log" aria-live="polite"></pre>`

/** Resolves with the interpreter's path, or undefined when the window was closed or the set-up failed (then the window says why). */
export function setUpPython(
  node: string,
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const window = new BrowserWindow({
    width: 620,
    height: 420,
    title: 'Updraft',
    backgroundColor: '#0e1116',
    webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false, javascript: true },
  })
  void window.loadURL(`data:text/html;charset=utf-8,${encodeURIComponent(page)}`)
  const child = spawn(node, [join(program, 'updraft.mjs'), 'python', 'base', '--print'], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let found = ''
  const show = () => {
    if (window.isDestroyed()) return
    // The text travels as a JSON literal into our own page: nothing of it is ever read as code or markup.
    void window.webContents
      .executeJavaScript(`document.querySelector('pre').textContent = ${JSON.stringify(said.slice(-4000))}`)
      .catch(() => undefined)
  }
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
    show()
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    found += text
  })
  window.webContents.once('did-finish-load', show)
  return new Promise((resolve) => {
    window.once('closed', () => {
      child.kill('SIGTERM')
      resolve(undefined)
    })
    child.once('error', () => resolve(undefined))
    child.once('exit', (code) => {
      if (code !== 0) {
        said += '\nThe set-up did not end well. Close this window, mend what is said above, and start Updraft again.\n'
        show()
        return
      }
      resolve(found.trim())
      if (!window.isDestroyed()) {
        window.removeAllListeners('closed')
        window.destroy()
      }
    })
  })
}
