// The outputs of a cell, each in the form that suits it best. A new format is one file here and one case in `Shown`.
import { memo, type ReactNode, useEffect, useMemo, useState } from 'react'
import type { Json } from '../../../engine/contract/json.ts'
import { isBlobRef, type MimeValue, type Output } from '../../../engine/contract/topics/outputs.ts'
import { contextMenu } from '../../parts/menu.tsx'
import { bytes } from '../../parts/units.ts'
import { MarkdownView } from '../markdown-view.tsx'
import { ErrorOutput } from './error-output.tsx'
import { FrameOutput } from './frame-output.tsx'
import { ImageOutput } from './image-output.tsx'
import { JsonOutput } from './json-output.tsx'
import { LatexOutput } from './latex-output.tsx'
import { blobAddress, type Choice, choices, isPlainTable, textOf, unknownForms } from './mime.ts'
import { ShortText, StreamOutput } from './stream-output.tsx'
import { readTable, TableOutput } from './table-output.tsx'

type Place = {
  readonly cell: string
  readonly folder: string
  readonly running: boolean
  readonly scrolled: boolean
  readonly scriptsAllowed: ReadonlySet<string>
  readonly allowScripts: ((allowed: ReadonlySet<string>) => void) | undefined
}

export const OutputList = memo(function OutputList({
  outputs,
  ...place
}: { readonly outputs: readonly Output[] } & Place): ReactNode {
  return outputs.map((output) => <OneOutput key={output.id} output={output} {...place} />)
})

const OneOutput = memo(function OneOutput({ output, ...place }: { readonly output: Output } & Place): ReactNode {
  if (output.type === 'stream')
    return <StreamOutput content={output.content} name={output.name} running={place.running} scrolled={place.scrolled} />
  if (output.type === 'error') return <ErrorOutput name={output.name} value={output.value} traceback={output.traceback} />
  return <Display output={output} {...place} />
})

type Data = Extract<Output, { type: 'display' | 'result' }>

function Display({ output, ...place }: { readonly output: Data } & Place): ReactNode {
  const all = useMemo(() => choices(output.data), [output.data])
  const [mime, setMime] = useState<string>()
  const choice = all.find((c) => c.mime === mime) ?? all[0]
  const unknown = unknownForms(output.data)
  if (choice === undefined)
    return <div className="out-note">This output has only forms that can't be shown here: {unknown.join(', ')}.</div>
  const menu = contextMenu('Output', () => [
    { heading: 'Show as' },
    ...all.map((c) => ({ id: c.mime, title: c.mime, checked: c.mime === choice.mime, run: () => setMime(c.mime) })),
    ...(all.some((c) => c.view === 'text')
      ? ([
          'line',
          {
            id: 'copy',
            title: 'Copy as text',
            icon: 'copy',
            run: () => void navigator.clipboard.writeText(textOf(output.data['text/plain']) ?? ''),
          },
        ] as const)
      : []),
  ])
  return (
    <div className="out-display" {...menu}>
      <Shown choice={choice} output={output} {...place} />
      {unknown.includes('application/vnd.jupyter.widget-view+json') && (
        <div className="out-note">An interactive widget; this is its text form.</div>
      )}
    </div>
  )
}

function Shown({ choice, output, ...place }: { readonly choice: Choice; readonly output: Data } & Place): ReactNode {
  const { mime, view, value } = choice
  if (view === 'image' || view === 'svg')
    return (
      <ImageOutput
        id={output.id}
        mime={mime}
        value={value}
        metadata={output.metadata}
        alt={(textOf(output.data['text/plain']) ?? '').slice(0, 300) || 'Picture made by this cell'}
      />
    )
  return (
    <Fetched value={value} mime={mime}>
      {(whole) => <WithText view={view} whole={whole} output={output} {...place} />}
    </Fetched>
  )
}

function WithText({
  view,
  whole,
  output,
  cell,
  folder,
  scriptsAllowed,
  allowScripts,
}: { readonly view: Choice['view']; readonly whole: MimeValue; readonly output: Data } & Place): ReactNode {
  const text = textOf(whole) ?? ''
  const table = useMemo(() => (view === 'html' && isPlainTable(text) ? readTable(text) : undefined), [view, text])
  const scripts = output.trusted || scriptsAllowed.has(output.id)
  const content = useMemo(() => {
    if (view === 'plotly' || view === 'vega') return { kind: view, spec: asJson(whole) } as const
    return view === 'script' ? ({ kind: 'script', code: text } as const) : ({ kind: 'html', html: text } as const)
  }, [view, text, whole])
  switch (view) {
    case 'text':
      return <ShortText text={text} label="Result" />
    case 'markdown':
      return <MarkdownView source={text} prefix={`out-${cell}-`} folder={folder} />
    case 'latex':
      return <LatexOutput tex={text} />
    case 'json':
      return <JsonOutput value={asJson(whole)} />
    default:
      if (table !== undefined) return <TableOutput table={table} />
      return (
        <FrameOutput
          id={output.id}
          content={content}
          scripts={scripts}
          onScripts={allowScripts === undefined ? undefined : () => allowScripts(new Set([...scriptsAllowed, output.id]))}
          folder={folder}
        />
      )
  }
}

const asJson = (value: MimeValue): Json => {
  if (typeof value !== 'string') return value as Json
  try {
    return JSON.parse(value) as Json
  } catch {
    return value
  }
}

/** A value that is a blob is fetched by its hash first. */
function Fetched({
  value,
  mime,
  children,
}: {
  readonly value: MimeValue
  readonly mime: string
  readonly children: (whole: MimeValue) => ReactNode
}): ReactNode {
  const blob = isBlobRef(value) ? value.blob : undefined
  const [whole, setWhole] = useState<string>()
  const [failed, setFailed] = useState<string>()
  useEffect(() => {
    if (blob === undefined) return
    const stop = new AbortController()
    fetch(blobAddress(blob, mime), { signal: stop.signal })
      .then(async (r) => (r.ok ? setWhole(await r.text()) : setFailed(`The engine answered ${r.status}.`)))
      .catch((e: unknown) => !stop.signal.aborted && setFailed(e instanceof Error ? e.message : String(e)))
    return () => stop.abort()
  }, [blob, mime])
  if (blob === undefined) return children(value)
  if (failed !== undefined) return <div className="out-note warn">This output could not be read. {failed}</div>
  if (whole === undefined) return <div className="out-note">Reading {bytes(isBlobRef(value) ? value.sizeBytes : 0)}…</div>
  return children(whole)
}
