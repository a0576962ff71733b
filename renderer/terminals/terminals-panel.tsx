// Terminals of this machine: the shells live in a host that outlives the engine and this window; a reload finds them again.
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { useCall, useFeed } from '../link/hooks.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { offerCommands } from '../parts/command.ts'
import { terminalWish } from '../parts/go.ts'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { Wait } from '../parts/wait.tsx'
import { TerminalView } from './terminal-view.tsx'
import './terminals.css'

export function TerminalsPanel(): ReactNode {
  const feed = useFeed('terminals', null)
  const open = useCall('terminals.open')
  const close = useCall('terminals.close')
  const [chosen, setChosen] = useState<string>()
  const list = feed.state?.list
  const shown = list?.find((t) => t.id === chosen) ?? list?.at(-1)
  const asked = useRef(false)
  const start = useCallback(async () => {
    const made = await open.run({ rows: 24, columns: 80 })
    if (made === undefined) return
    setChosen(made.terminal)
    terminalWish.set((n) => n + 1)
  }, [open.run])
  // The panel was opened to have a terminal: the first one starts by itself.
  useEffect(() => {
    if (list === undefined || asked.current) return
    asked.current = true
    if (list.length === 0) void start()
  }, [list, start])
  useEffect(
    () =>
      offerCommands([
        {
          id: 'terminal.new',
          title: 'New terminal',
          category: 'Terminal',
          icon: 'add',
          keys: ['ctrl+shift+`'],
          inTerminal: true,
          run: start,
        },
        ...(shown === undefined
          ? []
          : [
              {
                id: 'terminal.close',
                title: 'Close the terminal',
                category: 'Terminal',
                icon: 'trash',
                run: () => close.run({ terminal: shown.id }),
              },
            ]),
      ]),
    [start, shown, close.run],
  )
  const problem = feed.problem ?? open.problem ?? close.problem
  return (
    <div className="terminals">
      {problem !== undefined && (
        <div className="text-remark">
          <ProblemCard problem={problem} tone="warn" onRetry={() => void start()} />
        </div>
      )}
      <div className="terminals-in">
        {shown === undefined ? (
          list === undefined || open.busy ? (
            <div className="grow">
              <Wait text="Starting a shell" hint="The engine is asked for it; nothing else waits for this." />
            </div>
          ) : (
            <EmptyState
              icon="terminal"
              title="No terminal"
              why="A terminal is a shell on this machine, in the open folder. It goes on when this window is closed."
            >
              <Button kind="main" onPress={() => void start()}>
                New terminal
              </Button>
            </EmptyState>
          )
        ) : (
          <TerminalView key={shown.id} terminal={shown} />
        )}
        <ul className="terminal-list" aria-label="Terminals">
          <li className="terminal-new">
            <IconButton icon="add" label="New terminal" keys="ctrl+shift+`" onPress={() => void start()} />
          </li>
          {(list ?? []).map((t) => (
            <li key={t.id} className={t.id === shown?.id ? 'on' : ''}>
              <button
                type="button"
                className="grow cut"
                aria-current={t.id === shown?.id}
                title={t.cwd}
                onClick={() => {
                  setChosen(t.id)
                  terminalWish.set((n) => n + 1)
                }}
              >
                <span className={`dot ${t.state === 'running' ? '' : 'idle'}`} /> {t.title}
                {t.state === 'ended' && <span className="faint"> · ended {t.exitCode ?? ''}</span>}
              </button>
              <IconButton icon="close" label={`Close ${t.title}`} onPress={() => void close.run({ terminal: t.id })} />
            </li>
          ))}
        </ul>
      </div>
    </div>
  )
}
