// When a process started, so that a pid that was given to another program since is not taken for the one we knew.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** Text that is compared only with itself; '' when there is no such process. */
export async function processStart(pid: number): Promise<string> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return ''
  if (process.platform !== 'linux') {
    return await new Promise((resolve) =>
      execFile('ps', ['-o', 'lstart=', '-p', String(pid)], { timeout: 5000 }, (error, out) => resolve(error ? '' : out.trim())),
    )
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  if (stat === '') return ''
  // The name in parentheses may hold anything, so count from the last one: field 3 is the state, field 22 the start in ticks since boot.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return ''
  // Ticks count from boot: with the boot's id a pid file that survived a reboot never matches.
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return `${fields[19] ?? ''}@${boot.trim().slice(0, 8)}`
}
