// The shape of files: short chapters, no default exports by habit, no escapes from the type checker, no word that belongs
// elsewhere. Exceptions are listed here with their size and may only shrink.
import { expect, test } from 'vitest'
import { files, isTest, sources, textOf } from './tree.ts'

const LINES_MAX = 400

/** Files above 400 lines, with the length they may not exceed. Take a file out as soon as it fits; never add one. */
const LONG: Record<string, number> = {}

const lines = (file: string): number => textOf(file).split('\n').length - 1
const written = files.filter((file) => /\.(tsx?|mjs|py|css)$/.test(file) && !/\/fixtures\//.test(file))

test('no file is longer than 400 lines', () => {
  const long = written.filter((file) => lines(file) > (LONG[file] ?? LINES_MAX))
  expect(long.map((file) => `${file} has ${lines(file)} lines; split it at an idea`)).toEqual([])
})

test('the list of long files holds only files that are long', () => {
  expect(Object.keys(LONG).filter((file) => !files.includes(file) || lines(file) <= LINES_MAX)).toEqual([])
})

test('every source file opens with a comment that says what it is', () => {
  const bare = sources('kernels', 'engine', 'renderer', 'electron', 'setup').filter(
    (file) => !file.endsWith('.d.ts') && !/^(#!.*\n)?(\/\/|\/\*)/.test(textOf(file)),
  )
  expect(bare).toEqual([])
})

test('a TypeScript file neither says any nor silences the compiler', () => {
  const typed = files.filter((file) => /\.tsx?$/.test(file) && !file.startsWith('test/house/'))
  const said = typed.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) =>
        /(?::|<|\bas|\|)\s*any\b(?!\s+\w)|@ts-(ignore|nocheck|expect-error)/.test(line.replace(/(^|\s)(\/\/|\*).*$/, '')) ||
        /@ts-(ignore|nocheck)/.test(line)
          ? [`${file}:${index + 1} ${line.trim()}`]
          : [],
      ),
  )
  expect(said).toEqual([])
})

test('files are named in kebab-case', () => {
  const named = files.filter(
    (file) =>
      /\.(tsx?|mjs)$/.test(file) &&
      !/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|spec|bench|config|d))*\.(tsx?|mts|mjs)$/.test(file.split('/').pop() as string),
  )
  expect(named).toEqual([])
})

test('no test is focused, and none sleeps instead of waiting for something', () => {
  const tests = files.filter((file) => isTest(file) && !file.startsWith('test/house/'))
  const focused = tests.filter((file) => /\b(test|it|describe)\.only\(/.test(textOf(file)))
  expect(focused).toEqual([])
})
