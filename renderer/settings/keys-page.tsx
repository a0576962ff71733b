// Keyboard shortcuts: every command with its keys, who set them, and what they clash with. A press of new keys is taken as it is pressed.
import { type ReactNode, useMemo, useRef, useState } from 'react'
import { useCall, useFeed } from '../link/hooks.tsx'
import { bindingStore } from '../parts/binding-store.ts'
import { Button, IconButton } from '../parts/button.tsx'
import { type Command, commandStore, runCommand } from '../parts/command.ts'
import { Sheet } from '../parts/dialog.tsx'
import { Choice, Field } from '../parts/field.tsx'
import { isMac, Keys, keysText } from '../parts/kbd.tsx'
import { type Binding, bindings as build, conflicts, pressOf } from '../parts/keymap.ts'
import { ProblemCard } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { Table } from '../parts/table.tsx'
import { ofTotal } from '../parts/units.ts'
import './settings.css'

type Line = { readonly id: string; readonly command: Command; readonly own: readonly Binding[] }

export function KeysPage(): ReactNode {
  const settings = useFeed('settings', null).state
  const commands = useStore(commandStore)
  const list = useStore(bindingStore)
  const [query, setQuery] = useState('')
  const [editing, setEditing] = useState<Command>()
  const setSet = useCall('settings.set')
  const remove = useCall('keybindings.remove')
  const rows = useMemo(() => {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean)
    const all: Line[] = [...commands.values()].map((command) => ({
      id: command.id,
      command,
      own: list.filter((b) => b.command === command.id && b.by !== 'chord'),
    }))
    return all
      .filter((l) =>
        words.every((w) =>
          `${l.command.category ?? ''} ${l.command.title} ${l.command.id} ${l.own.map((b) => `${b.presses.join(' ')} ${keysText(b.presses.join(' '))}`).join(' ')}`
            .toLowerCase()
            .includes(w),
        ),
      )
      .sort(
        (a, b) =>
          Number(b.own.length > 0) - Number(a.own.length > 0) ||
          (a.command.category ?? '').localeCompare(b.command.category ?? '') ||
          a.command.title.localeCompare(b.command.title),
      )
  }, [commands, list, query])
  return (
    <div className="page">
      <div className="page-in keys">
        <header className="row">
          <h1 className="grow">Keyboard shortcuts</h1>
          <Choice
            label="Set of shortcuts"
            value={settings?.values['workbench.keymap'] === 'vscode' ? 'vscode' : 'jupyter'}
            options={[
              { id: 'jupyter', title: 'Jupyter' },
              { id: 'vscode', title: 'VS Code' },
            ]}
            onChange={(id) => void setSet.run({ key: 'workbench.keymap', value: id })}
          />
          <Button icon="json" onPress={() => settings && void runCommand('ui.open-file', settings.files.keybindings)}>
            Open the file
          </Button>
        </header>
        <p className="soft">
          Single letters also work behind <Keys keys="ctrl+;" />, for screen readers that keep letters for themselves.{' '}
          <Keys keys="f6" /> goes round the parts of the window.
        </p>
        <Field label="Search shortcuts" placeholder="Search by name or keys" icon="search" value={query} onChange={setQuery} />
        {remove.problem !== undefined && <ProblemCard problem={remove.problem} tone="warn" />}
        <div className="box">
          <Table
            label="Keyboard shortcuts"
            rows={rows}
            onSelect={(l) => setEditing(l.command)}
            columns={[
              {
                id: 'title',
                title: `Command (${ofTotal(rows.length, commands.size)})`,
                width: 'minmax(240px, 1.4fr)',
                cell: (l) => `${l.command.category === undefined ? '' : `${l.command.category}: `}${l.command.title}`,
              },
              {
                id: 'keys',
                title: 'Keys',
                width: 'minmax(160px, 1fr)',
                cell: (l) => (
                  <span className="key-row">
                    {l.own.map((b) => (
                      <span
                        key={b.presses.join(' ')}
                        className={conflicts(list, b).length > 0 ? 'warn-ink' : ''}
                        title={conflicts(list, b)
                          .map((c) => `also: ${c.command}`)
                          .join('\n')}
                      >
                        <Keys keys={b.presses.join(' ')} />
                      </span>
                    ))}
                  </span>
                ),
              },
              {
                id: 'when',
                title: 'When',
                width: 'minmax(140px, 1fr)',
                cell: (l) => <code className="tiny">{l.own[0]?.clause ?? l.command.when ?? ''}</code>,
              },
              {
                id: 'by',
                title: 'Set by',
                width: '110px',
                cell: (l) => {
                  const mine = l.own.find((b) => b.by === 'user')
                  return mine === undefined ? (
                    l.own.length > 0 ? (
                      'the set'
                    ) : (
                      ''
                    )
                  ) : (
                    <span className="row">
                      you{' '}
                      <IconButton
                        icon="discard"
                        label={`Take away ${keysText(mine.presses.join(' '))}`}
                        onPress={() => void remove.run({ key: mine.presses.join(' '), command: l.command.id })}
                      />
                    </span>
                  )
                },
              },
            ]}
          />
        </div>
      </div>
      {editing !== undefined && <KeySheet command={editing} onClose={() => setEditing(undefined)} />}
    </div>
  )
}

function KeySheet({ command, onClose }: { readonly command: Command; readonly onClose: () => void }): ReactNode {
  const all = useStore(commandStore)
  const list = useStore(bindingStore)
  const set = useCall('keybindings.set')
  const [presses, setPresses] = useState<readonly string[]>([])
  const area = useRef<HTMLDivElement>(null)
  const made =
    presses.length === 0
      ? undefined
      : build(
          [...all.values()].filter((c) => c.id === command.id).map(({ keys: _keys, ...c }) => c),
          'jupyter',
          [{ key: presses.join(' '), command: command.id }],
          isMac,
        ).list.at(-1)
  const clash = made === undefined ? [] : conflicts(list, made)
  return (
    <Sheet
      title={command.title}
      text="Press the keys. A second press makes a chord; Backspace begins anew, Tab leaves the field."
      onClose={onClose}
      foot={
        <>
          <span className="grow small soft">
            {clash.length > 0 && (
              <span className="warn-ink">
                Also bound: {clash.map((c) => all.get(c.command)?.title ?? c.command).join(', ')}. Yours wins.
              </span>
            )}
          </span>
          <Button onPress={onClose}>Cancel</Button>
          <Button
            kind="main"
            isDisabled={made === undefined || set.busy}
            onPress={() =>
              void set.run({ key: presses.join(' '), command: command.id }).then((done) => done === null && onClose())
            }
          >
            Use these keys
          </Button>
        </>
      }
    >
      {/* biome-ignore lint/a11y/useSemanticElements: takes raw key presses, which a text field would type. */}
      <div
        ref={(el) => {
          area.current = el
        }}
        role="textbox"
        tabIndex={0}
        aria-label={`New keys: ${presses.length === 0 ? 'none yet' : keysText(presses.join(' '))}`}
        className="key-press"
        data-context="keyCapture"
        onKeyDownCapture={(e) => {
          if (e.key === 'Tab' || (e.key === 'Escape' && presses.length === 0)) return
          e.preventDefault()
          e.stopPropagation()
          if (e.key === 'Backspace' && !e.ctrlKey) return setPresses([])
          const press = pressOf(e.nativeEvent)
          if (press !== undefined) setPresses((old) => [...(old.length >= 2 ? [] : old), press])
        }}
      >
        {presses.length === 0 ? <span className="faint">…</span> : keysText(presses.join(' '))}
      </div>
      {set.problem !== undefined && (
        <div style={{ padding: '0 20px 14px' }}>
          <ProblemCard problem={set.problem} tone="warn" />
        </div>
      )}
    </Sheet>
  )
}
