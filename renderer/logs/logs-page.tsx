// Logs: which one, and its lines. The engine's own, Ray's, and what the runs of the open notebook printed.
import { type ReactNode, useState } from 'react'
import { useFeedPart } from '../link/hooks.tsx'
import { Choice } from '../parts/field.tsx'
import { LogView } from './log-view.tsx'

export function LogsPage({ active: _active }: { readonly active: boolean }): ReactNode {
  const ray = useFeedPart('ray', null, (s) => s.log).state
  const [chosen, setChosen] = useState('engine')
  const logs = [{ id: 'engine', title: 'Engine' }, ...(ray === undefined ? [] : [{ id: ray, title: 'Ray' }])]
  const log = logs.some((l) => l.id === chosen) ? chosen : 'engine'
  return (
    <div className="logs-page">
      <LogView key={log} log={log} leading={<Choice label="Which log" value={log} options={logs} onChange={setChosen} />} />
    </div>
  )
}
