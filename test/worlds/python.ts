// The Pythons that tests run in: the base environment that the launcher makes, and the tiers that only some tests need.
// A test that can't have its world is skipped with the reason and the way to get it; CI (UPDRAFT_REQUIRE=all) fails instead.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findChromium } from '../../setup/doctor.mjs'
import { readyEnvironment } from '../../setup/python-env.mjs'

export type Tier = 'torch' | 'nbformat' | 'ipykernel-6.29' | 'ipykernel-7.0'

const launcher = fileURLToPath(new URL('../../updraft.mjs', import.meta.url))
let made: string | undefined

/** The interpreter of the base environment (Ray, ipykernel, numpy, matplotlib). Made first when there is none: about 25 s. */
export function basePython(): string {
  made ??= process.env['UPDRAFT_PYTHON'] ?? readyEnvironment('base') ?? makeBase()
  return made
}

function makeBase(): string {
  const done = spawnSync(process.execPath, [launcher, 'python', 'base', '--print'], { encoding: 'utf8', timeout: 600_000 })
  if (done.status !== 0) throw new Error(`The base Python environment could not be made:\n${done.stderr}`)
  return done.stdout.trim()
}

/** The interpreter of a tier (`npm test` names those it has made, e.g. UPDRAFT_TORCH_PYTHON), or undefined where nobody has made it. `npm test` makes the small ones, CI also torch. */
export const tierPython = (tier: Tier): string | undefined =>
  process.env[`UPDRAFT_${tier.toUpperCase().replace(/\W/g, '_')}_PYTHON`] ?? readyEnvironment(tier)

/** The browser of the end-to-end tests, or undefined. UPDRAFT_CHROMIUM names another one. */
export const chromium = (): string | undefined => findChromium()

/** True in CI, where a missing world is a failure. */
export const everythingIsRequired = (): boolean => process.env['UPDRAFT_REQUIRE'] === 'all'

/**
 * Returns `found`, or ends the test: skipped with the reason and the remedy, failed where everything is required.
 * Used as `const python = need(context, tierPython('torch'), 'the torch tier', './updraft.mjs python torch')`.
 */
export function need<T>(context: { skip(note?: string): never }, found: T | undefined, what: string, remedy: string): T {
  if (found !== undefined) return found
  const reason = `${what} is not here; to get it: ${remedy}`
  if (everythingIsRequired()) throw new Error(`UPDRAFT_REQUIRE=all, but ${reason}`)
  return context.skip(reason)
}
