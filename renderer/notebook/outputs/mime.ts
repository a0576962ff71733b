// Which of the forms that an output offers is shown. The richest that is safe here comes first; the user may choose another. Pure.
import { isBlobRef, type MimeBundle, type MimeValue } from '../../../engine/contract/topics/outputs.ts'

export type View = 'plotly' | 'vega' | 'html' | 'markdown' | 'latex' | 'svg' | 'image' | 'json' | 'text' | 'script'

const VEGA = /^application\/vnd\.vega(lite)?\.v\d+(\.\d+)?\+json$/
const viewOf = (mime: string): View | undefined => {
  if (mime === 'application/vnd.plotly.v1+json') return 'plotly'
  if (VEGA.test(mime)) return 'vega'
  if (mime === 'text/html') return 'html'
  if (mime === 'text/markdown') return 'markdown'
  if (mime === 'text/latex') return 'latex'
  if (mime === 'image/svg+xml') return 'svg'
  if (/^image\/(png|jpeg|gif|webp|bmp)$/.test(mime)) return 'image'
  if (mime === 'application/json' || mime === 'application/geo+json') return 'json'
  if (mime === 'text/plain') return 'text'
  if (mime === 'application/javascript') return 'script'
  return undefined
}
const ORDER: readonly View[] = ['plotly', 'vega', 'html', 'markdown', 'latex', 'svg', 'image', 'json', 'text', 'script']

export type Choice = { readonly mime: string; readonly view: View; readonly value: MimeValue }

/** Everything that can be shown, best first. Forms we don't know are told by `unknownForms`. */
export function choices(data: MimeBundle): readonly Choice[] {
  return Object.entries(data)
    .flatMap(([mime, value]): Choice[] => {
      const view = viewOf(mime)
      return view === undefined ? [] : [{ mime, view, value }]
    })
    .sort((a, b) => ORDER.indexOf(a.view) - ORDER.indexOf(b.view))
}
export const unknownForms = (data: MimeBundle): readonly string[] =>
  Object.keys(data).filter((mime) => viewOf(mime) === undefined)

/** nbformat allows a list of lines wherever a text is meant. */
export function textOf(value: MimeValue | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((v) => typeof v === 'string')) return value.join('')
  return undefined
}

/** The address a picture is fetched from: a blob by its hash, or the data itself. */
export function imageAddress(mime: string, value: MimeValue): string | undefined {
  if (isBlobRef(value)) return blobAddress(value.blob, mime)
  const text = textOf(value)
  if (text === undefined) return undefined
  if (mime === 'image/svg+xml') return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`
  const base64 = text.replace(/\s/g, '')
  return /^[A-Za-z0-9+/]+=*$/.test(base64) ? `data:${mime};base64,${base64}` : undefined
}
export const blobAddress = (blob: string, mime: string): string =>
  `/blob/${encodeURIComponent(blob)}?type=${encodeURIComponent(mime)}`

const CALLS_SCRIPT = /<script|<iframe|<object|<embed|<canvas|<link|\son\w+\s*=/i
/** HTML that is nothing but a table (pandas, and its own style element): shown without any HTML of the notebook. */
export const isPlainTable = (html: string): boolean =>
  /<table[\s>]/i.test(html) && !CALLS_SCRIPT.test(html) && html.length < 4_000_000
