// The file tree of the side bar: lazy folders, all by keyboard (arrows, Enter, F2, Delete, letters), drag to move, menu on every row.
import { type ReactNode, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { useFeedPart, useLink } from '../link/hooks.tsx'
import { Button, IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { go } from '../parts/go.ts'
import { fileIcon, Icon } from '../parts/icon.tsx'
import { contextMenu, type MenuEntry } from '../parts/menu.tsx'
import { EmptyState } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.tsx'
import { createEntry, deleteEntry, nameProblem, renameEntry, wantedPath } from './file-actions.ts'
import { joinPath, parentOf, type Row, TreeModel } from './tree-model.ts'
import './files.css'

const ROW = 26

export function FilesView(): ReactNode {
  const folder = useFeedPart('workspace', null, (s) => s.folder ?? '').state
  const name = useFeedPart('workspace', null, (s) => s.name ?? '').state
  if (folder === undefined) return null
  if (folder === '') {
    return (
      <EmptyState icon="folder-opened" title="No folder is open" why="The files of the folder you work in appear here.">
        <Button kind="main" onPress={() => void runCommand('ui.open-folder')}>
          Open folder
        </Button>
      </EmptyState>
    )
  }
  return <Tree key={folder} name={name ?? ''} folder={folder} />
}

/** A row that is being named: a new entry in `folder`, or the entry `path`. */
type Naming = { readonly folder: string; readonly kind: 'file' | 'folder'; readonly path?: string }

function Tree({ name, folder }: { readonly name: string; readonly folder: string }): ReactNode {
  const link = useLink()
  const model = useMemo(() => new TreeModel(link), [link])
  useEffect(() => {
    model.open('')
    return () => model.dispose()
  }, [model])
  const rows = useSyncExternalStore(model.listen, model.snapshot)
  const [chosen, setChosen] = useState<string>()
  const [naming, setNaming] = useState<Naming>()
  const [over, setOver] = useState<string>()
  const list = useRef<VirtualListHandle>(null)
  const typed = useRef({ text: '', at: 0 })
  const wanted = useStore(wantedPath)

  const index = rows.findIndex((r) => r.path === chosen)
  const choose = (i: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, i))]
    if (row === undefined) return
    setChosen(row.path)
    list.current?.show(rows.indexOf(row))
  }
  // What was just made or moved is chosen as soon as the feed shows it; its folders open on the way.
  useEffect(() => {
    if (wanted === undefined) return
    for (let up = parentOf(wanted); up !== ''; up = parentOf(up)) model.open(up)
    const at = rows.findIndex((r) => r.path === wanted)
    if (at < 0) return
    setChosen(wanted)
    list.current?.show(at)
    wantedPath.set(undefined)
  }, [wanted, rows, model])

  const focusTree = () => requestAnimationFrame(() => list.current?.element?.focus())
  const activate = (row: Row) => {
    setChosen(row.path)
    if (row.kind === 'more') return void runCommand('ui.find')
    if (row.kind === 'file' || (row.kind === 'link' && !row.open && /\.[a-z0-9]+$/i.test(row.name)))
      return go({ kind: 'file', path: row.path })
    row.open ? model.close(row.path) : model.open(row.path)
  }
  const folderOf = (row: Row | undefined): string =>
    row === undefined ? '' : row.kind === 'folder' ? row.path : parentOf(row.path)
  const startNew = (kind: 'file' | 'folder', row: Row | undefined) => {
    const into = folderOf(row)
    if (into !== '') model.open(into)
    setNaming({ folder: into, kind })
  }
  const finish = async (text: string) => {
    const now = naming
    setNaming(undefined)
    focusTree()
    if (now === undefined) return
    if (now.path !== undefined) await renameEntry(link, now.path, joinPath(now.folder, text))
    else {
      const made = await createEntry(link, now.folder, text, now.kind)
      if (made !== undefined && now.kind === 'file') go({ kind: 'file', path: made })
    }
  }
  const drop = (from: string, into: string) => {
    setOver(undefined)
    if (into === from || into.startsWith(`${from}/`) || parentOf(from) === into) return
    void renameEntry(link, from, joinPath(into, from.slice(from.lastIndexOf('/') + 1)))
  }

  const entries = (row: Row | undefined): readonly MenuEntry[] => [
    ...(row === undefined || row.kind === 'more'
      ? []
      : [
          {
            id: 'open',
            title: row.kind === 'folder' ? (row.open ? 'Close' : 'Open') : 'Open',
            run: () => activate(row),
          } as const,
          'line' as const,
        ]),
    { id: 'file', title: 'New file…', icon: 'new-file', run: () => startNew('file', row) },
    { id: 'folder', title: 'New folder…', icon: 'new-folder', run: () => startNew('folder', row) },
    ...(row === undefined || row.kind === 'more'
      ? []
      : ([
          'line',
          {
            id: 'rename',
            title: 'Rename…',
            icon: 'edit',
            keys: 'f2',
            run: () => setNaming({ folder: parentOf(row.path), kind: row.kind === 'folder' ? 'folder' : 'file', path: row.path }),
          },
          { id: 'delete', title: 'Delete', icon: 'trash', keys: 'delete', run: () => void deleteEntry(link, row.path) },
          'line',
          { id: 'copy', title: 'Copy relative path', icon: 'copy', run: () => void navigator.clipboard.writeText(row.path) },
          { id: 'copy-absolute', title: 'Copy path', run: () => void navigator.clipboard.writeText(`${folder}/${row.path}`) },
        ] as const)),
  ]

  const onKey = (e: React.KeyboardEvent) => {
    if (e.target !== e.currentTarget || e.ctrlKey || e.metaKey || e.altKey) return
    const row = rows[index]
    const handled = ((): boolean => {
      switch (e.key) {
        case 'ArrowDown':
          choose(index + 1)
          return true
        case 'ArrowUp':
          choose(index < 0 ? 0 : index - 1)
          return true
        case 'Home':
          choose(0)
          return true
        case 'End':
          choose(rows.length - 1)
          return true
        case 'PageDown':
          choose(index + 20)
          return true
        case 'PageUp':
          choose(index - 20)
          return true
        case 'ArrowRight':
          if (row?.kind === 'folder') row.open ? choose(index + 1) : model.open(row.path)
          return true
        case 'ArrowLeft':
          if (row?.open) model.close(row.path)
          else if (row !== undefined) choose(rows.findIndex((r) => r.path === parentOf(row.path)))
          return true
        case 'Enter':
        case ' ':
          if (row !== undefined) activate(row)
          return true
        case 'F2':
          if (row !== undefined)
            setNaming({ folder: parentOf(row.path), kind: row.kind === 'folder' ? 'folder' : 'file', path: row.path })
          return true
        case 'Delete':
          if (row !== undefined) void deleteEntry(link, row.path)
          return true
        default:
          return false
      }
    })()
    if (handled) return e.preventDefault()
    if (e.key.length !== 1) return
    // Letters go to the next row that begins with them.
    const now = Date.now()
    typed.current = {
      text: now - typed.current.at < 800 ? typed.current.text + e.key.toLowerCase() : e.key.toLowerCase(),
      at: now,
    }
    const from = typed.current.text.length > 1 ? index : index + 1
    for (let i = 0; i < rows.length; i++) {
      const at = (from + i + rows.length) % rows.length
      if (rows[at]?.name.toLowerCase().startsWith(typed.current.text)) return choose(at)
    }
  }

  const shown = withNaming(rows, naming)
  return (
    <div className="files">
      <div className="side-head">
        <h6 className="cut" title={folder}>
          {name}
        </h6>
        <IconButton icon="new-file" label="New file" onPress={() => startNew('file', rows[index])} />
        <IconButton icon="new-folder" label="New folder" onPress={() => startNew('folder', rows[index])} />
        <IconButton icon="collapse-all" label="Close all folders" onPress={() => model.closeAll()} />
      </div>
      <VirtualList
        ref={list}
        count={shown.length}
        rowHeight={ROW}
        className="tree"
        role="tree"
        label={`Files of ${name}`}
        elementProps={{
          tabIndex: 0,
          'aria-activedescendant': index >= 0 ? `tree-${index}` : undefined,
          onKeyDown: onKey,
          onFocus: (e) => {
            if (e.target === e.currentTarget && index < 0 && rows.length > 0) setChosen(rows[0]?.path)
          },
          onDragOver: (e) => {
            e.preventDefault()
            setOver('')
          },
          onDragLeave: () => setOver(undefined),
          onDrop: (e) => {
            e.preventDefault()
            drop(e.dataTransfer.getData('application/x-updraft-path'), '')
          },
          ...contextMenu('Files', () => entries(rows[index])),
        }}
        row={(i) => {
          const row = shown[i]
          if (row === undefined) return null
          if (row === 'naming' || (naming?.path !== undefined && row.path === naming.path)) {
            const depth = row === 'naming' ? (naming?.folder === '' ? 0 : (naming?.folder.split('/').length ?? 0)) : row.depth
            const taken = new Set(
              rows.filter((r) => parentOf(r.path) === naming?.folder && r.path !== naming?.path).map((r) => r.name),
            )
            return (
              <NameField
                key="naming"
                depth={depth}
                kind={naming?.kind ?? 'file'}
                initial={row === 'naming' ? '' : row.name}
                taken={taken}
                onDone={(text) => void finish(text)}
                onCancel={() => {
                  setNaming(undefined)
                  focusTree()
                }}
              />
            )
          }
          const at = rows.indexOf(row)
          const into = row.kind === 'folder' ? row.path : parentOf(row.path)
          return (
            // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the tree has the focus and the keys (aria-activedescendant).
            <div
              key={row.path}
              id={`tree-${at}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-setsize={row.siblings}
              aria-posinset={row.place}
              aria-selected={row.path === chosen}
              {...(row.kind === 'folder' ? { 'aria-expanded': row.open } : {})}
              className={`tree-row ${row.ignored ? 'ignored' : ''} ${over !== undefined && row.kind === 'folder' && over === row.path ? 'over' : ''}`}
              style={{ height: ROW, paddingLeft: 8 + row.depth * 16 }}
              draggable={row.kind !== 'more'}
              onDragStart={(e) => {
                e.dataTransfer.setData('application/x-updraft-path', row.path)
                e.dataTransfer.setData('text/plain', row.path)
                e.dataTransfer.effectAllowed = 'copyMove'
              }}
              onDragOver={(e) => {
                e.preventDefault()
                e.stopPropagation()
                if (over !== into) setOver(into)
              }}
              onDrop={(e) => {
                e.preventDefault()
                e.stopPropagation()
                drop(e.dataTransfer.getData('application/x-updraft-path'), into)
              }}
              onClick={() => activate(row)}
              title={row.path}
              {...contextMenu(row.name, () => {
                setChosen(row.path)
                return entries(row)
              })}
            >
              <Icon name={row.kind === 'folder' ? (row.open ? 'chevron-down' : 'chevron-right') : 'blank'} className="twist" />
              <Icon
                name={
                  row.kind === 'folder'
                    ? row.open
                      ? 'folder-opened'
                      : 'folder'
                    : row.kind === 'link'
                      ? 'file-symlink-file'
                      : row.kind === 'more'
                        ? 'ellipsis'
                        : fileIcon(row.name)
                }
              />
              <span className="cut">{row.name}</span>
            </div>
          )
        }}
      />
    </div>
  )
}

/** The rows with the field of a new entry as the first of its folder. */
function withNaming(rows: readonly Row[], naming: Naming | undefined): readonly (Row | 'naming')[] {
  if (naming === undefined || naming.path !== undefined) return rows
  const at = naming.folder === '' ? 0 : rows.findIndex((r) => r.path === naming.folder) + 1
  return [...rows.slice(0, at), 'naming', ...rows.slice(at)]
}

function NameField({
  depth,
  kind,
  initial,
  taken,
  onDone,
  onCancel,
}: {
  readonly depth: number
  readonly kind: 'file' | 'folder'
  readonly initial: string
  readonly taken: ReadonlySet<string>
  readonly onDone: (name: string) => void
  readonly onCancel: () => void
}): ReactNode {
  const [text, setText] = useState(initial)
  const field = useRef<HTMLInputElement>(null)
  const over = useRef(false)
  useEffect(() => {
    field.current?.focus()
    const dot = initial.lastIndexOf('.')
    field.current?.setSelectionRange(0, dot > 0 ? dot : initial.length)
  }, [initial])
  const problem = text === '' ? undefined : nameProblem(text, taken)
  const end = (commit: boolean) => {
    if (over.current) return
    over.current = true
    commit && text !== '' && nameProblem(text, taken) === undefined ? onDone(text) : onCancel()
  }
  return (
    <div className="tree-row naming" style={{ height: ROW, paddingLeft: 8 + depth * 16 }} role="none">
      <Icon name="blank" className="twist" />
      <Icon name={kind === 'folder' ? 'folder' : fileIcon(text)} />
      <input
        ref={field}
        value={text}
        aria-label={initial === '' ? `Name of the new ${kind}` : `New name of ${initial}`}
        aria-invalid={problem !== undefined}
        title={problem}
        spellCheck={false}
        onChange={(e) => setText(e.target.value)}
        onBlur={() => end(true)}
        onKeyDown={(e) => {
          e.stopPropagation()
          if (e.key === 'Enter' && problem === undefined) end(true)
          else if (e.key === 'Escape') end(false)
        }}
      />
      {problem !== undefined && (
        <div className="naming-problem" role="alert">
          {problem}
        </div>
      )}
    </div>
  )
}
