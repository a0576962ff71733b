// Ctrl+K: one field that finds files, commands, open tabs and environments. Typing narrows, arrows move, Enter goes, Esc leaves everything as it was.
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { useFeed, useLink } from '../link/hooks.tsx'
import { type Command, commandStore, runCommand } from '../parts/command.ts'
import { focusStore, go } from '../parts/go.ts'
import { fileIcon, Icon } from '../parts/icon.tsx'
import { Keys } from '../parts/kbd.tsx'
import { useStore } from '../parts/store.ts'
import { ofTotal } from '../parts/units.ts'
import { VirtualList, type VirtualListHandle } from '../parts/virtual-list.tsx'
import { parseWhen } from '../parts/when.ts'
import { environmentItems } from './environment-items.tsx'
import { fuzzy, fuzzySort } from './fuzzy.ts'
import { contextAt } from './key-listener.ts'
import { type PickerMode, pickerStore } from './palette-store.ts'
import { openTabs } from './tabs.ts'
import './palette.css'

export type PickItem = {
  readonly id: string
  readonly group: string
  readonly title: string
  readonly hint?: string | undefined
  readonly icon: string
  readonly keys?: string | undefined
  readonly marks?: readonly number[]
  readonly state?: ReactNode
  readonly run: () => void
}

const ROW = 30
const LIMIT = 200

const HINTS: { readonly [mode in PickerMode]: string } = {
  find: 'Files and commands. Type > for commands only',
  commands: 'Commands',
  environments: 'Python environments and kernels for this notebook',
}

export function Palette({ keysOf }: { readonly keysOf: (command: string) => string | undefined }): ReactNode {
  const mode = useStore(pickerStore)
  return mode === undefined ? null : <Sheet key={mode} mode={mode} keysOf={keysOf} />
}

function Sheet({
  mode,
  keysOf,
}: {
  readonly mode: PickerMode
  readonly keysOf: (command: string) => string | undefined
}): ReactNode {
  // The element that had the focus: commands run where the user was, and Esc goes back there.
  const back = useRef<Element | null>(null)
  if (back.current === null) back.current = document.activeElement
  const [query, setQuery] = useState(mode === 'commands' ? '> ' : '')
  const [at, setAt] = useState(0)
  const list = useRef<VirtualListHandle>(null)
  const found = useItems(mode, query, back.current, keysOf)
  const { items } = found
  const chosen = Math.min(at, Math.max(0, items.length - 1))
  const close = () => {
    pickerStore.set(undefined)
    if (back.current instanceof HTMLElement) back.current.focus()
  }
  const pick = (item: PickItem | undefined) => {
    if (item === undefined) return
    close()
    item.run()
  }
  const move = (to: number) => {
    const next = items.length === 0 ? 0 : (to + items.length) % items.length
    setAt(next)
    list.current?.show(next)
  }
  return (
    // the shade only catches the press that closes; Esc does the same.
    <div className="pick-shade" onPointerDown={(e) => e.target === e.currentTarget && close()}>
      <div className="pick" role="dialog" aria-modal="true" aria-label={HINTS[mode]} data-context="pickerFocus">
        <input
          // biome-ignore lint/a11y/noAutofocus: the user asked for this field.
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls="pick-list"
          aria-label={HINTS[mode]}
          aria-activedescendant={items.length > 0 ? `pick-${chosen}` : undefined}
          placeholder={HINTS[mode]}
          value={query}
          spellCheck={false}
          autoComplete="off"
          onChange={(e) => {
            setQuery(e.target.value)
            setAt(0)
            list.current?.show(0)
          }}
          onKeyDown={(e) => {
            const page = 10
            if (e.key === 'ArrowDown') move(chosen + 1)
            else if (e.key === 'ArrowUp') move(chosen - 1)
            else if (e.key === 'PageDown') move(Math.min(items.length - 1, chosen + page))
            else if (e.key === 'PageUp') move(Math.max(0, chosen - page))
            else if (e.key === 'Enter') pick(items[chosen])
            else if (e.key === 'Escape') close()
            else if (e.key === 'Tab') e.preventDefault()
            else return
            e.preventDefault()
            e.stopPropagation()
          }}
        />
        <div className="pick-list" style={{ height: Math.max(1, Math.min(items.length, 14)) * ROW }}>
          {items.length === 0 ? (
            <div className="pick-none soft" role="status">
              {found.busy ? 'Looking…' : found.why}
            </div>
          ) : (
            <VirtualList
              ref={list}
              count={items.length}
              rowHeight={ROW}
              role="listbox"
              label={HINTS[mode]}
              elementProps={{ id: 'pick-list' }}
              row={(i) => {
                const item = items[i]
                if (item === undefined) return null
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents lint/a11y/useFocusableInteractive: the keys are the field's (combobox pattern).
                  <div
                    key={item.id}
                    id={`pick-${i}`}
                    role="option"
                    aria-selected={i === chosen}
                    className="pick-row"
                    style={{ height: ROW }}
                    onClick={() => pick(item)}
                    onPointerMove={() => i !== chosen && setAt(i)}
                  >
                    <Icon name={item.icon} />
                    <span className="cut pick-title">{marked(item.title, item.marks)}</span>
                    {item.hint !== undefined && <span className="cut faint small pick-hint">{item.hint}</span>}
                    <span className="grow" />
                    {item.state}
                    {item.keys !== undefined && <Keys keys={item.keys} />}
                    {item.group !== items[i - 1]?.group && <span className="faint tiny">{item.group}</span>}
                  </div>
                )
              }}
            />
          )}
        </div>
        {found.total > items.length && (
          <div className="pick-foot faint tiny">{ofTotal(items.length, found.total)} shown. Type more to narrow.</div>
        )}
      </div>
    </div>
  )
}

function marked(text: string, at: readonly number[] | undefined): ReactNode {
  if (at === undefined || at.length === 0) return text
  const set = new Set(at)
  // letters of one title.
  return [...text].map((c, i) => (set.has(i) ? <b key={i}>{c}</b> : c))
}

function useItems(
  mode: PickerMode,
  query: string,
  back: Element | null,
  keysOf: (command: string) => string | undefined,
): { readonly items: readonly PickItem[]; readonly total: number; readonly busy: boolean; readonly why: string } {
  const all = useStore(commandStore)
  const commandsOnly = mode === 'commands' || query.startsWith('>')
  const words = query.replace(/^>\s*/, '').trim()
  const files = useFiles(mode === 'find' && !commandsOnly ? words : undefined)
  const environments = useFeed('environments', mode === 'environments' ? null : undefined).state
  const link = useLink()
  const commands = useMemo(() => {
    const context = contextAt(back)
    return [...all.values()].filter((c) => !c.hidden && parseWhen(c.when)({ ...context, inputFocus: false, pickerFocus: false }))
  }, [all, back])
  return useMemo(() => {
    if (mode === 'environments') {
      const items = environmentItems(environments, link)
      const shown = fuzzySort(words, items, (i) => `${i.title} ${i.hint ?? ''}`, LIMIT).map((f) => f.item)
      return {
        items: shown,
        total: items.length,
        busy: environments === undefined || environments.scanning,
        why: environments?.scanning ? 'Looking for interpreters…' : 'No environment matches.',
      }
    }
    const title = (c: Command) => `${c.category === undefined ? '' : `${c.category}: `}${c.title}`
    const asItem = (c: Command, marks?: readonly number[]): PickItem => ({
      id: c.id,
      group: 'commands',
      title: title(c),
      icon: c.icon ?? 'symbol-event',
      keys: keysOf(c.id),
      ...(marks === undefined ? {} : { marks }),
      run: () => void runCommand(c.id),
    })
    const found = fuzzySort(words, commands, title, LIMIT)
    const matched = found.map((f) => asItem(f.item, f.match.at))
    if (words === '') matched.sort((a, b) => a.title.localeCompare(b.title))
    if (commandsOnly)
      return {
        items: matched,
        total: matched.length,
        busy: false,
        why: 'No command matches. Clear the field to see all of them.',
      }
    const tabs: PickItem[] = fuzzySort(words, openTabs(), (t) => t.getName(), 12).map(({ item: t, match }) => ({
      id: `tab ${t.getId()}`,
      group: 'open',
      title: t.getName(),
      hint: t.getHelpText(),
      icon: 'window',
      marks: match.at,
      run: () => void runCommand('ui.show-tab', t.getId()),
    }))
    const paths: PickItem[] = files.paths.map((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1)
      const marks = fuzzy(words, name)?.at
      return {
        id: `file ${path}`,
        group: 'files',
        title: name,
        hint: path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : undefined,
        icon: fileIcon(name),
        ...(marks === undefined ? {} : { marks }),
        run: () => {
          focusStore.set(path)
          go({ kind: 'file', path })
        },
      }
    })
    const items =
      words === ''
        ? [...tabs, ...paths.slice(0, 40), ...matched.slice(0, 60)]
        : [...tabs, ...paths.slice(0, 60), ...matched.slice(0, 20)]
    return {
      items,
      total: tabs.length + files.total + matched.length,
      busy: files.busy,
      why: 'Nothing has this name. Search in files (Ctrl+Shift+F) looks inside them.',
    }
  }, [mode, environments, link, words, commands, commandsOnly, files, keysOf])
}

/** Files by name, asked of the engine while one types; the last answer stays until the next is there. */
function useFiles(query: string | undefined): {
  readonly paths: readonly string[]
  readonly total: number
  readonly busy: boolean
} {
  const link = useLink()
  const [answer, setAnswer] = useState<{ paths: readonly string[]; total: number; busy: boolean }>({
    paths: [],
    total: 0,
    busy: true,
  })
  useEffect(() => {
    if (query === undefined) return
    const stop = new AbortController()
    setAnswer((old) => ({ ...old, busy: true }))
    link.call('files.find', { query, limit: 60 }, stop.signal).then(
      (found) => setAnswer({ ...found, busy: false }),
      () => !stop.signal.aborted && setAnswer({ paths: [], total: 0, busy: false }),
    )
    return () => stop.abort()
  }, [link, query])
  return answer
}
