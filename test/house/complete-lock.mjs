// A registry that lacks other platforms' packages leaves holes in package-lock.json, and then `npm ci` refuses everywhere
// ("Missing: x from lock file"). This fills each hole with the version that its parent pins, marked for its platform, so that
// `npm ci` skips it here and fetches it there. Runs after every change of dependencies: `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const SYSTEMS = {
  darwin: 'darwin',
  macos: 'darwin',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  win: 'win32',
  wasm32: 'wasm',
  wasi: 'wasm',
}
for (const same of ['android', 'freebsd', 'openbsd', 'netbsd', 'sunos', 'aix', 'openharmony']) SYSTEMS[same] = same
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 'ppc64le', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32']

/** The folders in which Node would look for a package wanted by `path`, nearest first. */
const lookups = (path) =>
  [...path.matchAll(/node_modules\/(?:@[^/]+\/)?[^/]+/g)]
    .map((_, index, all) => `${all.slice(0, index + 1).join('/')}/`)
    .concat('')

function platformOf(name) {
  const words = name
    .replace(/^@[^/]+\//, '')
    .split(/[-_.]/)
    .map((word) => (word === 'armv7' ? 'arm' : word))
  const os = words.map((word) => SYSTEMS[word]).find(Boolean)
  const cpu = words.find((word) => PROCESSORS.includes(word))
  const libc = words.includes('musl') ? 'musl' : words.some((word) => /^gnu/.test(word)) ? 'glibc' : undefined
  return os || cpu
    ? { ...(cpu ? { cpu: [cpu] } : {}), ...(os ? { os: [os] } : {}), ...(libc ? { libc: [libc] } : {}) }
    : undefined
}

/** The optional platform packages that some package wants and the lock does not hold: [{name, entry}]. */
export function holes(packages) {
  const found = []
  for (const [path, wants] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(wants.optionalDependencies ?? {})) {
      if (lookups(path).some((folder) => packages[`${folder}node_modules/${name}`])) continue
      const platform = platformOf(name)
      if (platform)
        found.push({
          name,
          entry: { version: range.replace(/^[\^~=v]+/, ''), ...(wants.dev ? { dev: true } : {}), ...platform, optional: true },
        })
    }
  }
  return found
}

function main() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const found = holes(lock.packages)
  // Where a tarball came from is this machine's affair; its hash says what it is.
  for (const entry of Object.values(lock.packages)) if (entry.integrity) delete entry.resolved
  for (const { name, entry } of found) lock.packages[`node_modules/${name}`] = entry
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`package-lock.json: ${found.length} platform packages filled in`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main()
