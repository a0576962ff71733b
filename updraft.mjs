#!/usr/bin/env node
// The launcher: `npm start`, `npm test` and the command line. No dependencies and no TypeScript, because it has to run on the
// Node that is there (18 or newer) before anything is installed. It sets up what is missing (setup/), then hands over to Node 24.
import { at, exists, readJson } from './setup/places.mjs'
import { fail, say, Trouble } from './setup/say.mjs'

const [major] = process.versions.node.split('.').map(Number)
// Absent in a packaged app, which carries this program to make its Python environments.
const version = readJson(at('package.json'))?.version ?? ''
const USAGE = `Updraft ${version}: a notebook-style IDE for AI compute

  npm start [-- folder]              open the window (or, without a display, serve the page to a browser)
     --browser --no-open --port N    serve the page; do not open a browser; on this port (0: any)
  npm test                           set up, then run every test that can run here

  ./updraft.mjs serve [folder]       serve the page without opening anything
  ./updraft.mjs run FILE.ipynb       run a notebook to the end [--output F] [--param k=v] [--allow-errors] [--json]
  ./updraft.mjs ray start|status|stop
  ./updraft.mjs status [--json]      the engine that runs, its Ray and its kernels
  ./updraft.mjs doctor [--json]      what is here, what is missing, what to do
  ./updraft.mjs diagnose             a bundle to send, secrets removed, shown first
  ./updraft.mjs python [base|torch]  make a Python environment; --print: only its path; --yes: don't ask
  ./updraft.mjs electron             fetch the desktop window's binary
  ./updraft.mjs check|test|bench|build|pack
`

/** Hands over to the engine's program on Node 24 and ends with its exit code. */
async function engine(entry, args) {
  const { prepare, engineEnvironment } = await import('./setup/prepare.mjs')
  const { handOver } = await import('./setup/processes.mjs')
  const { node, python } = await prepare()
  if (!exists(at('engine', entry)))
    throw new Trouble(`This checkout has no engine/${entry}.`, 'Fetch the whole repository again.')
  return handOver(node, [at('engine', entry), ...args], { env: engineEnvironment(python), cwd: process.cwd() })
}

async function start(args) {
  const { prepare, engineEnvironment } = await import('./setup/prepare.mjs')
  const { handOver } = await import('./setup/processes.mjs')
  const { desktopWindow } = await import('./setup/desktop.mjs')
  const { buildShell } = await import('./setup/shell.mjs')
  const { node, python } = await prepare()
  const env = { ...engineEnvironment(python), UPDRAFT_NODE: node }
  if (!args.includes('--browser')) {
    await buildShell(node)
    const { binary, why } = await desktopWindow(node)
    if (binary) {
      const beganMs = Date.now()
      const code = await handOver(binary, [at(), ...args], { env, cwd: process.cwd() })
      if (code === 0 || Date.now() - beganMs > 10_000) return code
      say(`the desktop window ended at once with code ${code}, so the page is served to a browser`)
    } else say(why)
  }
  return handOver(node, [at('engine', 'main.ts'), '--browser', ...args.filter((arg) => arg !== '--browser')], {
    env,
    cwd: process.cwd(),
  })
}

const commands = {
  start,
  serve: (args) => engine('cli.ts', ['serve', ...args]),
  run: (args) => engine('cli.ts', ['run', ...args]),
  ray: (args) => engine('cli.ts', ['ray', ...args]),
  status: (args) => engine('cli.ts', ['status', ...args]),
  diagnose: (args) => engine('cli.ts', ['diagnose', ...args]),
  doctor: async (args) => (await import('./setup/doctor.mjs')).doctor(args),
  python: async (args) => (await import('./setup/python-command.mjs')).pythonCommand(args),
  electron: async () => {
    const { prepare } = await import('./setup/prepare.mjs')
    const { electronBinary, fetchElectron } = await import('./setup/desktop.mjs')
    const { node } = await prepare({ window: false, python: false })
    const binary = electronBinary() ?? (await fetchElectron(node, { again: true }))
    if (!binary)
      throw new Trouble(
        'Electron could not be fetched.',
        'Its address may be blocked here: ask your network, or set UPDRAFT_ELECTRON to an Electron you have. The browser serves the same page.',
      )
    process.stdout.write(`${binary}\n`)
    return 0
  },
  test: async (args) => (await import('./setup/test.mjs')).test(args),
  check: async () => (await import('./setup/check.mjs')).check(),
  bench: async (args) => (await import('./setup/tasks.mjs')).bench(args),
  build: async () => (await import('./setup/tasks.mjs')).build(),
  pack: async (args) => (await import('./setup/tasks.mjs')).pack(args),
}

async function main([name = 'start', ...rest]) {
  if (major < 18)
    throw new Trouble(
      `This is Node ${process.versions.node}; the launcher needs 18 or newer.`,
      'Install a current Node.js, then try again.',
    )
  if (['help', '--help', '-h'].includes(name)) return process.stdout.write(USAGE) && 0
  if (['version', '--version', '-v'].includes(name)) return process.stdout.write(`${version}\n`) && 0
  if (Object.hasOwn(commands, name)) return commands[name](rest)
  // `./updraft.mjs notebooks/` and `./updraft.mjs --port 0` mean start.
  if (name.startsWith('--') || exists(name)) return start([name, ...rest])
  process.stderr.write(USAGE)
  throw new Trouble(`There is no command and no folder called "${name}".`, 'The commands are listed above.')
}

main(process.argv.slice(2)).then((code) => process.exit(code ?? 0), fail)
