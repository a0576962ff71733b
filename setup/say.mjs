// What the launcher says while it sets things up: named phases with a clock on stderr, and troubles as letters
// (what happened, what to do). stdout stays free for results, so that `updraft.mjs python --print` can be used in scripts.

/** A failure that the person can act on: one sentence why, one remedy. */
export class Trouble extends Error {
  constructor(why, remedy, details = '') {
    super(why)
    this.remedy = remedy
    this.details = details
  }
}

const began = Date.now()
const running = new Map()
let ticker
let liveLine = false

const seconds = (fromMs) => `${((Date.now() - fromMs) / 1000).toFixed(1)} s`

function clearLive() {
  if (liveLine) process.stderr.write('\r\x1b[K')
  liveLine = false
}

export function say(line) {
  clearLive()
  process.stderr.write(`updraft: ${line}\n`)
}

function tick() {
  const now = [...running].map(([name, startMs]) => `${name} ${Math.round((Date.now() - startMs) / 1000)} s`).join(' · ')
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[Kupdraft: ${now}`)
    liveLine = true
  } else say(`    still at: ${now}`)
}

/**
 * Runs one named phase and says how long it took. Phases may overlap. `work` gets no argument; what it throws passes through.
 */
export async function phase(name, work) {
  const startMs = Date.now()
  running.set(name, startMs)
  say(`${name} …`)
  ticker ??= setInterval(tick, process.stderr.isTTY ? 1000 : 15_000)
  ticker.unref()
  try {
    const result = await work()
    say(`${name}: ${seconds(startMs)}`)
    return result
  } catch (error) {
    say(`${name}: failed after ${seconds(startMs)}`)
    throw error
  } finally {
    running.delete(name)
    if (running.size === 0) {
      clearInterval(ticker)
      ticker = undefined
      clearLive()
    }
  }
}

export const elapsed = () => seconds(began)

const DISK_WORDS = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EACCES: 'it may not be written',
  EPERM: 'it may not be written',
  EROFS: 'it is read-only',
}

/** What the disk refused, as a Trouble; anything else as it is. */
function explain(error) {
  const word = DISK_WORDS[error?.code]
  if (!word || !error.path) return error
  return new Trouble(
    `${error.path} could not be written: ${word}.`,
    'Free space or correct its owner (or set XDG_CACHE_HOME to another folder), then try again.',
  )
}

/** Says a trouble and ends the launcher with 1. Anything that is not a Trouble is a defect of ours and keeps its stack. */
export function fail(thrown) {
  clearLive()
  const error = explain(thrown)
  if (error instanceof Trouble) {
    if (error.details) process.stderr.write(`${error.details.trimEnd()}\n`)
    process.stderr.write(`updraft: ${error.message}\n         ${error.remedy}\n`)
  } else {
    process.stderr.write(`updraft: the launcher itself failed.\n${error?.stack ?? error}\n`)
  }
  process.exit(1)
}
