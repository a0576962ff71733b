// What must be said above the cells: remarks about the file, refused edits, an action that failed, and what happened while nobody looked.
// And the short word at the foot after something that can be undone.
import { type ReactNode, useState, useSyncExternalStore } from 'react'
import { Button, IconButton } from '../parts/button.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { plural } from '../parts/units.ts'
import type { NotebookView } from './notebook-view.ts'

export function Strips({ view }: { readonly view: NotebookView }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const problem = useStore(view.problem)
  const [read, setRead] = useState<ReadonlySet<string>>(new Set())
  const { doc, model } = view
  const remarks = doc.remarks.filter((r) => !read.has(r.message))
  return (
    <div className="strips">
      {model.refused !== undefined && (
        <ProblemCard
          problem={{ ...model.refused, hint: model.refused.hint ?? 'What you typed is still here. Copy it, or try again.' }}
          onRetry={() => model.retry()}
        />
      )}
      {doc.save.state === 'failed' && doc.save.problem !== undefined && <ProblemCard problem={doc.save.problem} />}
      {problem !== undefined && (
        <div className="strip-row">
          <ProblemCard problem={problem} />
          <IconButton icon="close" label="Close" onPress={() => view.problem.set(undefined)} />
        </div>
      )}
      {remarks.map((remark) => (
        <div className="strip-row" key={remark.message}>
          <ProblemCard problem={remark} tone="warn" />
          <IconButton icon="close" label="Read" onPress={() => setRead(new Set([...read, remark.message]))} />
        </div>
      ))}
      {doc.away.length > 0 && <AwayStrip view={view} />}
    </div>
  )
}

/** "3 cells finished, 1 failed while you were away", and a way through them. */
function AwayStrip({ view }: { readonly view: NotebookView }): ReactNode {
  const { away, cells } = view.doc
  const [at, setAt] = useState(-1)
  const here = away.filter((id) => cells[id] !== undefined)
  const failed = here.filter((id) => cells[id]?.run?.state === 'failed' || cells[id]?.run?.state === 'lost').length
  const done = here.length - failed
  const words = [done > 0 ? `${plural(done, 'cell')} finished` : '', failed > 0 ? `${failed} failed` : '']
    .filter(Boolean)
    .join(', ')
  const close = () => void view.attempt(() => view.link.call('notebook.seen-away', { notebook: view.id }))
  const next = (): void => {
    const i = (at + 1) % here.length
    const id = here[i]
    setAt(i)
    if (id === undefined) return
    view.choose(id)
    view.scrollTo(id, 'centre')
  }
  if (here.length === 0) return null
  return (
    <div className="away" role="status">
      <span className="grow">{words} while you were away.</span>
      <Button onPress={next}>
        {at < 0 ? 'Show the first' : at === here.length - 1 ? 'Show the first again' : 'Show the next'}
      </Button>
      <IconButton icon="close" label="Read" onPress={close} />
    </div>
  )
}

export function ToastBar({ view }: { readonly view: NotebookView }): ReactNode {
  const toast = useStore(view.toast)
  if (toast === undefined) return null
  return (
    <div className="toast">
      <span>{toast.text}</span>
      {toast.action !== undefined && (
        <Button
          kind="plain"
          onPress={() => {
            view.toast.set(undefined)
            toast.action?.run()
          }}
        >
          {toast.action.title}
        </Button>
      )}
    </div>
  )
}
