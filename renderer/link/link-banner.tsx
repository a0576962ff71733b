// What the window says while the engine is away: what still works, what is safe, what to do. Not shown for a hiccup below 0.8 s.
import { type ReactNode, useEffect, useState } from 'react'
import { Button } from '../parts/button.tsx'
import { clock } from '../parts/units.ts'
import { useElapsed } from '../parts/wait.tsx'
import { useLink, useLinkStatus } from './hooks.tsx'

export function LinkBanner(): ReactNode {
  const state = useLinkStatus()
  const away = state.state !== 'open' && state.state !== 'closed'
  const [late, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (!away) return
    const timer = setTimeout(() => setLate(true), 800)
    return () => clearTimeout(timer)
  }, [away])
  if (!away || (!late && state.state !== 'refused')) return null
  return state.state === 'refused' ? (
    <Refused message={state.problem?.message ?? ''} hint={state.problem?.hint ?? ''} />
  ) : (
    <Away />
  )
}

function Away(): ReactNode {
  const link = useLink()
  const ms = useElapsed()
  return (
    <div className="link-banner" role="status">
      <span className="dot warn" />
      <span className="grow">
        <b>The engine is away</b>
        <span className="soft">
          {' '}
          for {clock(ms + 800)}. Kernels and Ray go on by themselves. You can read and type here; what you type is sent when it is
          back.
          {ms > 10_000 && ' If it does not come back, start Updraft again: nothing that runs is lost.'}
        </span>
      </span>
      <Button onPress={() => link.retryNow()}>Try now</Button>
    </div>
  )
}

const Refused = ({ message, hint }: { readonly message: string; readonly hint: string }): ReactNode => (
  <div className="link-banner" role="alert">
    <span className="dot bad" />
    <span className="grow">
      <b>{message}</b> <span className="soft">{hint}</span>
    </span>
    <Button onPress={() => location.reload()}>Reload</Button>
  </div>
)
