// Text that was printed. Small: whole, folded as a terminal would, in a box of at most OPEN_LINES lines. Large: a window on its log.
import { memo, type ReactNode, useMemo, useRef, useState } from 'react'
import type { LogText } from '../../../engine/contract/topics/outputs.ts'
import { AnsiText, type Span } from '../../parts/ansi.ts'
import { bytes, plural } from '../../parts/units.ts'
import { AnsiLine } from './ansi-lines.tsx'
import { LogWindow } from './log-window.tsx'

/** A text of more lines gets a box of BOX_LINES with its own scroll bar and one button to show it whole. */
const OPEN_LINES = 32
export const OUTPUT_LINE_PX = 18

type Props = {
  readonly content: LogText
  readonly name: 'stdout' | 'stderr'
  readonly running: boolean
  readonly scrolled: boolean
}

export function StreamOutput({ content, name, running, scrolled }: Props): ReactNode {
  const lost = content.lostBytes !== undefined && content.lostBytes > 0 && (
    <div className="out-note warn">{bytes(content.lostBytes)} of this output could not be kept.</div>
  )
  if (content.log !== undefined) {
    return (
      <div className={`out-stream ${name}${name === 'stderr' ? ` ${toneOf(content.log.tail)}` : ''}`}>
        <LogWindow log={content.log} bytes={content.bytes} lines={content.lines} running={running} />
        {lost}
      </div>
    )
  }
  return (
    <div className={`out-stream ${name}${name === 'stderr' ? ` ${toneOf(content.text)}` : ''}`}>
      <ShortText
        text={content.text}
        label={name === 'stderr' ? 'Error stream' : 'Output'}
        scrolled={scrolled}
        bytesTotal={content.bytes}
      />
      {lost}
    </div>
  )
}

/** stderr is where programs talk about themselves, Ray's INFO lines too: only what says that something is wrong is marked so. */
export const toneOf = (text: string): 'bad' | 'warn' | 'plain' =>
  /\b(?:ERROR|CRITICAL|FATAL|Traceback|\w*(?:Error|Exception):)/.test(text)
    ? 'bad'
    : /\b(?:WARN|WARNING|\w*Warning:)/.test(text)
      ? 'warn'
      : 'plain'

/** Terminal text that is all here. Appending feeds only what is new. */
export function ShortText({
  text,
  label,
  scrolled = false,
  bytesTotal,
}: {
  readonly text: string
  readonly label: string
  readonly scrolled?: boolean
  readonly bytesTotal?: number
}): ReactNode {
  const lines = useAnsi(text)
  const [open, setOpen] = useState(false)
  const boxed = lines.length > OPEN_LINES && !open
  return (
    <>
      <pre
        className={`out-text ${boxed || scrolled ? 'boxed' : ''}`}
        // A box that scrolls must be reachable by keyboard.
        {...(boxed || scrolled ? { tabIndex: 0, role: 'region', 'aria-label': label } : {})}
      >
        {lines.map((spans, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place.
          <OutLine key={i} spans={spans} />
        ))}
      </pre>
      {lines.length > OPEN_LINES && (
        <div className="out-foot">
          {plural(lines.length, 'line')}
          {bytesTotal !== undefined && ` · ${bytes(bytesTotal)}`}
          <button type="button" className="link" onClick={() => setOpen(!open)}>
            {open ? 'Show in a box' : 'Show all'}
          </button>
        </div>
      )}
    </>
  )
}

/** A line that did not change is not drawn again: text that grows by ten lines costs ten lines. */
const OutLine = memo(function OutLine({ spans }: { readonly spans: readonly Span[] }): ReactNode {
  return <span className="out-line">{spans.length === 0 ? '\u200b' : <AnsiLine spans={spans} />}</span>
})

function useAnsi(text: string): readonly (readonly Span[])[] {
  const fed = useRef<{ ansi: AnsiText; text: string }>(undefined)
  return useMemo(() => {
    const old = fed.current
    const goesOn = old !== undefined && text.length >= old.text.length && text.startsWith(old.text)
    const ansi = goesOn ? old.ansi : new AnsiText()
    ansi.write(goesOn ? text.slice(old.text.length) : text)
    fed.current = { ansi, text }
    const lines = ansi.lines()
    return lines.length > 1 && lines[lines.length - 1]?.length === 0 ? lines.slice(0, -1) : lines
  }, [text])
}
