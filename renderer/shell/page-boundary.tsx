// One of the three places where errors are caught: a page that throws while rendering. The rest of the window goes on.
import { Component, type ErrorInfo, type ReactNode } from 'react'
import { ProblemCard } from '../parts/problem-card.tsx'

type Props = { readonly name: string; readonly children: ReactNode }

export class PageBoundary extends Component<Props, { readonly error: Error | undefined }> {
  override state: { readonly error: Error | undefined } = { error: undefined }

  static getDerivedStateFromError(error: unknown): { readonly error: Error } {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }

  override componentDidCatch(error: Error, info: ErrorInfo): void {
    console.error(`page ${this.props.name}`, error, info.componentStack)
  }

  override render(): ReactNode {
    const { error } = this.state
    if (error === undefined) return this.props.children
    // A chunk that can't be loaded: the engine was updated under an open window, or is away.
    const chunk = /dynamically imported module|Importing a module script failed|Failed to fetch/.test(error.message)
    return (
      <div style={{ padding: 20 }}>
        <ProblemCard
          problem={
            chunk
              ? {
                  code: 'unreachable',
                  message: `${this.props.name} could not be loaded.`,
                  hint: 'The engine is away, or Updraft was updated. Nothing is lost; reload the window when it is back.',
                }
              : {
                  code: 'internal',
                  message: `${this.props.name} can't be shown.`,
                  hint: 'The fault is ours; your work is safe in the engine. Try again, or reload the window.',
                  detail: error.stack ?? error.message,
                }
          }
          onRetry={() => (chunk ? location.reload() : this.setState({ error: undefined }))}
          retryTitle={chunk ? 'Reload' : 'Try again'}
        />
      </div>
    )
  }
}
