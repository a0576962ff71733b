// The top bar: the workspace, the one field that finds everything, and the chip that says where things run.
import type { ReactNode } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { useFeed, useFeedPart } from '../link/hooks.tsx'
import { runCommand } from '../parts/command.ts'
import { Icon } from '../parts/icon.tsx'
import { Keys } from '../parts/kbd.tsx'
import { MenuButton, type MenuEntry } from '../parts/menu.tsx'
import { plural } from '../parts/units.ts'
import { openPicker } from './palette-store.ts'

const baseName = (path: string): string => path.slice(path.replace(/\/+$/, '').lastIndexOf('/') + 1)

export function TopBar({ findKeys }: { readonly findKeys: string | undefined }): ReactNode {
  const workspace = useFeed('workspace', null).state
  const entries: MenuEntry[] = [
    { id: 'open', title: 'Open folder…', icon: 'folder-opened', run: () => void runCommand('ui.open-folder') },
    { id: 'welcome', title: 'Welcome', icon: 'home', run: () => void runCommand('ui.show-welcome') },
    ...(workspace?.folder === undefined
      ? []
      : [
          {
            id: 'trust',
            title: workspace.trusted ? 'Trust: this folder is trusted…' : 'Trust this folder…',
            icon: 'shield',
            run: () => void runCommand('ui.manage-trust'),
          } as const,
        ]),
    ...((workspace?.recent.length ?? 0) > 0 ? (['line'] as const) : []),
    ...(workspace?.recent ?? [])
      .filter((r) => r.kind === 'folder' && r.path !== workspace?.folder)
      .slice(0, 6)
      .map((r) => ({
        id: r.path,
        title: baseName(r.path),
        hint: r.path,
        icon: 'folder',
        run: () => void runCommand('ui.open-folder', r.path),
      })),
    'line',
    { id: 'commands', title: 'All commands…', icon: 'terminal-cmd', run: () => openPicker('commands') },
    { id: 'settings', title: 'Settings', icon: 'settings-gear', run: () => void runCommand('ui.show-settings') },
    { id: 'about', title: 'About Updraft', icon: 'info', run: () => void runCommand('ui.show-about') },
  ]
  return (
    <header className="top" data-part="top">
      <div className="brand">
        <MenuButton entries={entries} label="Workspace" placement="bottom start">
          <AriaButton className="brand-btn">
            <i className="logo" aria-hidden="true" />
            <b>Updraft</b>
            <span className="cut faint">{workspace?.name ?? 'no folder'}</span>
            <Icon name="chevron-down" className="faint tiny" />
          </AriaButton>
        </MenuButton>
      </div>
      <button type="button" className="seek" onClick={() => openPicker('find')} data-first-focus>
        <span className="cut">Search files and commands</span>
        {findKeys !== undefined && <Keys keys={findKeys} />}
      </button>
      <div className="right">
        <PlaceChip />
      </div>
    </header>
  )
}

/** Where the open notebook runs. One place so far: this workstation. */
function PlaceChip(): ReactNode {
  const host = useFeedPart('host', null, (s) => s.samples.at(-1)).state
  const ray = useFeedPart('ray', null, (s) => s.state).state
  const running = useFeedPart('sessions', null, (s) => s.list.filter((k) => k.state === 'busy').length).state ?? 0
  const gpus = host?.gpus ?? []
  const size =
    gpus.length === 0
      ? ''
      : ` · ${gpus.every((g) => g.name === gpus[0]?.name) ? `${gpus.length} × ${gpus[0]?.name}` : plural(gpus.length, 'GPU')}`
  const word = running > 0 ? 'busy' : 'ready'
  const entries: MenuEntry[] = [
    { heading: 'Code runs on' },
    {
      id: 'here',
      title: 'This computer',
      hint: `Everything is here${size}`,
      checked: true,
      run: () => void runCommand('ui.show-ray'),
    },
    'line',
    {
      id: 'ray',
      title: ray === 'running' ? 'Show Ray' : 'Ray on this machine',
      icon: 'arrow-swap',
      run: () => void runCommand('ui.show-ray'),
    },
  ]
  return (
    <MenuButton entries={entries} label="Place">
      <AriaButton className="chip" aria-label={`Place: This computer${size} · ${word}`}>
        <span className={`dot ${running > 0 ? 'warn' : ''}`} />
        <span className="cut">
          This computer{size} · {word}
        </span>
        <Icon name="chevron-down" className="faint" />
      </AriaButton>
    </MenuButton>
  )
}
