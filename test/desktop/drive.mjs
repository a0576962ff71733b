// Runs as the ordinary user, on a display: drives the shell in a plain Electron through its driver door and prints what it saw as JSON.
// node drive.mjs '{"electron":…,"program":…,"node":…,"python":…,"home":…,"shots":…}'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { _electron } from 'playwright-core'

const { electron, program, node, python, home, shots } = JSON.parse(process.argv[2])
const seen = {}
const data = join(home, 'updraft-driven')
const project = join(home, 'project')
mkdirSync(project, { recursive: true })
mkdirSync(shots, { recursive: true })
const code = (id, source) => ({ cell_type: 'code', id, metadata: {}, execution_count: null, outputs: [], source })
const notebook = {
  cells: [
    code('a', "print('hello from', 6 * 7)"),
    code('b', "import time\nfor i in range(22):\n    print('tick', i, flush=True)\n    time.sleep(0.35)"),
  ],
  metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
  nbformat: 4,
  nbformat_minor: 5,
}
writeFileSync(join(project, 'desktop.ipynb'), `${JSON.stringify(notebook, null, 1)}\n`)
mkdirSync(join(data, 'config'), { recursive: true })
writeFileSync(join(data, 'config', 'settings.json'), '{ "ray.autoStart": false }\n')

const app = await _electron.launch({
  executablePath: electron,
  args: [program],
  chromiumSandbox: true,
  env: { ...process.env, UPDRAFT_NODE: node, UPDRAFT_BASE_PYTHON: python, UPDRAFT_HOME: data },
  timeout: 60_000,
})
const errors = []
try {
  const page = await app.firstWindow({ timeout: 60_000 })
  page.on('pageerror', (e) => errors.push(String(e)))
  await page.waitForSelector('[data-context]', { timeout: 60_000 })
  seen.host = new URL(page.url()).hostname.replace(/-[0-9a-f]+\./, '-*.')
  seen.door = await page.evaluate(() => ({
    kind: window.updraftDesktop?.kind,
    require: typeof window.require,
    process: typeof window.process,
    electron: typeof window.electron,
  }))

  // The whole sandbox: every renderer under seccomp (mode 2) and in a pid namespace of its own.
  const renderers = readdirSync('/proc').filter(
    (pid) =>
      /^\d+$/.test(pid) &&
      read(`/proc/${pid}/cmdline`).includes('--type=renderer') &&
      read(`/proc/${pid}/cmdline`).startsWith(electron),
  )
  seen.sandbox = renderers.map((pid) => ({
    seccomp: /Seccomp:\s+(\d)/.exec(read(`/proc/${pid}/status`))?.[1],
    ownPids:
      (/NSpid:\s+(.*)/
        .exec(read(`/proc/${pid}/status`))?.[1]
        ?.trim()
        .split(/\s+/).length ?? 1) > 1,
    uid: /Uid:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] !== '0',
  }))

  // Dialogs: the system's own, answered for the person.
  await app.evaluate(({ dialog }, folder) => {
    dialog.showOpenDialog = async (_window, options) => ({
      canceled: false,
      filePaths: [options.properties.includes('openDirectory') ? folder : `${folder}/desktop.ipynb`],
    })
    dialog.showSaveDialog = async (_window, options) => ({ canceled: false, filePath: options.defaultPath })
  }, project)
  seen.dialogs = await page.evaluate(async () => ({
    folder: (await window.updraftDesktop.openFolder())?.split('/').at(-1),
    files: (await window.updraftDesktop.openFiles()).map((f) => f.split('/').at(-1)),
    save: await window.updraftDesktop.saveFile('/x/y.ipynb'),
  }))

  // What a page may not: leave, open windows, be given devices, send nonsense or foreign addresses to the shell.
  seen.window = await page.evaluate(() => window.open('http://127.0.0.1:9/') === null)
  seen.camera = await page.evaluate(() =>
    navigator.mediaDevices.getUserMedia({ video: true }).then(
      () => 'given',
      (e) => e.name,
    ),
  )
  seen.notifications = await page.evaluate(() => Notification.requestPermission())
  await app.evaluate(({ shell }) => {
    globalThis.opened = []
    shell.openExternal = async (address) => void globalThis.opened.push(address)
  })
  seen.external = await page.evaluate(async () => {
    const tried = {}
    for (const address of ['https://example.org/x', 'file:///etc/passwd', 'javascript:alert(1)'])
      tried[address] = await window.updraftDesktop.openExternal(address).then(
        () => 'asked',
        () => 'refused',
      )
    return tried
  })
  seen.opened = await app.evaluate(() => globalThis.opened)

  // A file the system asks us to open; trust; a cell.
  await app.evaluate(
    ({ BrowserWindow }, path) => BrowserWindow.getAllWindows()[0].webContents.send('command', 'ui.open-path', path),
    project,
  )
  await page.getByRole('button', { name: 'Trust this folder' }).click({ timeout: 20_000 })
  await app.evaluate(
    ({ BrowserWindow }, path) => BrowserWindow.getAllWindows()[0].webContents.send('command', 'ui.open-path', path),
    join(project, 'desktop.ipynb'),
  )
  await page.click('[data-cell="a"] .cell-number', { timeout: 20_000 })
  await page.keyboard.press('Shift+Enter')
  await page.waitForFunction(
    () => document.querySelector('[data-cell="a"] .cell-outputs')?.textContent?.includes('hello from 42'),
    null,
    { timeout: 60_000 },
  )
  seen.ran = true
  await page.screenshot({ path: join(shots, 'electron.png') })

  // The engine is killed in the middle of a cell: the window comes back by itself, and so does what was printed meanwhile.
  await page.click('[data-cell="b"] .cell-number')
  await page.keyboard.press('Shift+Enter')
  await page.waitForFunction(
    () => document.querySelector('[data-cell="b"] .cell-outputs')?.textContent?.includes('tick 3'),
    null,
    { timeout: 30_000 },
  )
  const engine = () => children().find((p) => p.command.includes('engine/main.ts'))?.pid
  const first = engine()
  process.kill(first, 'SIGKILL')
  const killedAt = Date.now()
  await page.waitForFunction(
    () => document.querySelector('[data-cell="b"] .cell-outputs')?.textContent?.includes('tick 21'),
    null,
    { timeout: 60_000 },
  )
  seen.back = { otherProcess: engine() !== first && engine() !== undefined, soon: Date.now() - killedAt < 40_000 }
  seen.ticks = await page.evaluate(() => {
    const lines = (document.querySelector('[data-cell="b"] .cell-outputs')?.textContent ?? '').match(/tick \d+/g) ?? []
    return { first: lines[0], last: lines.at(-1), repeated: lines.length - new Set(lines).size }
  })

  // The page tries to leave. (From here on only the main process is asked: the driver would wait for ever for that navigation.)
  const here = await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.getURL())
  await app.evaluate(
    ({ BrowserWindow }) =>
      void BrowserWindow.getAllWindows()[0].webContents.executeJavaScript(
        "setTimeout(() => { location.href = 'http://127.0.0.1:9/elsewhere' }); 0",
      ),
  )
  await new Promise((r) => setTimeout(r, 500))
  seen.stayed = here === (await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.getURL()))

  // The renderer is killed: the shell brings the page back.
  await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0].webContents.forcefullyCrashRenderer())
  await new Promise((r) => setTimeout(r, 300))
  const deadline = Date.now() + 30_000
  let alive = false
  while (!alive && Date.now() < deadline) {
    // No script is run in the page: on a crashed one it would never answer.
    alive = await app
      .evaluate(({ BrowserWindow }) => {
        const [{ webContents: w }] = BrowserWindow.getAllWindows()
        return !w.isCrashed() && !w.isLoading()
      })
      .catch(() => false)
    if (!alive) await new Promise((r) => setTimeout(r, 200))
  }
  seen.rendererBack = alive
  seen.errors = errors
} catch (error) {
  seen.failed = String(error?.stack ?? error).slice(0, 1500)
  seen.errors = errors
  const page = app.windows()[0]
  await page?.screenshot({ path: join(shots, 'failed.png'), timeout: 5000 }).catch(() => undefined)
}
// Asked to end as a person would; a window whose page was crashed or refused can keep the driver waiting, so with a deadline.
const ended = await Promise.race([
  app.evaluate(({ app }) => app.quit()).then(() => new Promise((r) => app.process().once('exit', () => r(true)))),
  new Promise((r) => setTimeout(() => r(false), 15_000)),
]).catch(() => false)
if (ended === false && app.process().exitCode === null) app.process().kill('SIGKILL')
seen.left = children().filter((p) => p.command.includes('engine/main.ts')).length
process.stdout.write(`SEEN ${JSON.stringify(seen)}\n`)
process.exit(0)

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
function children() {
  return execFileSync('ps', ['-u', String(process.getuid()), '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => ({ pid: Number(line.trim().split(/\s+/)[0]), command: line.trim().split(/\s+/).slice(1).join(' ') }))
    .filter((p) => p.pid > 0)
}
