// Problems that stand: what the engine, Ray, kernels, settings files and notebooks say is wrong now. Each is a sentence with one button.
import type { ReactNode } from 'react'
import type { Problem } from '../../engine/contract/problem.ts'
import { useFeed, useFeedPart } from '../link/hooks.tsx'
import { EmptyState, ProblemCard } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { activeNotebook } from './active.ts'

type Standing = { readonly id: string; readonly source: string; readonly problem: Problem }

export function useProblems(): readonly Standing[] {
  const open = useStore(activeNotebook)
  const key = open === undefined ? undefined : { notebook: open.id }
  const remarks = useFeedPart('notebook', key, (s) => s.remarks).state
  const save = useFeedPart('notebook', key, (s) => s.save.problem).state
  const kernel = useFeedPart('notebook', key, (s) => s.kernel.problem).state
  const settings = useFeedPart('settings', null, (s) => s.problems).state
  const settingsFile = useFeedPart('settings', null, (s) => s.files.settings).state
  const ray = useFeedPart('ray', null, (s) => s.problem).state
  const environments = useFeed('environments', null).state
  const chosen = useFeedPart('notebook', key, (s) => s.kernel.environment).state
  const list: Standing[] = []
  const name = open?.path ?? ''
  for (const [i, p] of (remarks ?? []).entries()) list.push({ id: `remark ${i}`, source: name, problem: p })
  if (save) list.push({ id: 'save', source: name, problem: save })
  if (kernel) list.push({ id: 'kernel', source: `${name}, kernel`, problem: kernel })
  if (ray) list.push({ id: 'ray', source: 'Ray', problem: ray })
  for (const [i, text] of (settings ?? []).entries()) {
    list.push({
      id: `settings ${i}`,
      source: 'Settings',
      problem: {
        code: 'invalid',
        message: text,
        hint: 'The last good values stay in force.',
        ...(settingsFile ? { action: { title: 'Open the file', command: 'ui.open-file', input: settingsFile } } : {}),
      },
    })
  }
  for (const e of environments?.list ?? [])
    if (e.id === chosen && e.problem) list.push({ id: `environment ${e.id}`, source: e.title, problem: e.problem })
  return list
}

export function ProblemsPanel({ problems }: { readonly problems: readonly Standing[] }): ReactNode {
  if (problems.length === 0)
    return (
      <EmptyState
        icon="pass"
        title="No problems"
        why="What is wrong with the open notebook, Ray, an environment or a settings file is listed here, each with what to do."
      />
    )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls is reached by keyboard.
    <ul className="problem-list" tabIndex={0} aria-label="Problems">
      {problems.map((p) => (
        <li key={p.id}>
          <small className="faint">{p.source}</small>
          <ProblemCard problem={p.problem} tone={p.problem.code === 'internal' || p.problem.code === 'full' ? 'bad' : 'warn'} />
        </li>
      ))}
    </ul>
  )
}
