// A wait in words: nothing for 300 ms, then what is waited for, from 3 s a clock and a cancel, from 10 s the way out.
import { type ReactNode, useEffect, useState } from 'react'
import { Button } from './button.tsx'
import { clock } from './units.ts'

/** Milliseconds since mount (or `since`, wall clock), ticking once a second and at 300 ms. */
export function useElapsed(sinceMs?: number): number {
  const [start] = useState(() => Date.now())
  const from = sinceMs ?? start
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const soon = setTimeout(() => setNow(Date.now()), 310)
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => {
      clearTimeout(soon)
      clearInterval(timer)
    }
  }, [])
  return Math.max(0, now - from)
}

export function Wait({
  text,
  onCancel,
  hint,
}: {
  readonly text: string
  readonly onCancel?: () => void
  readonly hint?: string
}): ReactNode {
  const ms = useElapsed()
  if (ms < 300) return <div className="waiting" />
  return (
    <div className="waiting" role="status">
      <span className="soft">
        {text}
        {ms >= 3000 && <span className="num"> · {clock(ms)}</span>}
      </span>
      {ms >= 10_000 && hint !== undefined && <span className="faint small">{hint}</span>}
      {ms >= 3000 && onCancel !== undefined && <Button onPress={onCancel}>Cancel</Button>}
    </div>
  )
}

/** "12 s ago", kept true. `now` is wall clock. */
export function Age({ atMs, prefix = '' }: { readonly atMs: number; readonly prefix?: string }): ReactNode {
  const ms = useElapsed(atMs)
  const s = Math.floor(ms / 1000)
  const text =
    s < 2
      ? 'just now'
      : s < 60
        ? `${s} s ago`
        : s < 3600
          ? `${Math.floor(s / 60)} m ago`
          : s < 86_400
            ? `${Math.floor(s / 3600)} h ago`
            : `${Math.floor(s / 86_400)} d ago`
  return (
    <span className="num">
      {prefix}
      {text}
    </span>
  )
}
