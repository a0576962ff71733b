// What package.json and the lock files promise: exact pins, every platform, no address of one particular registry.
import { expect, test } from 'vitest'
import { holes, type LockedPackage } from './complete-lock.mjs'
import { files, textOf } from './tree.ts'

type Pins = Record<string, string>
const manifest = JSON.parse(textOf('package.json')) as Record<
  'dependencies' | 'devDependencies' | 'optionalDependencies',
  Pins | undefined
>
const lock = JSON.parse(textOf('package-lock.json')) as { packages: Record<string, LockedPackage & Partial<typeof manifest>> }
const pins = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies }

test('every dependency is pinned to one exact version', () => {
  expect(Object.entries(pins).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
})

test('the lock file is the one of package.json', () => {
  const { dependencies, devDependencies, optionalDependencies } = lock.packages[''] ?? {}
  expect({ ...dependencies, ...devDependencies, ...optionalDependencies }).toEqual(pins)
  const off = Object.entries(pins).filter(([name, version]) => lock.packages[`node_modules/${name}`]?.version !== version)
  expect(off.map(([name, version]) => `${name} ${version} is not what the lock holds; run npm run lock`)).toEqual([])
})

test('the lock file holds the packages of every platform', () => {
  expect(holes(lock.packages).map(({ name }) => `${name} is missing; run npm run lock`)).toEqual([])
})

test('a lock with a hole is noticed', () => {
  expect(holes({ 'node_modules/tool': { optionalDependencies: { '@tool/cli-darwin-arm64': '1.2.3' } } })).toEqual([
    { name: '@tool/cli-darwin-arm64', entry: { version: '1.2.3', cpu: ['arm64'], os: ['darwin'], optional: true } },
  ])
})

test('no lock file names the address that a package came from', () => {
  const named = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
  expect(named.map(([path]) => path)).toEqual([])
  const python = files.filter((file) => file.startsWith('setup/python/') && /:\/\//.test(textOf(file)))
  expect(python).toEqual([])
})

test('every Python lock pins each package with hashes', () => {
  const locks = files.filter((file) => /^setup\/python\/.*\.lock$/.test(file))
  expect(locks.length).toBeGreaterThan(3)
  for (const file of locks) {
    const entries = textOf(file)
      .split(/\n(?=[a-zA-Z0-9])/)
      .filter((entry) => /^[a-zA-Z0-9]/.test(entry))
    expect(
      entries.filter((entry) => !/^[\w.-]+(\[[\w,-]+\])?==\S+/.test(entry) || !entry.includes('--hash=sha256:')),
      file,
    ).toEqual([])
  }
})
