// Colours and weights of a terminal ("select graphic rendition") as values: what is set after a sequence, and the shortest sequence that sets it.
// Unknown parameters are ignored.

/** Parameter text by what it sets, e.g. `{fg: '38;5;208', bold: '1'}`. */
export type Style = { readonly [aspect: string]: string }
export const PLAIN: Style = {}

const SETS: { readonly [code: number]: string } = {
  1: 'bold',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  5: 'blink',
  7: 'inverse',
  8: 'hidden',
  9: 'strike',
}
const UNSETS: { readonly [code: number]: readonly string[] } = {
  21: ['bold'],
  22: ['bold', 'dim'],
  23: ['italic'],
  24: ['underline'],
  25: ['blink'],
  27: ['inverse'],
  28: ['hidden'],
  29: ['strike'],
  39: ['fg'],
  49: ['bg'],
}

/** The style after `ESC [ parameters m`. */
export function withSgr(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((text) => (text === '' ? 0 : Number(text)))
  let next: Record<string, string> = { ...style }
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0
    const set = SETS[code]
    if (code === 0) next = {}
    else if (set !== undefined) next[set] = String(code)
    else if (code === 38 || code === 48) {
      const length = codes[i + 1] === 5 ? 3 : codes[i + 1] === 2 ? 5 : 1
      const colour = codes.slice(i, i + length)
      i += length - 1
      if (length > 1 && colour.length === length && colour.every((c) => c >= 0 && c <= 255))
        next[code === 38 ? 'fg' : 'bg'] = colour.join(';')
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) next['fg'] = String(code)
    else if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) next['bg'] = String(code)
    else for (const aspect of UNSETS[code] ?? []) delete next[aspect]
  }
  return next
}

/** The sequence that sets exactly this style on plain text; '' for plain. Equal styles give equal text. */
export function sgrOf(style: Style): string {
  const aspects = Object.keys(style).sort()
  return aspects.length === 0 ? '' : `\x1b[${aspects.map((aspect) => style[aspect]).join(';')}m`
}
