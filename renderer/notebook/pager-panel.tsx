// What `name?` and `name??` answer: the kernel's help, below the cells, until Escape.
import { type ReactNode, useEffect, useRef } from 'react'
import { IconButton } from '../parts/button.tsx'
import type { NotebookView, Pager } from './notebook-view.ts'
import { ShortText } from './outputs/stream-output.tsx'

export function PagerPanel({ view, pager }: { readonly view: NotebookView; readonly pager: Pager }): ReactNode {
  const box = useRef<HTMLElement>(null)
  // Each new answer takes the focus, so that it can be scrolled and closed.
  useEffect(() => box.current?.focus(), [pager])
  const close = (): void => {
    view.pager.set(undefined)
    view.focus()
  }
  return (
    <section
      ref={box}
      className="pager"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls.
      tabIndex={0}
      aria-label={`Help on ${pager.title}`}
      onKeyDown={(e) => e.key === 'Escape' && close()}
    >
      <header className="row">
        <b className="grow">{pager.title}</b>
        <IconButton icon="close" label="Close the help" onPress={close} />
      </header>
      <div className="pager-body">
        <ShortText text={pager.text} label={pager.title} scrolled={false} />
      </div>
    </section>
  )
}
