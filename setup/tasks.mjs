// The small commands of a developer: build, pack, bench. Each sets up first and hands over to the folder that knows how.
import { at, exists } from './places.mjs'
import { engineEnvironment, prepare } from './prepare.mjs'
import { handOver } from './processes.mjs'
import { Trouble } from './say.mjs'
import { buildShell } from './shell.mjs'

async function script(path, args, { node, python }) {
  if (!exists(at(...path))) throw new Trouble(`This checkout has no ${path.join('/')}.`, 'Fetch the whole repository again.')
  return handOver(node, [at(...path), ...args], { env: engineEnvironment(python) })
}

export const bench = async (args) => script(['test', 'bench', 'run.ts'], args, await prepare())

export async function build() {
  const { node } = await prepare({ python: false })
  await buildShell(node)
  return 0
}

export async function pack(args) {
  const made = await prepare({ python: false })
  await buildShell(made.node)
  return script(['electron', 'pack.mjs'], args, made)
}
