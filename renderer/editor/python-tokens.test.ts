import { describe, expect, it } from 'vitest'
import { tokenize } from './python-tokens.ts'

const show = (source: string) =>
  tokenize(source, 'python')
    .map(([t, k]) => (k === '' ? t : `${k}<${t}>`))
    .join('')

describe('colouring Python', () => {
  it('knows keywords, strings, numbers, calls, decorators and comments', () => {
    expect(show('@ray.remote(num_gpus=1)\ndef f(x: int = 3e-4):  # why\n    return rb"a\\"b" + g(None)')).toMatchInlineSnapshot(`
      "m<@ray.remote>(num_gpus=n<1>)
      k<def> f<f>(x: int = n<3e-4>):  c<# why>
          k<return> s<rb"a\\"b"> + f<g>(n<None>)"
    `)
  })
  it('carries a triple quote over lines and ends it', () => {
    expect(show('x = """one\nif two\n""" + 1\ny')).toBe('x = s<"""one>\ns<if two>\ns<"""> + n<1>\ny')
    expect(show("'''a''' if b")).toBe("s<'''a'''> k<if> b")
  })
  it('knows magics and shell lines, and leaves the text of a foreign cell alone', () => {
    expect(show('%timeit f(1)\n!ls -l "x')).toBe('m<%timeit> f<f>(n<1>)\nm<!ls -l "x>')
    expect(show('%%bash\nfor i in x')).toBe('m<%%bash>\nfor i in x')
  })
  it('loses no character of anything, however broken', () => {
    let s = 7
    const random = (n: number) => {
      s = (s * 1103515245 + 12345) & 0x7fffffff
      return (s >> 8) % n
    }
    for (let round = 0; round < 500; round++) {
      let text = ''
      for (let i = 0; i < 40; i++) text += '"\'\\#@%!?fd 1.\n(é\u{1f600})def'[random(24)] ?? ''
      expect(
        tokenize(text, 'python')
          .map((r) => r[0])
          .join(''),
      ).toBe(text)
    }
  })
})
