// nbformat's own test notebooks, of all versions: from its source archive on PyPI, fetched once by pip into the cache folder and checked by
// hash. Wheels do not hold them.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const VERSION = '5.11.1'
const SHA256 = '32d4521c68c6e7d5b29c76defaeed9f42ea733142b9b19f88277ce10390b9c4d'
/** pip makes a build environment only to read the archive's metadata: 15 to 90 s, once. */
const FETCH_MS = 300_000

/** Paths of the notebooks, or the reason why they can't be had. */
export function nbformatNotebooks(python: string): { paths: string[] } | { reason: string } {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  const folder = join(cache, 'updraft', 'test', `nbformat-${VERSION}`)
  const tests = join(folder, `nbformat-${VERSION}`, 'tests')
  if (!existsSync(join(folder, '.complete'))) {
    const reason = fetch(folder, python)
    if (reason !== undefined) return { reason }
  }
  const names = readdirSync(tests).filter((name) => name.endsWith('.ipynb'))
  return { paths: names.sort().map((name) => join(tests, name)) }
}

function fetch(folder: string, python: string): string | undefined {
  rmSync(folder, { recursive: true, force: true })
  const temp = `${folder}.${process.pid}`
  mkdirSync(temp, { recursive: true })
  try {
    const wish = [
      '-m',
      'pip',
      'download',
      '-q',
      '--disable-pip-version-check',
      '--no-binary',
      ':all:',
      '--no-deps',
      '-d',
      temp,
      `nbformat==${VERSION}`,
    ]
    // An environment that uv has made has no pip; the python on the path mostly has.
    const done = [python, 'python3', 'python']
      .map((p) => spawnSync(p, wish, { encoding: 'utf8', timeout: FETCH_MS }))
      .find((d, i) => d.status === 0 || i === 2)
    const archive = join(temp, `nbformat-${VERSION}.tar.gz`)
    if (!existsSync(archive)) return `pip could not fetch nbformat ${VERSION}: ${(done?.stderr ?? '').trim().split('\n').at(-1)}`
    const hash = createHash('sha256').update(readFileSync(archive)).digest('hex')
    if (hash !== SHA256) return `the archive of nbformat ${VERSION} has another hash than its pin (${hash})`
    const unpacked = spawnSync('tar', ['-xzf', archive, '-C', temp], { encoding: 'utf8' })
    if (unpacked.status !== 0) return `the archive of nbformat could not be unpacked: ${unpacked.stderr}`
    spawnSync('touch', [join(temp, '.complete')])
    renameSync(temp, folder)
    return undefined
  } finally {
    rmSync(temp, { recursive: true, force: true })
  }
}
