// The bar between two panes: dragged with the mouse, moved with the arrow keys, reset by a double click.
import { type ReactNode, useRef } from 'react'

export function SplitBar({
  label,
  value,
  min,
  max,
  onChange,
  onReset,
  direction,
  invert = false,
}: {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly onChange: (px: number) => void
  readonly onReset: () => void
  readonly direction: 'horizontal' | 'vertical'
  readonly invert?: boolean
}): ReactNode {
  const start = useRef({ at: 0, value: 0 })
  const clamp = (v: number) => Math.round(Math.min(max, Math.max(min, v)))
  const along = (e: { clientX: number; clientY: number }) => (direction === 'vertical' ? e.clientX : e.clientY)
  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be focused and moved; this is the window-splitter pattern.
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={direction}
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      className={`split-bar ${direction}`}
      onDoubleClick={onReset}
      onPointerDown={(e) => {
        e.currentTarget.setPointerCapture(e.pointerId)
        start.current = { at: along(e), value }
      }}
      onPointerMove={(e) => {
        if (e.currentTarget.hasPointerCapture(e.pointerId))
          onChange(clamp(start.current.value + (along(e) - start.current.at) * (invert ? -1 : 1)))
      }}
      onKeyDown={(e) => {
        const step =
          (e.key === 'ArrowRight' || e.key === 'ArrowDown' ? 16 : e.key === 'ArrowLeft' || e.key === 'ArrowUp' ? -16 : 0) *
          (invert ? -1 : 1)
        if (step === 0) return
        e.preventDefault()
        onChange(clamp(value + step))
      }}
    />
  )
}
