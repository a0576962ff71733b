// One set-up at a time, across processes: a lock file that names its owner by pid and start time, so that a lock left by a
// killed launcher (or whose pid was given to another program since) is recognised and taken over. It names the owner's children
// too: an installer that outlived a kill -9 of its launcher is ended before anybody writes to the same folder.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { read, readJson, writeWhole } from './places.mjs'
import { ask, children } from './processes.mjs'
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
    discard(`${file}.${process.pid}`)
  }
}

function discard(file) {
  try {
    rmSync(file, { force: true })
  } catch {
    // its folder is not one; what happened before tells that better
  }
}

const isThere = ({ pid, start }) => start !== '' && startOf(pid) === start

function ownerIsGone(file) {
  const owner = readJson(file)
  return owner ? !isThere(owner) : false
}

const describe = (pids) =>
  JSON.stringify({ pid: process.pid, start: startOf(process.pid), children: pids.map((pid) => ({ pid, start: startOf(pid) })) })

function endOrphans(text) {
  for (const child of JSON.parse(text).children ?? []) {
    try {
      if (isThere(child)) process.kill(child.pid, 'SIGKILL')
    } catch {
      // it ended by itself
    }
  }
}

function sweep(file) {
  // Renaming first makes sure that of several waiters only one removes the stale lock, and nobody a fresh one.
  const seen = read(file)
  const aside = `${file}.stale.${process.pid}`
  try {
    renameSync(file, aside)
    if (readFileSync(aside, 'utf8') === seen) endOrphans(seen)
    else linkSync(aside, file)
  } catch {
    return // another waiter was quicker
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Runs `work` while holding the lock; waits up to `waitMs` for another launcher, saying so once. */
export async function onlyOne(file, what, work, waitMs = 20 * 60_000) {
  const untilMs = Date.now() + waitMs
  let said = false
  while (!take(file, describe([]))) {
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
  const isMine = () => readJson(file)?.pid === process.pid
  const release = () => {
    if (isMine()) rmSync(file, { force: true })
  }
  const note = () => {
    if (isMine()) writeWhole(file, describe(children.pids()))
  }
  children.changed.add(note)
  process.once('exit', release)
  try {
    return await work()
  } finally {
    children.changed.delete(note)
    process.removeListener('exit', release)
    release()
  }
}
