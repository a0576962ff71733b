// Node 24 runs the engine's TypeScript as it stands. It is the system's own when new enough, else the one that npm brought as
// an optional package (none is published there for macOS).
import { at, exists } from './places.mjs'
import { ask } from './processes.mjs'
import { Trouble } from './say.mjs'

const NEEDED = 24
const major = (version) => Number(version.split('.')[0])

/** The path of a Node of at least 24, or undefined. */
export function findNode24() {
  // A first `npm start` may itself run on the packaged Node, which `npm ci` has just replaced: then look again.
  if (major(process.versions.node) >= NEEDED && exists(process.execPath)) return process.execPath
  const packaged = at('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (!exists(packaged)) return undefined
  // Asked each time (30 ms): a Node built for another libc is found here and not as a riddle later.
  const version = ask(packaged, ['-p', 'process.versions.node'])
  return version && major(version) >= NEEDED ? packaged : undefined
}

export function requireNode24() {
  const node = findNode24()
  if (node) return node
  throw new Trouble(
    `Node ${NEEDED} is needed (this is ${process.version}), and none is packaged for ${process.platform}-${process.arch}.`,
    `Install Node ${NEEDED} (nodejs.org, or \`brew install node@${NEEDED}\`), then run \`npm start\` again.`,
  )
}
