// The launcher as a user meets it: run as a program, with an empty home and its own cache, against the real package index.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { basePython } from '../worlds/python.ts'

const LAUNCHER = fileURLToPath(new URL('../../updraft.mjs', import.meta.url))
const SMALL = 'tiny' // an environment of one package, made in two seconds

let home: string
const started: ChildProcess[] = []

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'updraft-launcher-'))
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  rmSync(home, { recursive: true, force: true })
})

interface Ended {
  code: number | null
  out: string
  err: string
}

function launch(args: string[], env: NodeJS.ProcessEnv = {}) {
  const { UPDRAFT_BASE_PYTHON: _base, UPDRAFT_PYTHON: _python, ...rest } = process.env
  const cache = { XDG_CACHE_HOME: join(home, 'cache') }
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    env: { ...rest, ...cache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  const ended: Ended = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    ended.out += text
  })
  const done = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ ...ended, code })))
  const says = (word: string) =>
    new Promise<void>((resolve, reject) => {
      child.stderr.on('data', () => ended.err.includes(word) && resolve())
      child.on('close', () => reject(new Error(`it ended without saying "${word}":\n${ended.err}`)))
    })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    ended.err += text
  })
  return { child, done, says }
}

const made = () => readdirSync(join(home, 'cache', 'updraft', 'python')).filter((name) => name.startsWith(SMALL))

test('a word that is no command and no folder is refused with the commands listed', async () => {
  const { code, err } = await launch(['frobnicate']).done
  expect(code).toBe(1)
  expect(err).toContain('There is no command and no folder called "frobnicate".')
  expect(err).toContain('npm test')
})

test('doctor tells as JSON what is here and what to do about what is not', async () => {
  const { code, out } = await launch(['doctor', '--json']).done
  const told = JSON.parse(out) as { ok: boolean; findings: { name: string; state: string; todo?: string }[] }
  expect(told.findings.map(({ name }) => name)).toEqual([
    ...[
      'Node 24',
      'npm',
      'packages',
      'window',
      'Python',
      'base environment',
      'torch environment',
      'cache folder',
      'project folder',
    ],
    ...['shared memory', 'display', 'Electron', 'Chromium', 'git', 'GPU', 'engine'],
  ])
  expect(told.findings.filter(({ state, todo }) => state !== 'ok' && !todo)).toEqual([])
  expect(code).toBe(told.ok ? 0 : 1)
})

test('doctor finds the Python that does not fit, and says why', async () => {
  const { code, out } = await launch(['doctor'], { UPDRAFT_PYTHON: '/nowhere/python3' }).done
  expect(out).toContain('UPDRAFT_PYTHON names /nowhere/python3, which does not run.')
  expect(code).toBe(1)
})

test('two launchers at once make one environment', async () => {
  const [one, two] = await Promise.all([launch(['python', SMALL, '--print']).done, launch(['python', SMALL, '--print']).done])
  expect([one.code, two.code], one.err + two.err).toEqual([0, 0])
  expect(one.out).toBe(two.out)
  expect(made()).toHaveLength(1)
  expect([one.err, two.err].filter((text) => text.includes('waiting for it'))).toHaveLength(1)
})

test('a set-up killed in the middle is done again, and its lock is taken over', async () => {
  const first = launch(['python', SMALL, '--print'])
  await first.says('test tier')
  first.child.kill('SIGKILL')
  await first.done
  const again = await launch(['python', SMALL, '--print']).done
  expect(again.code, again.err).toBe(0)
  const third = await launch(['python', SMALL, '--print']).done
  expect(third.out).toBe(again.out)
  expect(third.err).toBe('')
})

test.runIf(process.platform === 'linux')(
  'a lock whose owner is gone is taken over, and the installer it left is ended',
  async () => {
    const first = await launch(['python', SMALL, '--print']).done
    const folder = dirname(dirname(first.out.trim()))
    rmSync(folder, { recursive: true })
    const installer = spawn('sleep', ['60'], { stdio: 'ignore' })
    const ended = new Promise((resolve) => installer.on('exit', (_code, signal) => resolve(signal)))
    const stat = readFileSync(`/proc/${installer.pid}/stat`, 'utf8')
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    // The owner's pid lives (it is this test's), but belongs to another program since.
    const lock = { pid: process.pid, start: 'long ago', children: [{ pid: installer.pid, start }] }
    writeFileSync(join(home, 'cache', 'updraft', 'locks', basename(folder)), JSON.stringify(lock))
    const again = await launch(['python', SMALL, '--print']).done
    expect(again.out, again.err).toBe(first.out)
    expect(await ended).toBe('SIGKILL')
  },
)

test('a cache folder that is a file is said, with what to do', async () => {
  mkdirSync(join(home, 'cache'))
  writeFileSync(join(home, 'cache', 'updraft'), 'in the way')
  const { code, err } = await launch(['python', SMALL, '--print']).done
  expect(code).toBe(1)
  expect(err).toContain("can't be written")
  expect(err).toContain('XDG_CACHE_HOME')
})

test('an index that does not answer is said, with what the installer said', async () => {
  const nowhere = 'http://127.0.0.1:9/simple'
  const quick = {
    PIP_RETRIES: '0',
    PIP_DEFAULT_TIMEOUT: '3',
    UV_HTTP_TIMEOUT: '3',
    UV_HTTP_RETRIES: '0',
    UV_CACHE_DIR: join(home, 'uv'),
    PIP_CACHE_DIR: join(home, 'pip'),
  }
  const { code, err } = await launch(['python', SMALL, '--print'], {
    ...quick,
    PIP_INDEX_URL: nowhere,
    UV_DEFAULT_INDEX: nowhere,
    PIP_FIND_LINKS: '',
  }).done
  expect(code).toBe(1)
  expect(err).toContain('The Python environment could not be installed.')
  expect(err).toContain('Check the network')
})

test('the heavy environment is never made without being asked for', async () => {
  const { code, err } = await launch(['python', 'torch', '--print']).done
  expect(code).toBe(1)
  expect(err).toContain('7.2 GB on disk')
  expect(err).toContain('--yes')
})

test('a signal to everybody reaches the engine once, and it ends well', async () => {
  const own = { UPDRAFT_HOME: join(home, 'h'), UPDRAFT_BASE_PYTHON: basePython(), XDG_CACHE_HOME: join(home, 'cache') }
  const child = spawn(process.execPath, [LAUNCHER, 'start', '--browser', '--no-open', '--port', '0'], {
    env: { ...process.env, ...own },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  started.push(child)
  let out = ''
  const serving = new Promise<void>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
      if (out.includes('Updraft is at http://')) resolve()
    })
    child.on('close', () => reject(new Error(`it ended without an address:\n${out}`)))
  })
  const ended = new Promise((resolve) => child.on('close', resolve))
  await serving
  // As a terminal, npm and a service manager do it together.
  process.kill(-(child.pid as number), 'SIGTERM')
  process.kill(child.pid as number, 'SIGTERM')
  expect(await ended).toBe(0)
  const log = readFileSync(join(home, 'h', 'state', 'engine.log'), 'utf8')
  expect(log.match(/"what":"ending","why":"SIGTERM"/g)).toHaveLength(1)
}, 180_000)

test('every option in the help is one that the launcher knows', () => {
  const text = readFileSync(LAUNCHER, 'utf8')
  for (const word of [
    'serve',
    'run',
    'ray',
    'doctor',
    'diagnose',
    'python',
    'electron',
    'check',
    'test',
    'bench',
    'build',
    'pack',
  ]) {
    expect(text).toMatch(new RegExp(`^ {2}${word}:|^ {2}${word},`, 'm'))
  }
})
