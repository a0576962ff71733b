// Choosing the folder to work in, where there is no native dialog: folders of this machine as the engine sees them, and what was open lately.
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { toProblem } from '../../engine/contract/problem.ts'
import type { Entry } from '../../engine/contract/topics/workspace.ts'
import { useCall, useFeed, useLink } from '../link/hooks.tsx'
import { Button } from '../parts/button.tsx'
import { Field } from '../parts/field.tsx'
import { go } from '../parts/go.ts'
import { fileIcon, Icon } from '../parts/icon.tsx'
import { ProblemCard } from '../parts/problem-card.tsx'
import { plural } from '../parts/units.ts'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.tsx'
import './files.css'

type Listing = { readonly path: string; readonly parent?: string; readonly entries: readonly Entry[] }
const ROW = 28

export function OpenFolderPage(): ReactNode {
  const link = useLink()
  const recent = (useFeed('workspace', null).state?.recent ?? []).filter((r) => r.kind === 'folder')
  const [listing, setListing] = useState<Listing>()
  const [typed, setTyped] = useState('')
  const [at, setAt] = useState(0)
  const [problem, setProblem] = useState<ReturnType<typeof toProblem>>()
  const open = useCall('workspace.open')
  const list = useRef<VirtualListHandle>(null)

  const browse = useCallback(
    async (path?: string) => {
      try {
        const found = await link.call('files.browse', path === undefined ? {} : { path })
        setListing(found)
        setTyped(found.path)
        setAt(0)
        setProblem(undefined)
      } catch (error) {
        setProblem(toProblem(error, console.error))
      }
    },
    [link],
  )
  useEffect(() => void browse(), [browse])

  const entries: readonly (Entry & { up?: boolean })[] = [
    ...(listing?.parent === undefined ? [] : [{ name: '..', kind: 'folder' as const, up: true }]),
    ...(listing?.entries ?? []).filter((e) => e.kind !== 'file'),
    ...(listing?.entries ?? []).filter((e) => e.kind === 'file'),
  ]
  const enter = (entry: (Entry & { up?: boolean }) | undefined) => {
    if (entry === undefined || listing === undefined) return
    if (entry.up) void browse(listing.parent)
    else if (entry.kind === 'file') go({ kind: 'file', path: join(listing.path, entry.name) })
    else void browse(join(listing.path, entry.name))
  }
  const openHere = async (folder: string) => {
    if ((await open.run({ folder })) === null) go({ kind: 'view', view: 'welcome' })
  }
  return (
    <div className="page">
      <div className="page-in open-folder">
        <h1>Open a folder</h1>
        <p className="soft">
          Notebooks, files, search and terminals work in one folder at a time. Opening it runs nothing in it.
        </p>
        <div className="row" style={{ alignItems: 'end' }}>
          <div className="grow">
            <Field
              label="Folder"
              showLabel
              mono
              value={typed}
              onChange={setTyped}
              onEnter={() => void browse(typed)}
              icon="folder"
            />
          </div>
          <Button onPress={() => void browse(typed)}>Show</Button>
          <Button
            kind="main"
            isDisabled={listing === undefined || open.busy}
            onPress={() => listing && void openHere(listing.path)}
          >
            Open this folder
          </Button>
        </div>
        {(problem ?? open.problem) !== undefined && (
          <ProblemCard tone="warn" problem={(problem ?? open.problem) as NonNullable<typeof problem>} />
        )}
        <section className="box" aria-label={`Contents of ${listing?.path ?? ''}`}>
          <header>
            <span className="cut">{listing?.path ?? ' '}</span>{' '}
            <small>{listing === undefined ? '' : plural(listing.entries.length, 'entry', 'entries')}</small>
          </header>
          <VirtualList
            ref={list}
            count={entries.length}
            rowHeight={ROW}
            role="listbox"
            label="Folders and files"
            elementProps={{
              tabIndex: 0,
              'aria-activedescendant': entries.length > 0 ? `open-${at}` : undefined,
              onKeyDown: (e) => {
                const step =
                  e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : e.key === 'PageDown' ? 15 : e.key === 'PageUp' ? -15 : 0
                if (step !== 0) {
                  const next = Math.max(0, Math.min(entries.length - 1, at + step))
                  setAt(next)
                  list.current?.show(next)
                } else if (e.key === 'Enter' || e.key === 'ArrowRight') enter(entries[at])
                else if ((e.key === 'ArrowLeft' || e.key === 'Backspace') && listing?.parent !== undefined)
                  void browse(listing.parent)
                else return
                e.preventDefault()
              },
            }}
            row={(i) => {
              const entry = entries[i]
              if (entry === undefined) return null
              return (
                // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the list has the focus and the keys.
                <div
                  key={entry.name}
                  id={`open-${i}`}
                  role="option"
                  aria-selected={i === at}
                  className="open-row"
                  style={{ height: ROW }}
                  onClick={() => setAt(i)}
                  onDoubleClick={() => enter(entry)}
                >
                  <Icon
                    name={
                      entry.up
                        ? 'arrow-up'
                        : entry.kind === 'folder'
                          ? 'folder'
                          : entry.kind === 'link'
                            ? 'file-symlink-directory'
                            : fileIcon(entry.name)
                    }
                  />
                  <span className="cut">{entry.up ? 'up' : entry.name}</span>
                </div>
              )
            }}
          />
        </section>
        {recent.length > 0 && (
          <section>
            <h6>Open lately</h6>
            <div className="recent">
              {recent.slice(0, 8).map((r) => (
                <Button key={r.path} icon="folder" kind="plain" onPress={() => void openHere(r.path)}>
                  {r.path}
                </Button>
              ))}
            </div>
          </section>
        )}
      </div>
    </div>
  )
}

const join = (folder: string, name: string): string => (folder.endsWith('/') ? folder + name : `${folder}/${name}`)
