// Child processes of the launcher: run to the end with their last words kept, or handed the terminal with signals passed on.
// Every child that set-up starts ends with the launcher, so a Ctrl-C leaves nothing behind.
import { spawn, spawnSync } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './places.mjs'

const live = new Set()

/** Called whenever a child begins or ends; a set-up lock writes them down, so that its heir can end what a killed owner left. */
export const children = { changed: new Set(), pids: () => [...live].map(({ pid }) => pid).filter(Boolean) }
const tell = () => {
  for (const hear of children.changed) hear()
}
const KEPT_BYTES = 16_384

/**
 * The environment for Python that we start. Both variables come with many images and cost much here: without bytecode Ray
 * starts in 25 s instead of 3, and unbuffered output makes a print flood several times slower.
 */
export function pythonEnvironment(more = {}) {
  const {
    PYTHONDONTWRITEBYTECODE: _a,
    PYTHONUNBUFFERED: _b,
    PYTHONHOME: _c,
    PYTHONPATH: _d,
    __PYVENV_LAUNCHER__: _e,
    ...rest
  } = process.env
  return { ...rest, ...more }
}

function stopAll(signal) {
  for (const child of live) child.kill(signal)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopAll('SIGTERM')
    if (!handedOver) process.exit(128 + constants.signals[signal])
  })
}
let handedOver = false

/**
 * Runs a command to its end. Resolves to {status, out, last}: `out` is its stdout, `last` the last 16 KB of both streams.
 * `show` passes its output through to stderr. Never rejects: a missing command is status 127.
 */
export function run(command, args, { env = process.env, cwd = root, timeoutMs = 0, show = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    live.add(child)
    tell()
    let out = ''
    let last = ''
    const keep = (text) => {
      last = (last + text).slice(-KEPT_BYTES)
      if (show) process.stderr.write(text)
    }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      out += text
      keep(text)
    })
    child.stderr.setEncoding('utf8').on('data', keep)
    const timer = timeoutMs > 0 ? setTimeout(() => child.kill('SIGKILL'), timeoutMs) : undefined
    const done = (status, why = '') => {
      clearTimeout(timer)
      live.delete(child)
      tell()
      resolve({ status, out, last: last + why })
    }
    child.on('error', (error) => done(127, `${command}: ${error.message}`))
    child.on('close', (code, signal) =>
      done(code ?? 128 + (constants.signals[signal] ?? 0), signal ? `\n(ended by ${signal})` : ''),
    )
  })
}

/** A short question to a program, answered at once: its stdout, or undefined when it fails or takes longer than 10 s. */
export function ask(command, args, env = process.env) {
  const done = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: 10_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return done.status === 0 ? done.stdout : undefined
}

const SAME_SIGNAL_MS = 500

/**
 * Hands over to a long-living child and resolves with its exit code. The child gets a process group of its own, and each signal
 * once: a terminal and npm both send theirs to everybody, and the engine takes a second one for "at once, leave all as it is".
 */
export function handOver(command, args, { env = process.env, cwd = root } = {}) {
  handedOver = true
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(signal)
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: 'inherit', detached: true })
    const passedMs = new Map()
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => {
        const nowMs = Date.now()
        if (nowMs - (passedMs.get(signal) ?? 0) < SAME_SIGNAL_MS) return
        passedMs.set(signal, nowMs)
        child.kill(signal)
      })
    }
    child.on('error', (error) => {
      process.stderr.write(`updraft: ${command} could not be started: ${error.message}\n`)
      resolve(1)
    })
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}

/**
 * Runs one long step in its own process group with its output shown as it comes, and ends the whole group at the limit, so
 * that a hung test leaves no kernels or browsers behind. Resolves with the exit code (124 at the limit).
 */
export function runStep(title, command, args, { env = process.env, limitMs, hear = () => {} }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    const group = { kill: (signal) => endGroup(child.pid, signal) }
    live.add(group)
    let late = false
    const timer = setTimeout(() => {
      late = true
      process.stderr.write(`updraft: ${title} took longer than ${Math.round(limitMs / 60_000)} minutes and is ended\n`)
      group.kill('SIGTERM')
      setTimeout(() => group.kill('SIGKILL'), 5000).unref()
    }, limitMs)
    const show = (stream) => (text) => {
      stream.write(text)
      hear(text)
    }
    child.stdout.setEncoding('utf8').on('data', show(process.stdout))
    child.stderr.setEncoding('utf8').on('data', show(process.stderr))
    const done = (code) => {
      clearTimeout(timer)
      live.delete(group)
      group.kill('SIGKILL') // what a step leaves in its group has no owner any more
      resolve(late ? 124 : code)
    }
    child.on('error', (error) => {
      process.stderr.write(`updraft: ${title}: ${error.message}\n`)
      done(127)
    })
    // 'exit' and not 'close': a grandchild that keeps the pipe open must not keep the step open.
    child.on('exit', (code, signal) => setTimeout(() => done(code ?? 128 + (constants.signals[signal] ?? 0)), 100))
  })
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch {
    // the group is gone
  }
}
