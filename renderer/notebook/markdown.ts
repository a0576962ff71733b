// Markdown as elements: markdown-it, then DOMPurify, then our own hand on every id, link and picture, then KaTeX. Nothing of it ever runs:
// markdown is never trusted. The result is put into the page as nodes, never as a string.
import MarkdownIt, { type StateBlock, type StateInline } from 'markdown-it'
import { slugOf } from './outline.ts'
import { purify } from './purify.ts'

const md = new MarkdownIt({ html: true, linkify: true, typographer: false })
md.inline.ruler.before('escape', 'math', inlineMath)
md.block.ruler.before('fence', 'math', blockMath, { alt: ['paragraph', 'reference', 'blockquote', 'list'] })
md.renderer.rules['math'] = (tokens, i) => {
  const token = tokens[i]
  const block = token?.block ? ' data-block="1"' : ''
  return `<span data-tex="${md.utils.escapeHtml(token?.content ?? '')}"${block}>${md.utils.escapeHtml(token?.content ?? '')}</span>`
}

/** `$x$`, `$$x$$`, `\(x\)`, `\[x\]` within a line. A dollar before a digit or a blank is money, as in Jupyter. */
function inlineMath(state: StateInline, silent: boolean): boolean {
  const m = INLINE.exec(state.src.slice(state.pos))
  if (m === null) return false
  const tex = m[1] ?? m[2] ?? m[3] ?? m[4] ?? ''
  if (!silent) {
    const token = state.push('math', 'span', 0)
    token.content = tex
    token.block = m[1] !== undefined || m[3] !== undefined
  }
  state.pos += m[0].length
  return true
}
const INLINE = /^(?:\$\$([\s\S]+?)\$\$|\$(?!\s)((?:\\.|[^$\\\n])+?)(?<!\s)\$(?!\d)|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\))/

function blockMath(state: StateBlock, from: number, to: number, silent: boolean): boolean {
  const first = line(state, from)
  const open = /^\s*(\$\$|\\\[|\\begin\{(?:equation|align|gather|multline)\*?\})/.exec(first)?.[1]
  if (open === undefined) return false
  const environment = open.startsWith('\\begin')
  const close = environment ? open.replace('begin', 'end') : open === '$$' ? '$$' : '\\]'
  for (let at = from; at < to; at++) {
    const text = line(state, at)
    const end = text.indexOf(close, at === from ? text.indexOf(open) + open.length : 0)
    if (end < 0) continue
    if (text.slice(end + close.length).trim() !== '') return false
    if (silent) return true
    const whole = Array.from({ length: at - from + 1 }, (_, i) => line(state, from + i))
      .join('\n')
      .trim()
    const token = state.push('math', 'div', 0)
    token.block = true
    token.content = environment
      ? whole.replace(/\{(equation|multline)(\*?)\}/g, '{gather*}').replace(/\{(align|gather)\}/g, '{$1*}')
      : whole.slice(open.length, whole.length - close.length)
    token.map = [from, at + 1]
    state.line = at + 1
    return true
  }
  return false
}
const line = (state: StateBlock, i: number): string =>
  state.src.slice((state.bMarks[i] ?? 0) + (state.tShift[i] ?? 0), state.eMarks[i] ?? 0)

type Katex = { render(tex: string, element: HTMLElement, options: object): void }
let katex: Katex | undefined
let loadingKatex: Promise<Katex> | undefined
export function loadKatex(): Promise<Katex> {
  loadingKatex ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(([m]) => {
    katex = m.default
    return m.default
  })
  return loadingKatex
}

/** Writes TeX into an element. `trust: false` keeps \href and \html… inert; what KaTeX can't read stays as text with its reason. */
export function renderTex(tex: string, element: HTMLElement, display: boolean): void {
  const draw = (k: Katex): void => {
    try {
      k.render(tex, element, {
        displayMode: display,
        throwOnError: true,
        trust: false,
        strict: 'ignore',
        maxSize: 50,
        maxExpand: 1000,
      })
    } catch (error) {
      element.textContent = tex
      element.title = error instanceof Error ? error.message : ''
      element.classList.add('tex-wrong')
    }
  }
  if (katex !== undefined) draw(katex)
  else void loadKatex().then(draw, () => {})
}

const ALLOWED = /^(?:https?:|mailto:|#|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$)|attachment:)/i

const rendered = new Map<string, DocumentFragment>()
const KEPT = 600

/** As `renderMarkdown`, from memory where the same text was drawn before: scrolling back through text cells costs a copy, 0.1 ms for 2. */
export function markdownNodes(source: string, prefix: string, picture: (src: string) => string | undefined): DocumentFragment {
  const key = `${prefix}\n${source}`
  // Attached pictures are not in the text: such cells are drawn anew.
  if (source.includes('attachment:')) return renderMarkdown(source, prefix, picture)
  const known = rendered.get(key)
  if (known !== undefined) return known.cloneNode(true) as DocumentFragment
  const fresh = renderMarkdown(source, prefix, picture)
  // Formulas are drawn later while KaTeX is on its way: a copy made now would stay without them.
  if (katex === undefined && fresh.querySelector('[data-tex]') !== null) return fresh
  if (rendered.size >= KEPT) rendered.delete(rendered.keys().next().value ?? '')
  rendered.set(key, fresh)
  return fresh.cloneNode(true) as DocumentFragment
}

/** Rendered nodes. `prefix` comes before every id, so that a cell can't take a name of the page. `picture`: where a relative image is. */
function renderMarkdown(source: string, prefix: string, picture: (src: string) => string | undefined): DocumentFragment {
  const clean = purify(md.render(source), {
    ALLOWED_URI_REGEXP: ALLOWED,
    FORBID_TAGS: [
      'style',
      'form',
      'input',
      'textarea',
      'select',
      'button',
      'option',
      'dialog',
      'template',
      'audio',
      'video',
      'source',
      'map',
      'area',
    ],
    FORBID_ATTR: [
      'name',
      'usemap',
      'srcset',
      'for',
      'is',
      'slot',
      'contenteditable',
      'tabindex',
      'accesskey',
      'popover',
      'class',
    ],
    ADD_ATTR: ['align'],
    SANITIZE_NAMED_PROPS: false,
  })
  for (const el of clean.querySelectorAll<HTMLElement>('[id]')) el.id = `${prefix}${el.id}`
  for (const el of clean.querySelectorAll<HTMLElement>('[style]')) {
    // Only what can't leave the cell: no positioning over the app, no fetching.
    const { color, backgroundColor, textAlign, fontWeight, width } = el.style
    el.removeAttribute('style')
    Object.assign(el.style, {
      color,
      backgroundColor: /url/i.test(backgroundColor) ? '' : backgroundColor,
      textAlign,
      fontWeight,
      width,
    })
  }
  for (const h of clean.querySelectorAll<HTMLElement>('h1, h2, h3, h4, h5, h6'))
    if (h.id === '') h.id = prefix + slugOf(h.textContent ?? '')
  for (const a of clean.querySelectorAll('a')) {
    a.dataset['href'] = a.getAttribute('href') ?? ''
    a.setAttribute('href', a.dataset['href'])
    a.title = a.dataset['href']
    a.rel = 'noopener noreferrer'
    a.removeAttribute('target')
  }
  for (const img of clean.querySelectorAll('img')) {
    const src = img.getAttribute('src') ?? ''
    const address = /^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/i.test(src) ? src : picture(src)
    if (address !== undefined) {
      img.src = address
      if (!img.hasAttribute('alt'))
        img.alt = decodeURIComponent(src.startsWith('data:') ? 'picture' : (src.split('/').pop() ?? src))
    } else {
      const note = document.createElement('span')
      note.className = 'out-note'
      note.textContent = `[picture not shown: ${img.alt || src}]`
      img.replaceWith(note)
    }
  }
  for (const el of clean.querySelectorAll<HTMLElement>('[data-tex]'))
    renderTex(el.dataset['tex'] ?? '', el, el.dataset['block'] === '1')
  for (const table of clean.querySelectorAll('table')) {
    const box = document.createElement('div')
    box.className = 'md-table'
    table.replaceWith(box)
    box.append(table)
  }
  return clean
}
