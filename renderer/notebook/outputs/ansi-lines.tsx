// Styled lines as elements. Colours are the theme's for the 16 names, exact for the rest; links are buttons that ask first.
import { type CSSProperties, memo, type ReactNode } from 'react'
import type { Span, Style } from '../../parts/ansi.ts'
import { followLink } from './links.ts'

const looks = new WeakMap<Style, CSSProperties>()
function look(style: Style): CSSProperties {
  const known = looks.get(style)
  if (known !== undefined) return known
  const [fg, bg] = style.inverse ? [style.bg ?? 'var(--desk)', style.fg ?? 'var(--ink)'] : [style.fg, style.bg]
  // A named background is laid on thinly: IPython marks the failing token green on yellow, which nobody can read at full strength.
  const css: CSSProperties = {
    ...(fg === undefined ? {} : { color: fg }),
    ...(bg === undefined
      ? {}
      : { backgroundColor: bg.startsWith('var(') ? `color-mix(in srgb, ${bg} ${style.inverse ? 100 : 30}%, transparent)` : bg }),
    ...(style.bold ? { fontWeight: 700 } : {}),
    ...(style.dim ? { opacity: 0.7 } : {}),
    ...(style.italic ? { fontStyle: 'italic' } : {}),
    ...(style.underline || style.strike
      ? { textDecoration: `${style.underline ? 'underline' : ''} ${style.strike ? 'line-through' : ''}`.trim() }
      : {}),
  }
  looks.set(style, css)
  return css
}

export const AnsiLine = memo(function AnsiLine({ spans }: { readonly spans: readonly Span[] }): ReactNode {
  return spans.map((span, i) => {
    const { link } = span.style
    if (link !== undefined) {
      return (
        <button
          key={i}
          type="button"
          className="link"
          style={look(span.style)}
          title={link}
          onClick={() => void followLink(link)}
        >
          {span.text}
        </button>
      )
    }
    if (Object.keys(span.style).length === 0) return span.text
    return (
      <span key={i} style={look(span.style)}>
        {span.text}
      </span>
    )
  })
})
