// Rendered markdown in the page, for cells and for outputs. Clicks on links come here: an anchor of the notebook is shown, everything else
// is shown in full and asked about first.
import { type ReactNode, useLayoutEffect, useRef } from 'react'
import type { Cell } from '../../engine/contract/topics/notebook.ts'
import { markdownNodes } from './markdown.ts'
import { followLink } from './outputs/links.ts'
import { imageAddress } from './outputs/mime.ts'

type Props = {
  readonly source: string
  readonly prefix: string
  readonly folder: string
  /** Pictures inside the cell, named `attachment:…`. */
  readonly attachments?: Cell['attachments'] | undefined
  readonly onAnchor?: (slug: string) => void
}

export function MarkdownView({ source, prefix, folder, attachments, onAnchor }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    box.current?.replaceChildren(
      markdownNodes(source, prefix, (src) => attached(src, attachments) ?? pictureAddress(src, folder)),
    )
  }, [source, prefix, folder, attachments])
  const follow = (e: React.MouseEvent | React.KeyboardEvent): void => {
    const a = e.target instanceof Element ? e.target.closest('a') : null
    if (a === null) return
    e.preventDefault()
    e.stopPropagation()
    const href = a.dataset['href'] ?? ''
    if (href.startsWith('#')) onAnchor?.(decodeURIComponent(href.slice(1)))
    else if (href !== '') void followLink(href, folder)
  }
  // biome-ignore lint/a11y/useKeyWithClickEvents: links are real links; Enter on one is a click.
  // biome-ignore lint/a11y/noStaticElementInteractions: only listens to the links inside.
  return <div ref={box} className="markdown" onClick={follow} onAuxClick={follow} />
}

/** `attachment:name`: the cell carries the picture itself. */
function attached(src: string, attachments: Cell['attachments']): string | undefined {
  const name = /^attachment:(.+)$/.exec(src)?.[1]
  const bundle = name === undefined ? undefined : (attachments?.[decodeURIComponent(name)] ?? attachments?.[name])
  for (const [mime, value] of Object.entries(bundle ?? {})) {
    const address = mime.startsWith('image/') ? imageAddress(mime, value) : undefined
    if (address !== undefined) return address
  }
  return undefined
}

/** A picture beside the notebook, over the engine's own route for files of the workspace. Others of the web are not fetched (policy). */
function pictureAddress(src: string, folder: string): string | undefined {
  if (src === '' || /^[a-z][a-z0-9+.-]*:/i.test(src) || src.startsWith('//')) return undefined
  const path = src.startsWith('/') ? src : [folder, decodeURI(src)].filter((p) => p !== '').join('/')
  return `/files/${encodeURIComponent(path)}`
}
