import { describe, expect, it } from 'vitest'
import { AnsiText, plainText } from './ansi.ts'

const show = (...pieces: string[]) => {
  const t = new AnsiText()
  for (const p of pieces) t.write(p)
  return t
    .lines()
    .map((l) =>
      l
        .map((s) =>
          Object.keys(s.style).length === 0
            ? s.text
            : `{${Object.entries(s.style)
                .map(([k, v]) => (v === true ? k : `${k}=${v}`))
                .join(' ')}|${s.text}}`,
        )
        .join(''),
    )
    .join('\n')
}

describe('terminal text', () => {
  it('knows 16, 256 and 24 bit colours and their end', () => {
    expect(show('\x1b[1;31mred\x1b[0m \x1b[38;5;208mo\x1b[48;2;1;2;3mx\x1b[39;49my')).toBe(
      '{bold fg=var(--ansi-red)|red} {fg=rgb(255 135 0)|o}{fg=rgb(255 135 0) bg=rgb(1 2 3)|x}y',
    )
  })
  it('folds a progress bar as a terminal does, however the bytes are cut', () => {
    const bar = '  0%|   | 0/3\r 33%|#  | 1/3\r100%|###| 3/3\ndone\n'
    expect(show(bar)).toBe('100%|###| 3/3\ndone\n')
    expect(show(...bar)).toBe('100%|###| 3/3\ndone\n')
    expect(show('abcdef\rXY\x1b[K')).toBe('XY')
    expect(show('abc\b\bX')).toBe('aXc')
  })
  it('redraws lines above, as many bars do', () => {
    expect(show('one 0%\ntwo 0%\n\x1b[A\x1b[Atwice\r\x1b[Bone!')).toBe('twice%\none!0%\n')
  })
  it('keeps a link apart from its text, and drops titles, clipboard and questions', () => {
    expect(show('\x1b]8;;https://a.example/x\x1b\\here\x1b]8;;\x07 on')).toBe('{link=https://a.example/x|here} on')
    expect(show('a\x1b]0;title\x07b\x1b]52;c;ZXZpbA==\x07c\x1b[6nd\x1bP1$r0m\x1b\\e\x1b[?1049hf\x1b[2Jg')).toBe('abcdefg')
  })
  it('does not let an open sequence swallow the lines below', () => {
    expect(plainText('\x1b]0;never ends\nnext')).toBe('\nnext')
    expect(plainText(`\x1b]8;;${'x'.repeat(10_000)}`).length).toBeGreaterThan(5000)
    expect(plainText('\x1b[999999999999C!').length).toBe(1001)
  })
  it('gives the same lines for every way of cutting random bytes', () => {
    let s = 5
    const random = (n: number) => {
      s = (s * 1103515245 + 12345) & 0x7fffffff
      return (s >> 8) % n
    }
    const parts = [
      '\x1b[',
      '3',
      '1',
      'm',
      ';',
      '\r',
      '\n',
      '\b',
      'ab',
      '\x1b]8;;',
      'u',
      '\x07',
      '\x1b\\',
      'A',
      'K',
      '\t',
      '\x1b',
      '\x9b',
      '0m',
    ]
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: 25 }, () => parts[random(parts.length)]).join('')
      const at = random(text.length)
      expect(show(text.slice(0, at), text.slice(at))).toBe(show(text))
    }
  })
})
