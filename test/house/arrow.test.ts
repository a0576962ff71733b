// The arrow of the house, read from the imports: each violation is one line that names the file, the line and the reason.
import { expect, test } from 'vitest'
import { objection } from './arrow.ts'
import { cycles } from './cycles.ts'
import { type Import, importsOf, sources, where } from './tree.ts'

const all = sources('kernels', 'engine', 'renderer', 'electron', 'setup')
const imports = all.flatMap(importsOf)
const wrong = (one: Import) => {
  const why = objection(one)
  return why ? [`${where(one)} imports ${one.to}: ${why}`] : []
}

test('every import follows the arrow kernels, engine, renderer, electron, test', () => {
  expect(imports.flatMap(wrong)).toEqual([])
})

test('no files import each other in a circle', () => {
  expect(cycles(imports.filter(({ typeOnly }) => !typeOnly))).toEqual([])
})

test.each([
  ['renderer/notebook/page.tsx', 'engine/notebooks/document.ts'],
  ['engine/contract/wire.ts', 'engine/live/feed.ts'],
  ['engine/ray/cluster.ts', 'engine/notebooks/document.ts'],
  ['renderer/notebook/page.tsx', 'renderer/files/tree.tsx'],
  ['renderer/parts/button.tsx', 'renderer/notebook/page.tsx'],
  ['renderer/files/tree.tsx', 'renderer/shell/views.ts'],
  ['kernels/index.ts', 'engine/support/scope.ts'],
  ['engine/main.ts', 'electron'],
  ['renderer/link/socket.ts', 'node:fs'],
  ['setup/places.mjs', 'ws'],
])('%s importing %s is refused', (from, to) => {
  expect(objection({ from, to, typeOnly: false, line: 1 })).toBeTypeOf('string')
})

test('a circle of three files is found', () => {
  const edge = (from: string, to: string) => ({ from, to, typeOnly: false, line: 1 })
  expect(cycles([edge('a.ts', 'b.ts'), edge('b.ts', 'c.ts'), edge('c.ts', 'a.ts'), edge('c.ts', 'd.ts')])).toEqual([
    'a.ts -> b.ts -> c.ts -> a.ts',
  ])
})
