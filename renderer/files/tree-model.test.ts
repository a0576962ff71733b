import { expect, test } from 'vitest'
import type { FolderState } from '../../engine/contract/topics/workspace.ts'
import { rowsOf } from './tree-model.ts'

const folder = (path: string, names: readonly string[], total = names.length): FolderState => ({
  path,
  total,
  entries: names.map((n) =>
    n.endsWith('/') ? { name: n.slice(0, -1), kind: 'folder' as const } : { name: n, kind: 'file' as const },
  ),
})
const print = (folders: Map<string, FolderState | undefined>): string =>
  rowsOf(folders)
    .map((r) => `${'  '.repeat(r.depth)}${r.kind === 'folder' ? (r.open ? (r.waiting ? '… ' : 'v ') : '> ') : '- '}${r.name}`)
    .join('\n')

test('open folders show what is in them, folders first, numbers as people count', () => {
  const folders = new Map<string, FolderState | undefined>([
    ['', folder('', ['run10.py', 'run2.py', 'src/', 'data/', 'README.md'])],
    ['src', folder('src', ['model.py', 'nets/'])],
    ['src/nets', undefined],
  ])
  expect(print(folders)).toMatchInlineSnapshot(`
    "> data
    v src
      … nets
      - model.py
    - README.md
    - run2.py
    - run10.py"
  `)
})

test('a folder that is cut says its total', () => {
  expect(print(new Map([['', folder('', ['a', 'b'], 48_211)]]))).toContain('2 of 48211 shown')
})
