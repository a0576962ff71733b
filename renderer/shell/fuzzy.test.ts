import { expect, test } from 'vitest'
import { fuzzy, fuzzySort } from './fuzzy.ts'

const names = [
  'src/train.py',
  'src/model.py',
  'notebooks/train_ddp.ipynb',
  'README.md',
  'data/terrain.csv',
  'tests/test_train.py',
]
const best = (query: string): string[] => fuzzySort(query, names, (n) => n, 3).map((f) => f.item)

test('whole words at their start come first', () => {
  expect(best('train')[0]).toBe('src/train.py')
  expect(best('tddp')[0]).toBe('notebooks/train_ddp.ipynb')
  expect(best('stm')).toEqual([])
  expect(best('smod')).toEqual(['src/model.py'])
})

test('matched letters are named for marking', () => {
  expect(fuzzy('rc', 'Run cell')?.at).toEqual([0, 4])
  expect(fuzzy('xyz', 'Run cell')).toBeUndefined()
})
