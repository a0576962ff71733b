// A tab with a notebook: asks the engine to open the file and gives its id to the notebook view. Says which notebook is in front.
import { type ReactNode, useEffect, useState } from 'react'
import type { Problem } from '../../engine/contract/problem.ts'
import { toProblem } from '../../engine/contract/problem.ts'
import { useFeedPart, useLink } from '../link/hooks.tsx'
import { NotebookPage } from '../notebook/notebook-page.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { Wait } from '../parts/wait.tsx'
import { activeNotebook } from './active.ts'
import { dirtyTabs } from './tabs.ts'

export function NotebookTab({
  path,
  active,
  tabId,
}: {
  readonly path: string
  readonly active: boolean
  readonly tabId: string
}): ReactNode {
  const link = useLink()
  const [notebook, setNotebook] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  const [attempt, setAttempt] = useState(0)
  // `attempt` asks again.
  useEffect(() => {
    const stop = new AbortController()
    link.call('notebook.open', { path }, stop.signal).then(
      (answer) => {
        setProblem(undefined)
        setNotebook(answer.notebook)
      },
      (error) => !stop.signal.aborted && setProblem(toProblem(error, console.error)),
    )
    return () => stop.abort()
  }, [link, path, attempt])

  useEffect(() => {
    if (!active || notebook === undefined) return
    activeNotebook.set({ id: notebook, path, tabId })
    return () => activeNotebook.set((now) => (now?.tabId === tabId ? undefined : now))
  }, [active, notebook, path, tabId])

  const save = useFeedPart('notebook', notebook === undefined ? undefined : { notebook }, (s) => s.save.state)
  const dirty = save.state === 'dirty' || save.state === 'saving' || save.state === 'failed'
  useEffect(() => {
    dirtyTabs.set((old) => {
      if (old.has(tabId) === dirty) return old
      const next = new Set(old)
      if (dirty) next.add(tabId)
      else next.delete(tabId)
      return next
    })
  }, [dirty, tabId])

  if (problem !== undefined) {
    return (
      <div style={{ padding: 20 }}>
        <ProblemCard problem={problem} onRetry={() => setAttempt((n) => n + 1)} />
      </div>
    )
  }
  if (notebook === undefined)
    return <Wait text={`Opening ${path}`} hint="A large notebook is read and checked before it is shown." />
  return <NotebookPage notebook={notebook} active={active} />
}
