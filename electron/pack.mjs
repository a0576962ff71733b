// Packages the app: a folder that starts by itself. `./updraft.mjs pack [--dir] [--out FOLDER] [--electron FOLDER]`.
// The shell goes into an asar; the engine, the outpost, the window, the launcher's set-up and the Node they run on lie beside it as plain
// files, because another Node reads them. `--electron` names a folder with an Electron to use (else electron-builder fetches the pinned one).
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, Platform } from 'electron-builder'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const option = (name) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}
const out = resolve(option('--out') ?? join(root, 'release'))
const stage = join(root, 'dist', 'package')
const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const electronFolder = option('--electron')

/** What the engine imports at run time; their own dependencies are followed. Everything else of node_modules stays behind. */
const ENGINE_NEEDS = ['chokidar', 'diff', 'ignore', 'jsonc-parser', 'node-pty', 'picomatch', 'ws', 'zod']
const platform = process.platform === 'win32' ? 'win' : process.platform

function withDependencies(names, found = new Set()) {
  for (const name of names) {
    const file = join(root, 'node_modules', name, 'package.json')
    if (found.has(name) || !existsSync(file)) continue
    found.add(name)
    withDependencies(Object.keys(JSON.parse(readFileSync(file, 'utf8')).dependencies ?? {}), found)
  }
  return found
}

function stageProgram() {
  rmSync(stage, { recursive: true, force: true })
  const program = join(stage, 'updraft')
  mkdirSync(program, { recursive: true })
  const keep = (path) => !/\.test\.tsx?$|__pycache__|\.pyc$/.test(path)
  for (const name of [
    'engine',
    'kernels',
    'setup',
    'examples',
    'updraft.mjs',
    'LICENSE',
    join('dist', 'renderer'),
    join('dist', 'electron'),
  ]) {
    cpSync(join(root, name), join(program, name), { recursive: true, filter: keep })
  }
  for (const name of withDependencies(ENGINE_NEEDS)) {
    const foreign = new RegExp(`node-pty/prebuilds/(?!${process.platform}-${process.arch})|node-pty/(deps|src|third_party)/`)
    cpSync(join(root, 'node_modules', name), join(program, 'node_modules', name), {
      recursive: true,
      filter: (path) => !foreign.test(path),
    })
  }
  const { name, version, description, license, type, main } = about
  writeFileSync(
    join(program, 'package.json'),
    JSON.stringify({ name, version, description, license, type, main, private: true }, null, 2),
  )
  const node = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', platform === 'win' ? 'node.exe' : 'node')
  mkdirSync(join(stage, 'node'))
  cpSync(existsSync(node) ? node : process.execPath, join(stage, 'node', platform === 'win' ? 'node.exe' : 'node'))
  const shell = join(stage, 'shell')
  cpSync(join(root, 'dist', 'electron'), join(shell, 'dist', 'electron'), { recursive: true })
  writeFileSync(
    join(shell, 'package.json'),
    JSON.stringify(
      {
        name,
        productName: 'Updraft',
        version,
        description,
        license,
        main,
        author: 'Updraft',
        homepage: 'https://updraft.invalid',
      },
      null,
      2,
    ),
  )
  return { program, shell }
}

const { program, shell } = stageProgram()
await build({
  targets: (process.platform === 'darwin' ? Platform.MAC : Platform.LINUX).createTarget(
    process.argv.includes('--dir') || electronFolder ? 'dir' : undefined,
  ),
  projectDir: shell,
  publish: 'never',
  config: {
    appId: 'dev.updraft.app',
    productName: 'Updraft',
    executableName: 'updraft',
    directories: { output: out },
    files: ['dist/**', 'package.json'],
    asar: true,
    npmRebuild: false,
    electronVersion: electronFolder
      ? readFileSync(join(electronFolder, 'version'), 'utf8').trim().replace(/^v/, '')
      : about.devDependencies.electron,
    ...(electronFolder ? { electronDist: resolve(electronFolder) } : {}),
    extraResources: [
      { from: program, to: 'updraft' },
      { from: join(program, 'node_modules'), to: 'updraft/node_modules' },
      { from: join(stage, 'node'), to: 'node' },
    ],
    // An attacker who can set variables or arguments must not get a Node out of us.
    electronFuses: {
      runAsNode: false,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableCookieEncryption: true,
      onlyLoadAppFromAsar: true,
      enableEmbeddedAsarIntegrityValidation: process.platform === 'darwin',
    },
    fileAssociations: [{ ext: 'ipynb', name: 'Jupyter notebook', role: 'Editor', mimeType: 'application/x-ipynb+json' }],
    linux: { category: 'Development', target: ['AppImage', 'deb'], maintainer: 'Updraft' },
    mac: { category: 'public.app-category.developer-tools', target: ['dmg', 'zip'], hardenedRuntime: true },
  },
})
const made = readdirSync(out).find((name) => name.endsWith('unpacked') || name === 'mac' || name.startsWith('mac-'))
process.stdout.write(`${made ? join(out, made) : out}\n`)
