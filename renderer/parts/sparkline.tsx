// A small curve on a canvas: cheap enough for hundreds on a page. The number beside it says what it means.
import { type ReactNode, useEffect, useRef } from 'react'
import { onTheme, token } from '../theme/theme.ts'

export function Sparkline({
  values,
  max,
  width = 60,
  height = 14,
  colour = '--good',
}: {
  readonly values: readonly number[]
  readonly max?: number
  readonly width?: number
  readonly height?: number
  readonly colour?: string
}): ReactNode {
  const ref = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const draw = () => {
      const canvas = ref.current
      const paint = canvas?.getContext('2d')
      if (!canvas || !paint) return
      const ratio = window.devicePixelRatio || 1
      canvas.width = width * ratio
      canvas.height = height * ratio
      paint.scale(ratio, ratio)
      paint.strokeStyle = token(colour)
      paint.lineWidth = 1.3
      paint.lineJoin = 'round'
      const top = max ?? Math.max(1, ...values)
      const step = width / Math.max(1, values.length - 1)
      paint.beginPath()
      for (const [i, v] of values.entries()) paint.lineTo(i * step, height - 1 - (Math.min(v, top) / top) * (height - 2))
      paint.stroke()
    }
    draw()
    return onTheme(draw)
  }, [values, max, width, height, colour])
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a canvas without tabindex takes no focus.
  return <canvas ref={ref} style={{ width, height }} aria-hidden="true" />
}
