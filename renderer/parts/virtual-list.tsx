// A list of any length with rows of one height: only what is seen is in the page. Rows above 33 million pixels would be cut by the
// browser (Chromium's element limit), so beyond SAFE_PX the scroll space is scaled and rows are placed by their share of it.
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'

const SAFE_PX = 15_000_000
const OVERSCAN = 6

export type VirtualListHandle = {
  /** Brings a row into view with as little movement as possible. */
  show(index: number, where?: 'nearest' | 'centre'): void
  scrollToEnd(): void
  readonly element: HTMLDivElement | null
}

export type VirtualListProps = {
  readonly count: number
  readonly rowHeight: number
  readonly row: (index: number) => ReactNode
  readonly ref?: Ref<VirtualListHandle>
  readonly className?: string
  readonly role?: string
  readonly label?: string
  /** Told after scrolling and resizing: first and last row seen, and whether the end is in view. */
  readonly onRange?: (first: number, last: number, atEnd: boolean) => void
  readonly elementProps?: React.HTMLAttributes<HTMLDivElement>
}

export function VirtualList({
  count,
  rowHeight,
  row,
  ref,
  className = '',
  role,
  label,
  onRange,
  elementProps,
}: VirtualListProps): ReactNode {
  const box = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 0 })
  const full = count * rowHeight
  const space = Math.min(full, SAFE_PX)
  const scale = full > space && space > view.height ? (full - view.height) / (space - view.height) : 1
  const top = view.top * scale
  const first = Math.max(0, Math.floor(top / rowHeight) - OVERSCAN)
  const last = Math.min(count - 1, Math.ceil((top + view.height) / rowHeight) + OVERSCAN)

  useLayoutEffect(() => {
    const el = box.current
    if (el === null) return
    const measure = () =>
      setView((old) =>
        old.top === el.scrollTop && old.height === el.clientHeight ? old : { top: el.scrollTop, height: el.clientHeight },
      )
    measure()
    el.addEventListener('scroll', measure, { passive: true })
    const sizes = new ResizeObserver(measure)
    sizes.observe(el)
    return () => {
      el.removeEventListener('scroll', measure)
      sizes.disconnect()
    }
  }, [])

  const seenFirst = Math.floor(top / rowHeight)
  const seenLast = Math.min(count - 1, Math.floor((top + view.height) / rowHeight))
  const atEnd = top + view.height >= full - rowHeight / 2
  // told when the range changes, not when the callback does.
  useEffect(() => {
    if (view.height > 0) onRange?.(seenFirst, seenLast, atEnd)
  }, [seenFirst, seenLast, atEnd, count])

  useImperativeHandle(ref, () => ({
    get element() {
      return box.current
    },
    show: (index, where = 'nearest') => {
      const el = box.current
      if (el === null) return
      const y = index * rowHeight
      const now = el.scrollTop * scale
      if (where === 'centre') el.scrollTop = (y - (el.clientHeight - rowHeight) / 2) / scale
      else if (y < now) el.scrollTop = y / scale
      else if (y + rowHeight > now + el.clientHeight) el.scrollTop = (y + rowHeight - el.clientHeight) / scale
    },
    scrollToEnd: () => {
      const el = box.current
      if (el !== null) el.scrollTop = el.scrollHeight
    },
  }))

  const rows: ReactNode[] = []
  for (let i = first; i <= last; i++) rows.push(row(i))
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: the label comes with a role; both are the owner's.
    <div ref={box} className={`virtual ${className}`} role={role} aria-label={label} {...elementProps}>
      <div className="virtual-space" role="presentation" style={{ height: space }}>
        <div
          className="virtual-rows"
          role="presentation"
          style={{ transform: `translateY(${scale === 1 ? first * rowHeight : view.top - (top - first * rowHeight)}px)` }}
        >
          {rows}
        </div>
      </div>
    </div>
  )
}
