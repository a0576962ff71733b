// A text or Python file in a tab. The engine holds the text; this page shows it in Monaco, sends what is typed, and follows what others type.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { Problem } from '../../engine/contract/problem.ts'
import { CodeEditor, type CodeEditorHandle, forgetModel } from '../editor/code-editor.tsx'
import { useCall, useFeedPart, useLink } from '../link/hooks.tsx'
import { offerCommands } from '../parts/command.ts'
import { arrivalStore, arrivals, focusStore, statusTextStore, takeFocus } from '../parts/go.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { Wait } from '../parts/wait.tsx'
import { dirtyFiles } from './dirty-files.ts'
import { TextModel } from './text-model.ts'

/** Names this window among those that edit one file. */
const BY = crypto.randomUUID()

export function TextPage({
  path,
  active,
  tabId,
}: {
  readonly path: string
  readonly active: boolean
  readonly tabId: string
}): ReactNode {
  const link = useLink()
  const key = { path }
  const there = useFeedPart('file', key, (s) => s.path !== undefined)
  const language = useFeedPart('file', key, (s) => s.language).state
  const readOnly = useFeedPart('file', key, (s) => s.readOnly).state
  const dirty = useFeedPart('file', key, (s) => s.dirty).state ?? false
  const wrap = useFeedPart('settings', null, (s) => s.values['editor.wordWrap'] === 'on').state ?? false
  const save = useCall('files.save')
  const [model, setModel] = useState<TextModel>()
  const [problem, setProblem] = useState<Problem>()
  const editor = useRef<CodeEditorHandle>(null)

  useEffect(() => {
    let made: TextModel | undefined
    const watch = link.watch(
      'file',
      { path },
      {
        onSnapshot: (state) => {
          if (made !== undefined) return made.snapshot(state)
          made = new TextModel(state, {
            by: BY,
            send: (input) => link.call('files.edit', { path, ...input, edit: [...input.edit] }),
            onForeign: (edit) => editor.current?.apply(edit),
            onProblem: setProblem,
          })
          setModel(made)
        },
        onChanges: (changes) => made?.take(changes),
      },
    )
    // After a reconnect what was missed comes first; a moment later what is still not confirmed is sent again.
    let timer = 0
    const stop = link.onStatus(() => {
      clearTimeout(timer)
      if (link.status.state === 'open') timer = window.setTimeout(() => made?.resend(), 1500)
    })
    return () => {
      watch.stop()
      stop()
      clearTimeout(timer)
      setModel(undefined)
    }
  }, [link, path])
  useEffect(() => () => forgetModel(tabId), [tabId])

  useEffect(() => {
    dirtyFiles.set((old) => {
      const next = new Set(old)
      dirty ? next.add(tabId) : next.delete(tabId)
      return next
    })
  }, [dirty, tabId])

  useEffect(() => {
    if (!active) return
    const stop = offerCommands([
      {
        id: 'file.save',
        title: 'Save the file',
        category: 'File',
        icon: 'save',
        keys: ['mod+s'],
        when: 'fileOpen',
        run: () => save.run({ path }),
      },
    ])
    return () => {
      stop()
      statusTextStore.set((now) => (now?.owner === tabId ? undefined : now))
    }
  }, [active, path, tabId, save.run])

  const arrived = useStore(arrivalStore)
  // `arrived` says that there is somewhere to go.
  useEffect(() => {
    if (!active || model === undefined) return
    const to = arrivals.get(path)
    if (to?.line === undefined) return
    arrivals.delete(path)
    // Monaco may still be on its way: the editor's own ready callback asks again.
    requestAnimationFrame(() => editor.current?.reveal(to.line ?? 1, to.column))
  }, [arrived, active, model, path])

  const wished = useStore(focusStore)
  useEffect(() => {
    if (active && model !== undefined && wished !== undefined && takeFocus(path)) editor.current?.focus()
  }, [active, model, path, wished])

  if (there.status === 'ended' && there.problem !== undefined) {
    return (
      <div style={{ padding: 20 }}>
        <ProblemCard problem={there.problem} tone="warn" />
      </div>
    )
  }
  if (model === undefined || language === undefined) return <Wait text={`Opening ${path}`} />
  return (
    <section className="text-page" data-context="fileOpen" aria-label={path}>
      <div className="page-bar">
        <span className="grow cut">{path}</span>
        {readOnly !== undefined && <span>{readOnly}</span>}
      </div>
      {(problem ?? save.problem) !== undefined && (
        <div className="text-remark">
          <ProblemCard
            problem={(problem ?? save.problem) as Problem}
            onRetry={() => {
              setProblem(undefined)
              save.clear()
              model.resend()
              void save.run({ path })
            }}
          />
        </div>
      )}
      <CodeEditor
        ref={editor}
        name={tabId}
        initialText={model.text}
        language={language}
        label={path}
        readOnly={readOnly !== undefined}
        wrap={wrap}
        onEdit={(_edit, text) => model.type(text)}
        onCursor={(line, column) => active && statusTextStore.set({ owner: tabId, text: `Ln ${line}, Col ${column}` })}
        onReady={() => {
          const to = arrivals.get(path)
          if (to?.line !== undefined) {
            arrivals.delete(path)
            requestAnimationFrame(() => editor.current?.reveal(to.line ?? 1, to.column))
          }
          if (active) requestAnimationFrame(() => editor.current?.focus())
        }}
      />
    </section>
  )
}
