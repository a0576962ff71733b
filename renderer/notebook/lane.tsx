// The quiet line under the code: where it ran, how long, and a remark when something is off. Its height is always reserved.
import type { ReactNode } from 'react'
import type { Cell } from '../../engine/contract/topics/notebook.ts'
import { runCommand } from '../parts/command.ts'
import { clock, duration } from '../parts/units.ts'
import { useElapsed } from '../parts/wait.tsx'

export function Lane({ cell, place }: { readonly cell: Cell; readonly place: string }): ReactNode {
  const { run } = cell
  if (run === undefined) return <div className="lane" />
  const took =
    run.startedAtMs !== undefined && run.endedAtMs !== undefined ? duration(run.endedAtMs - run.startedAtMs) : undefined
  return (
    <div className="lane">
      {run.state !== 'queued' && <b>{place}</b>}
      {run.state === 'running' && run.startedAtMs !== undefined && <Running sinceMs={run.startedAtMs} />}
      {run.state === 'queued' && <span className="wait-word">waits for its turn</span>}
      {run.state === 'done' && <span>{took}</span>}
      {run.state === 'failed' && <span className="bad-word">failed{took !== undefined && ` after ${took}`}</span>}
      {run.state === 'interrupted' && <span className="warn-word">interrupted{took !== undefined && ` after ${took}`}</span>}
      {run.state === 'aborted' && <span className="warn-word">not run: a cell before it failed</span>}
      {run.state === 'lost' && (
        <span className="bad-word">{run.problem === undefined ? 'not known how it ended' : run.problem.message}</span>
      )}
      {run.problem !== undefined && run.state !== 'lost' && <span className="warn-word">{run.problem.message}</span>}
      {run.problem?.hint !== undefined && <span className="cut">{run.problem.hint}</span>}
      {run.problem?.action !== undefined && <LaneAction action={run.problem.action} />}
    </div>
  )
}

function Running({ sinceMs }: { readonly sinceMs: number }): ReactNode {
  const ms = useElapsed(sinceMs)
  return <span className="warn-word num">running {ms < 1000 ? '' : clock(ms)}</span>
}

const LaneAction = ({
  action,
}: {
  readonly action: { readonly title: string; readonly command: string; readonly input?: unknown }
}): ReactNode => (
  <button type="button" className="link" onClick={() => void runCommand(action.command, action.input)}>
    {action.title}
  </button>
)
