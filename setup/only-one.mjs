// One set-up at a time, across processes: a lock file that names its owner by pid and start time, so that a lock left by a
// killed launcher (or whose pid was given to another program since) is recognised and taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { read, readJson } from './places.mjs'
import { ask } from './processes.mjs'
import { say, Trouble } from './say.mjs'

const POLL_MS = 250

/** When a process started, as text that is compared only with itself; '' when there is no such process. */
export function startOf(pid) {
  if (process.platform === 'linux') {
    const stat = read(`/proc/${pid}/stat`)
    return stat ? (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '') : ''
  }
  return (ask('ps', ['-o', 'lstart=', '-p', String(pid)]) ?? '').trim()
}

function take(file, mine) {
  try {
    mkdirSync(dirname(file), { recursive: true })
    // Written beside and linked in: the lock is never seen half written.
    writeFileSync(`${file}.${process.pid}`, mine)
    linkSync(`${file}.${process.pid}`, file)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw new Trouble(
      `The folder ${dirname(file)} can't be written (${error.code ?? error.message}).`,
      'Free space or correct its owner, or set XDG_CACHE_HOME to another folder, then try again.',
    )
  } finally {
    rmSync(`${file}.${process.pid}`, { force: true })
  }
}

function ownerIsGone(file) {
  const owner = readJson(file)
  return owner ? startOf(owner.pid) !== owner.start : false
}

function sweep(file) {
  // Renaming first makes sure that of several waiters only one removes the stale lock, and nobody a fresh one.
  const seen = read(file)
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') !== seen) linkSync(aside, file)
  } catch {
    return // another waiter was quicker
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Runs `work` while holding the lock; waits up to `waitMs` for another launcher, saying so once. */
export async function onlyOne(file, what, work, waitMs = 20 * 60_000) {
  const mine = JSON.stringify({ pid: process.pid, start: startOf(process.pid) })
  const untilMs = Date.now() + waitMs
  let said = false
  while (!take(file, mine)) {
    if (ownerIsGone(file)) {
      sweep(file)
      continue
    }
    if (!said) say(`another Updraft (process ${readJson(file)?.pid ?? '?'}) is busy with ${what}; waiting for it`)
    said = true
    if (Date.now() > untilMs)
      throw new Trouble(
        `Another Updraft has been busy with ${what} for ${waitMs / 60_000} minutes.`,
        `End process ${readJson(file)?.pid}, or remove ${file}, and try again.`,
      )
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const release = () => {
    if (read(file) === mine) rmSync(file, { force: true })
  }
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.removeListener('exit', release)
    release()
  }
}
