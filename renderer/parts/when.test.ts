import { expect, test } from 'vitest'
import { parseWhen } from './when.ts'

const context = { notebookFocus: true, inputFocus: false, view: 'files', resource: 'src/a.ipynb', cells: 3 }
const holds = (clause: string): boolean => parseWhen(clause)(context)

test('clauses are read as VS Code reads them', () => {
  const clauses = [
    '',
    'notebookFocus',
    '!notebookFocus',
    'notebookFocus && !inputFocus',
    'inputFocus || notebookFocus',
    'inputFocus && x || notebookFocus',
    'inputFocus && (x || notebookFocus)',
    "view == 'files'",
    'view == files',
    'view != files',
    'cells == 3',
    'resource =~ /\\.ipynb$/',
    'resource =~ /\\.IPYNB$/i',
    'nothing',
    '!nothing',
    'true',
    'false || !false',
  ]
  expect(clauses.map((c) => `${holds(c) ? 'yes' : 'no '} ${c}`)).toMatchInlineSnapshot(`
    [
      "yes ",
      "yes notebookFocus",
      "no  !notebookFocus",
      "yes notebookFocus && !inputFocus",
      "yes inputFocus || notebookFocus",
      "yes inputFocus && x || notebookFocus",
      "no  inputFocus && (x || notebookFocus)",
      "yes view == 'files'",
      "yes view == files",
      "no  view != files",
      "yes cells == 3",
      "yes resource =~ /\\.ipynb$/",
      "yes resource =~ /\\.IPYNB$/i",
      "no  nothing",
      "yes !nothing",
      "yes true",
      "yes false || !false",
    ]
  `)
})

test('a clause that can not be read says where', () => {
  for (const bad of ['a &&', '(a', 'a b', '== x', 'a =~ b', 'a ? b']) expect(() => parseWhen(bad), bad).toThrow(SyntaxError)
})
