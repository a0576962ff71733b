// An exception: its name and message, then the user's own frame; the rest is folded, and the raw text one press away.
import { type ReactNode, useState } from 'react'
import { plainText } from '../../parts/ansi.ts'
import { plural } from '../../parts/units.ts'
import { ShortText } from './stream-output.tsx'

type Props = { readonly name: string; readonly value: string; readonly traceback: readonly string[] }

const RULE = /^-{10,}$/

export function ErrorOutput({ name, value, traceback }: Props): ReactNode {
  const [open, setOpen] = useState(false)
  const [raw, setRaw] = useState(false)
  const frames = traceback.filter((part) => {
    const plain = plainText(part).trim()
    const heading = RULE.test(plain) || /Traceback \(most recent call last\):?$/.test(plain)
    return plain !== '' && !heading && !(plain === name || plain.startsWith(`${name}:`))
  })
  const [first, ...rest] = frames
  return (
    <div className="out-error">
      <div className="out-error-head">
        <b>{name}</b>
        {value !== '' && <span>: {plainText(value)}</span>}
      </div>
      {raw ? (
        <ShortText text={traceback.join('\n')} label="Traceback as the kernel sent it" />
      ) : (
        <>
          {first !== undefined && <ShortText text={first} label="Where it happened" />}
          {open && rest.length > 0 && <ShortText text={rest.join('\n')} label="The rest of the traceback" />}
        </>
      )}
      {traceback.length > 0 && (
        <div className="out-foot">
          {rest.length > 0 && !raw && (
            <button type="button" className="link" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? 'Fold' : `${plural(rest.length, 'more frame')}`}
            </button>
          )}
          <button type="button" className="link" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            {raw ? 'In order' : 'Raw'}
          </button>
          <button
            type="button"
            className="link"
            onClick={() => void navigator.clipboard.writeText(`${name}: ${value}\n${plainText(traceback.join('\n'))}`)}
          >
            Copy
          </button>
        </div>
      )}
    </div>
  )
}
