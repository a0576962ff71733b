// A kernel that died or can't be reached: what happened, what is safe, and the two things one can do.
import { type ReactNode, useSyncExternalStore } from 'react'
import { Button } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import type { NotebookView } from './notebook-view.ts'

export function KernelCard({ view }: { readonly view: NotebookView }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const { kernel } = view.doc
  if (kernel.state !== 'dead' && kernel.state !== 'unreachable' && !(kernel.state === 'none' && kernel.problem !== undefined))
    return null
  const message = kernel.problem?.message ?? (kernel.state === 'dead' ? 'The kernel died.' : 'The kernel does not answer.')
  const hint = kernel.problem?.hint ?? 'Cells and outputs are safe; the variables are lost.'
  const action = kernel.problem?.action
  return (
    <div className="why bad kernel-card" role="alert">
      <div className="grow">
        <b>{message}</b> <span className="soft">{hint}</span>
        {kernel.problem?.detail !== undefined && (
          <details>
            <summary>Its last words</summary>
            <pre className="mono">{kernel.problem.detail}</pre>
          </details>
        )}
      </div>
      {action !== undefined && <Button onPress={() => void runCommand(action.command, action.input)}>{action.title}</Button>}
      <Button kind="main" onPress={() => void runCommand('notebook.restart')}>
        {kernel.state === 'none' ? 'Start the kernel' : 'Restart'}
      </Button>
      {kernel.state !== 'none' && (
        <Button onPress={() => void runCommand('notebook.restart-run-all')}>Restart and run all</Button>
      )}
    </div>
  )
}
