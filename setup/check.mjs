// `npm run check`: types, lint, house tests, all at once; under a minute, before each commit.
import { at } from './places.mjs'
import { prepare } from './prepare.mjs'
import { run } from './processes.mjs'
import { phase } from './say.mjs'

const bin = (name, file) => at('node_modules', ...name.split('/'), ...file)

export async function check() {
  const { node } = await prepare({ window: false, python: false })
  const parts = {
    'types (tsc -b)': [bin('typescript', ['bin', 'tsc']), '-b'],
    'lint (biome ci)': [bin('@biomejs/biome', ['bin', 'biome']), 'ci', '--colors=off', '.'],
    'house tests (vitest)': [bin('vitest', ['vitest.mjs']), 'run', '--project', 'house'],
  }
  const done = await Promise.all(
    Object.entries(parts).map(([name, args]) =>
      phase(name, async () => ({ name, ...(await run(node, args, { timeoutMs: 300_000 })) })),
    ),
  )
  const failed = done.filter(({ status }) => status !== 0)
  for (const { name, out, last } of failed)
    process.stderr.write(`\n── ${name}\n${(out.length > last.length ? out : last).trimEnd()}\n`)
  process.stderr.write(
    failed.length === 0 ? 'updraft: all is well\n' : `\nupdraft: ${failed.map(({ name }) => name).join(' and ')} failed\n`,
  )
  return failed.length === 0 ? 0 : 1
}
