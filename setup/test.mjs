// `npm test`: set-up, then every test that can run here, step by step, each with a limit, so that nothing hangs. The last line
// alone, "N passed, N failed, N skipped", sums all steps and is read by machines. `npm test -- PATH …` runs only those files.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findChromium } from './doctor.mjs'
import { at, exists, readJson } from './places.mjs'
import { engineEnvironment, prepare } from './prepare.mjs'
import { runStep } from './processes.mjs'
import { prepareEnvironment, readyEnvironment } from './python-env.mjs'
import { say, Trouble } from './say.mjs'
import { buildShell } from './shell.mjs'

const MINUTE_MS = 60_000
const TIERS = ['ipykernel-6.29', 'ipykernel-7.0']
const required = () => process.env.UPDRAFT_REQUIRE === 'all'

const hasTests = (folder, pattern) =>
  exists(at(folder)) && readdirSync(at(folder), { recursive: true }).some((name) => pattern.test(String(name)))

// Said to vitest alone: NO_COLOR would reach the kernels, whose coloured tracebacks are tested.
const colour = process.stdout.isTTY ? [] : ['--no-color']

/** One vitest run; its reporter leaves the counts in a file. Without that file it died before it could count. */
async function vitest(title, node, env, args, limitMs) {
  const folder = mkdtempSync(join(tmpdir(), 'updraft-results-'))
  const results = join(folder, 'results.json')
  try {
    const status = await runStep(
      title,
      node,
      [at('node_modules', 'vitest', 'vitest.mjs'), 'run', '--passWithNoTests', ...colour, ...args],
      {
        env: { ...env, UPDRAFT_RESULTS: results },
        limitMs,
      },
    )
    const counted = readJson(results) ?? { passed: 0, failed: 0, skipped: [] }
    return { title, ...counted, failed: status === 0 ? counted.failed : Math.max(1, counted.failed) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A Python program of the outpost's tests: it talks to a real outpost and real kernels, and sums itself up in its last lines. */
async function outpost(title, python, env, args) {
  let text = ''
  const hear = (more) => {
    text += more
  }
  const [program, ...options] = args
  const command = [at('test', 'outpost', program), '--python', python, ...options]
  const status = await runStep(title, python, command, { env: { ...env, UPDRAFT_PYTHON: python }, limitMs: 5 * MINUTE_MS, hear })
  const [, passed = 0, bad = 0, , names = ''] = text.match(/^(\d+) passed, (\d+) failed(, \d+ skipped: (.*))?$/m) ?? []
  const skipped = names
    .split(', ')
    .filter(Boolean)
    .map((name) => ({ title: `${title} > ${name}`, reason: 'a library is missing in this environment' }))
  return {
    title,
    passed: Number(passed),
    failed: status === 0 && Number(passed) > 0 ? Number(bad) : Math.max(1, Number(bad)),
    skipped,
  }
}

const absent = (title, reason) => {
  say(`${title}: not run, ${reason}`)
  return required()
    ? { title, passed: 0, failed: 1, skipped: [], note: reason }
    : { title, passed: 0, failed: 0, skipped: [{ title, reason }] }
}

/** Both paths and the kills on the newest ipykernel; the path that leans on ipykernel's internals on each older minor too. */
async function outpostTiers(base, env) {
  if (!exists(at('test', 'outpost', 'suite.py'))) return []
  const steps = [
    await outpost('the outpost, direct path', base, env, ['suite.py', '--path', 'direct']),
    await outpost('the outpost, bridge', base, env, ['suite.py', '--path', 'bridge']),
    await outpost('the outpost, killed', base, env, ['kills.py']),
  ]
  for (const tier of TIERS) {
    const title = `the outpost, direct path on ${tier}`
    const python = await prepareEnvironment(tier).catch((error) => (error instanceof Trouble ? error : Promise.reject(error)))
    steps.push(
      typeof python === 'string'
        ? await outpost(title, python, env, ['suite.py', '--path', 'direct'])
        : absent(title, python.message),
    )
  }
  return steps
}

async function browser(node, env) {
  const title = 'end to end, in a browser'
  if (!hasTests('test/e2e', /\.(test|spec)\.ts$/)) return []
  if (!findChromium())
    return [absent(title, 'no Chromium was found; to get it: `sudo apt install chromium`, or set UPDRAFT_CHROMIUM')]
  return [await vitest(title, node, env, ['--project', 'e2e'], 20 * MINUTE_MS)]
}

function conclude(steps) {
  const skipped = steps.flatMap((step) => step.skipped)
  if (skipped.length > 0) {
    process.stdout.write('\nskipped, and why:\n')
    for (const { title, reason } of skipped) process.stdout.write(`  ${title}\n      ${reason}\n`)
  }
  process.stdout.write('\n')
  for (const { title, passed, failed, skipped: none, note } of steps) {
    process.stdout.write(
      `${failed > 0 ? 'FAILED' : 'ok    '} ${title}: ${passed} passed, ${failed} failed, ${none.length} skipped${note ? ` (${note})` : ''}\n`,
    )
  }
  const sum = (pick) => steps.reduce((total, step) => total + pick(step), 0)
  const [passed, failed] = [sum((step) => step.passed), sum((step) => step.failed)]
  process.stdout.write(`\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`)
  return failed > 0 || (required() && skipped.length > 0) || passed === 0 ? 1 : 0
}

export async function test(args) {
  const { node, python } = await prepare()
  await buildShell(node)
  const { PYTHONDONTWRITEBYTECODE: _a, PYTHONUNBUFFERED: _b, ...rest } = engineEnvironment(python)
  const env = { ...rest, UPDRAFT_PYTHON: python, PATH: `${at('node_modules', '.bin')}:${rest.PATH}` }
  // UPDRAFT_PYTHON changes where environments are looked for, so the tests are told where these two are.
  const torch = readyEnvironment('torch')
  if (torch) env.UPDRAFT_TORCH_PYTHON = torch
  const nbformat = await prepareEnvironment('nbformat').catch((error) =>
    error instanceof Trouble ? undefined : Promise.reject(error),
  )
  if (nbformat) env.UPDRAFT_NBFORMAT_PYTHON = nbformat
  if (args.length > 0) return conclude([await vitest('chosen tests', node, env, args, 30 * MINUTE_MS)])
  if (required() && !readyEnvironment('torch'))
    say('UPDRAFT_REQUIRE=all, and the torch tier is missing: its tests will fail (`./updraft.mjs python torch --yes`)')
  const steps = [
    await vitest(
      'house, unit and suites',
      node,
      env,
      ['--project', 'house', '--project', 'unit', '--project', 'suites'],
      25 * MINUTE_MS,
    ),
  ]
  steps.push(...(await outpostTiers(python, env)))
  steps.push(...(await browser(node, env)))
  return conclude(steps)
}
