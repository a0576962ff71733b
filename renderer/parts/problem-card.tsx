// An error as a letter: what happened, what is safe, one button. The detail is one click away.
import type { ReactNode } from 'react'
import type { Problem } from '../../engine/contract/problem.ts'
import { Button } from './button.tsx'
import { runCommand } from './command.ts'
import { Icon } from './icon.tsx'

export function ProblemCard({
  problem,
  tone = 'bad',
  onRetry,
  retryTitle = 'Try again',
}: {
  readonly problem: Problem
  readonly tone?: 'bad' | 'warn' | 'wait'
  readonly onRetry?: () => void
  readonly retryTitle?: string
}): ReactNode {
  const { action } = problem
  return (
    <div className={`why ${tone}`} role="alert">
      <div className="grow">
        <b>{problem.message}</b> {problem.hint !== undefined && <span className="soft">{problem.hint}</span>}
        {problem.detail !== undefined && (
          <details>
            <summary>Details</summary>
            <pre className="mono">{problem.detail}</pre>
          </details>
        )}
      </div>
      {action !== undefined && <Button onPress={() => void runCommand(action.command, action.input)}>{action.title}</Button>}
      {onRetry !== undefined && <Button onPress={onRetry}>{retryTitle}</Button>}
    </div>
  )
}

/** An empty panel says what will appear, why it is empty, and has one button. */
export function EmptyState({
  icon,
  title,
  why,
  children,
}: {
  readonly icon?: string
  readonly title: string
  readonly why: ReactNode
  readonly children?: ReactNode
}): ReactNode {
  return (
    <div className="empty">
      {icon !== undefined && <Icon name={icon} />}
      <b>{title}</b>
      <p className="soft">{why}</p>
      {children}
    </div>
  )
}
