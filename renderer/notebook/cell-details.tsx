// Tags and metadata of the active cell, beside the list. `parameters` is the tag that running with parameters looks for.
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react'
import type { JsonObject } from '../../engine/contract/json.ts'
import { Button, IconButton } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { useStore } from '../parts/store.ts'
import type { NotebookView } from './notebook-view.ts'

export function CellDetails({ view }: { readonly view: NotebookView }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const { active } = useStore(view.selection)
  const cell = active === null ? undefined : view.cell(active)
  if (cell === undefined) return null
  return <Details key={cell.id} view={view} cell={cell.id} metadata={cell.metadata} />
}

function Details({
  view,
  cell,
  metadata,
}: {
  readonly view: NotebookView
  readonly cell: string
  readonly metadata: JsonObject
}): ReactNode {
  const written = JSON.stringify(metadata, null, 2)
  const [text, setText] = useState(written)
  const [wrong, setWrong] = useState<string>()
  const [tag, setTag] = useState('')
  useEffect(() => setText(written), [written])
  const tags = Array.isArray(metadata['tags']) ? metadata['tags'].filter((t): t is string => typeof t === 'string') : []
  const put = (next: JsonObject) =>
    view.attempt(() => view.model.apply('Change cell metadata', [{ op: 'set-cell-metadata', cell, metadata: next }]))
  const setTags = (next: readonly string[]): void => {
    const { tags: _old, ...rest } = metadata
    void put(next.length === 0 ? rest : { ...rest, tags: next })
  }
  const save = (): void => {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new SyntaxError('Metadata is an object: { … }.')
      setWrong(undefined)
      void put(value as JsonObject)
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error))
    }
  }
  const add = (name: string): void => {
    const clean = name.trim()
    if (clean !== '' && !tags.includes(clean)) setTags([...tags, clean])
    setTag('')
  }
  return (
    <aside
      className="cell-details"
      aria-label="Tags and metadata of the cell"
      onKeyDown={(e) => e.key === 'Escape' && view.panel.set(undefined)}
    >
      <header className="row">
        <h6 className="grow">This cell</h6>
        <IconButton icon="close" label="Close" onPress={() => view.panel.set(undefined)} />
      </header>
      <h6>Tags</h6>
      <div className="row wrap">
        {tags.map((t) => (
          <button
            key={t}
            type="button"
            className="tag"
            aria-label={`Remove the tag ${t}`}
            onClick={() => setTags(tags.filter((x) => x !== t))}
          >
            {t} ×
          </button>
        ))}
      </div>
      <Field label="Add a tag" value={tag} onChange={setTag} onEnter={() => add(tag)} placeholder="Add a tag, Enter" />
      {!tags.includes('parameters') && (
        <button type="button" className="link small" onClick={() => add('parameters')}>
          Mark as the parameters cell
        </button>
      )}
      <h6>Metadata</h6>
      <textarea
        className="mono"
        aria-label="Metadata as JSON"
        spellCheck={false}
        rows={10}
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      {wrong !== undefined && (
        <div className="field-problem" role="alert">
          {wrong}
        </div>
      )}
      <Button onPress={save} isDisabled={text === written}>
        Write metadata
      </Button>
    </aside>
  )
}
