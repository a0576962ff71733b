// Words that would tie the project to one workplace, one registry or one place to run code. The patterns are put together from
// pieces, so that this file does not find itself.
import { expect, test } from 'vitest'
import { appHeaders, frameHeaders } from '../../engine/serve/headers.ts'
import { files, sources, textOf } from './tree.ts'

const readable = files.filter((file) => /\.(tsx?|m?js|cjs|py|css|html|md|json|ya?ml|toml|sh|in|lock|ipynb)$|^\.ci\//.test(file))

const found = (list: readonly string[], pattern: RegExp): string[] =>
  list.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1} ${line.trim().slice(0, 100)}`] : [])),
  )

test('no path of a workplace is written down', () => {
  const pattern = new RegExp(
    ['(^|[\\s\'"`=(:])/(wo', 'rk|ro', 'ot|ho', 'me/(?!u\\b|you\\b|user\\b|me\\b)\\w+)/|\\.\\./sha', 'red/'].join(''),
  )
  expect(
    found(
      readable.filter((file) => !file.includes('/fixtures/')),
      pattern,
    ),
  ).toEqual([])
})

test('no registry is named', () => {
  const pattern = new RegExp(
    ['registry\\.npm', 'js|registry\\.yarn', 'pkg|(files\\.python', 'hosted|pypi)\\.org|npm', 'mirror'].join(''),
  )
  expect(found(readable, pattern)).toEqual([])
})

test('only its own folder knows the name of a place to run code', () => {
  const allowed =
    /^(engine\/(targets|contract\/topics\/targets|templates|workspace\/language)|renderer\/targets|test|docs|examples|setup|electron)\b/
  const rest = sources('kernels', 'engine', 'renderer').filter((file) => !allowed.test(file))
  // language.ts knows the endings of files, whatever they are for. Comments may tell why something is as it is; code may not branch on a place.
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '')
  const pattern = /\b(slurm|kubernetes|kubectl|sbatch|squeue|srun)\b/i
  expect(rest.filter((file) => pattern.test(code(textOf(file))))).toEqual([])
})

test('only the frame of notebook HTML, whose origin is nobody, may eval', () => {
  const unsafe = new RegExp(['unsafe', '-eval'].join(''))
  const said = sources('kernels', 'engine', 'renderer', 'electron').concat(files.filter((file) => file.endsWith('.html')))
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '')
  expect(said.filter((file) => unsafe.test(code(textOf(file))))).toEqual(['engine/serve/headers.ts'])
  const { 'content-security-policy': app = '' } = appHeaders('http://out.localhost:1')
  expect(app).not.toMatch(unsafe)
  expect(app).toMatch(/script-src 'self'(;|$)/)
  expect(app).toContain("require-trusted-types-for 'script'")
  for (const scripts of [true, false]) {
    const { 'content-security-policy': frame = '' } = frameHeaders('http://out.localhost:1', 'http://app.localhost:1', scripts)
    expect(frame).toContain('sandbox allow-scripts')
    expect(frame).not.toContain('allow-same-origin')
    expect(frame).toContain("connect-src 'none'")
  }
})

test('nothing is left to be done later', () => {
  const pattern = new RegExp(['\\b(TO', 'DO|FIX', 'ME|XX', 'X)\\b'].join(''))
  expect(found(sources('kernels', 'engine', 'renderer', 'electron', 'setup', 'test'), pattern)).toEqual([])
})
