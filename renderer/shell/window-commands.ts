// What the window itself can be told to do: show pages and panels, move about, open folders. Features offer their own commands.

import { Actions } from 'flexlayout-react'
import { calls } from '../../engine/contract/index.ts'
import { problem, toProblem } from '../../engine/contract/problem.ts'
import { desktop } from '../desktop-browser.ts'
import { onRenamed } from '../files/file-actions.ts'
import type { EngineLink } from '../link/engine-link.ts'
import { type Command, onCommandProblem, onUnknownCommand } from '../parts/command.ts'
import { go, inspectorStore, onGo, terminalWish } from '../parts/go.ts'
import { ask } from '../parts/question.ts'
import { tell, tellProblem } from '../parts/tell.ts'
import { focusNextPart } from './key-listener.ts'
import { type BottomTab, layoutStore, setLayout } from './layout.ts'
import { openPicker } from './palette-store.ts'
import { activeTab, closeTab, dockStore, followRename, openTabs, openTarget, splitTab, stepTab } from './tabs.ts'

/** Shows a side view and puts the focus into it; a second time closes it. */
function toggleSide(side: string): void {
  const { side: now } = layoutStore.get()
  const inside = document.querySelector('[data-part="side"]')?.contains(document.activeElement) ?? false
  if (now === side && inside) {
    setLayout({ side: null })
    return
  }
  setLayout({ side })
  // Search begins with its field, the tree with itself. The view may be a chunk that comes a moment later: then it takes the focus itself.
  requestAnimationFrame(() => {
    const part = document.querySelector('[data-part="side"]')
    const first = part?.querySelector<HTMLElement>(side === 'search' ? 'input' : '[role="tree"]')
    first?.focus()
    if (first instanceof HTMLInputElement) first.select()
  })
}

function toggleBottom(tab: BottomTab): void {
  const now = layoutStore.get()
  const inside = document.querySelector('[data-part="panel"]')?.contains(document.activeElement) ?? false
  if (now.bottom && now.bottomTab === tab && inside) {
    setLayout({ bottom: false })
    document.querySelector<HTMLElement>('[data-part="centre"] [tabindex="0"]')?.focus()
    return
  }
  setLayout({ bottom: true, bottomTab: tab })
  if (tab === 'terminal') terminalWish.set((n) => n + 1)
  if (tab !== 'terminal')
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>('[data-part="panel"] [data-first-focus], [data-part="panel"] [tabindex="0"]')?.focus(),
    )
}

const text = (input: unknown): string => {
  if (typeof input !== 'string') throw problem('invalid', 'This command needs a path or a name.')
  return input
}

export function windowCommands(link: EngineLink): readonly Command[] {
  onGo(openTarget)
  onRenamed(followRename)
  onCommandProblem((error, title) => tellProblem({ ...toProblem(error, console.error), where: title }))
  // A Problem's action may name a call of the engine instead of a command.
  onUnknownCommand((id, input) => {
    if (!(id in calls)) throw problem('missing', `There is no command "${id}" here.`)
    return link.call(id as 'ray.start', (input ?? null) as never)
  })

  const view = (id: string, title: string, more: Partial<Command> = {}): Command => ({
    id: `ui.show-${id}`,
    title,
    category: 'View',
    run: () => go({ kind: 'view', view: id }),
    ...more,
  })
  return [
    {
      id: 'ui.find',
      title: 'Find files and commands',
      category: 'Go',
      icon: 'search',
      keys: { jupyter: ['mod+k'], vscode: ['mod+k', 'mod+p'] },
      run: () => openPicker('find'),
    },
    {
      id: 'ui.commands',
      title: 'All commands',
      category: 'Go',
      icon: 'terminal-cmd',
      keys: ['mod+shift+p', 'f1'],
      inTerminal: true,
      run: () => openPicker('commands'),
    },
    {
      id: 'ui.choose-environment',
      title: 'Choose the environment',
      category: 'Notebook',
      icon: 'vm',
      when: 'notebookOpen',
      run: () => openPicker('environments'),
    },
    {
      id: 'ui.next-part',
      title: 'Next part of the window',
      category: 'Go',
      keys: ['f6'],
      inTerminal: true,
      run: () => focusNextPart(1),
    },
    {
      id: 'ui.previous-part',
      title: 'Previous part of the window',
      category: 'Go',
      keys: ['shift+f6'],
      inTerminal: true,
      run: () => focusNextPart(-1),
    },
    {
      id: 'ui.show-files',
      title: 'Files',
      category: 'View',
      icon: 'files',
      keys: ['mod+shift+e'],
      run: () => toggleSide('files'),
    },
    {
      id: 'ui.show-search',
      title: 'Search in files',
      category: 'View',
      icon: 'search',
      keys: ['mod+shift+f'],
      run: () => toggleSide('search'),
    },
    {
      id: 'ui.toggle-side',
      title: 'Side bar',
      category: 'View',
      keys: ['mod+b'],
      when: '!cellEdit',
      run: () => setLayout({ side: layoutStore.get().side === null ? 'files' : null }),
    },
    {
      id: 'ui.toggle-inspector',
      title: 'Inspector',
      category: 'View',
      keys: ['mod+alt+b'],
      run: () => setLayout({ inspector: !layoutStore.get().inspector || inspectorStore.get() === undefined }),
    },
    {
      id: 'ui.toggle-panel',
      title: 'Panel',
      category: 'View',
      keys: ['mod+j'],
      inTerminal: true,
      run: () => setLayout({ bottom: !layoutStore.get().bottom }),
    },
    {
      id: 'ui.show-panel-logs',
      title: 'Logs in the panel',
      category: 'View',
      icon: 'output',
      keys: ['mod+shift+u'],
      run: () => toggleBottom('logs'),
    },
    {
      id: 'ui.show-terminal',
      title: 'Terminal',
      category: 'View',
      icon: 'terminal',
      keys: ['ctrl+`'],
      inTerminal: true,
      run: () => toggleBottom('terminal'),
    },
    {
      id: 'ui.show-problems',
      title: 'Problems',
      category: 'View',
      icon: 'warning',
      keys: { vscode: ['mod+shift+m'] },
      when: '!cellCommand',
      run: () => toggleBottom('problems'),
    },
    view('ray', 'Ray: nodes and use', { icon: 'arrow-swap' }),
    view('logs', 'Logs', { icon: 'output' }),
    view('settings', 'Settings', { icon: 'settings-gear', keys: ['mod+,'] }),
    view('keys', 'Keyboard shortcuts', { icon: 'keyboard', keys: { jupyter: ['mod+alt+k'], vscode: ['mod+alt+k'] } }),
    view('welcome', 'Welcome', { icon: 'home' }),
    view('about', 'About Updraft', { icon: 'info' }),
    {
      id: 'ui.show-log',
      title: 'Show a log',
      hidden: true,
      run: (input) => go({ kind: 'log', ...(input as { log: string; title?: string }) }),
    },
    { id: 'ui.open-file', title: 'Open a file', hidden: true, run: (input) => go({ kind: 'file', path: text(input) }) },
    { id: 'ui.open-path', title: 'Open a path', hidden: true, run: (input) => openPath(link, text(input)) },
    {
      id: 'ui.open-folder',
      title: 'Open folder…',
      category: 'File',
      icon: 'folder-opened',
      keys: ['mod+o'],
      run: (input) => openFolder(link, typeof input === 'string' ? input : undefined),
    },
    {
      id: 'ui.new-notebook',
      title: 'New notebook',
      category: 'File',
      icon: 'new-file',
      keys: ['mod+alt+n'],
      run: async () => go({ kind: 'file', path: (await link.call('notebook.create', {})).path }),
    },
    {
      id: 'ui.close-tab',
      title: 'Close the tab',
      category: 'View',
      keys: ['alt+w', 'mod+f4'],
      run: () => closeTab(activeTab()?.getId() ?? ''),
    },
    {
      id: 'ui.close-other-tabs',
      title: 'Close the other tabs',
      category: 'View',
      run: (input) => {
        const keep = typeof input === 'string' ? input : activeTab()?.getId()
        for (const tab of openTabs()) if (tab.getId() !== keep) closeTab(tab.getId())
      },
    },
    {
      id: 'ui.show-tab',
      title: 'Show a tab',
      hidden: true,
      run: (input) => dockStore.get().doAction(Actions.selectTab(text(input))),
    },
    {
      id: 'ui.next-tab',
      title: 'Next tab',
      category: 'Go',
      keys: ['ctrl+pagedown', 'alt+right'],
      when: '!inputFocus',
      run: () => stepTab(1),
    },
    {
      id: 'ui.previous-tab',
      title: 'Previous tab',
      category: 'Go',
      keys: ['ctrl+pageup', 'alt+left'],
      when: '!inputFocus',
      run: () => stepTab(-1),
    },
    {
      id: 'ui.split-right',
      title: 'Split right',
      category: 'View',
      icon: 'split-horizontal',
      keys: ['mod+\\'],
      run: () => splitTab('right'),
    },
    { id: 'ui.split-down', title: 'Split down', category: 'View', icon: 'split-vertical', run: () => splitTab('down') },
    ...(['system', 'dark', 'light', 'contrast'] as const).map(
      (theme): Command => ({
        id: `ui.theme-${theme}`,
        title: `Theme: ${theme === 'system' ? 'as the desktop' : theme === 'contrast' ? 'high contrast' : theme}`,
        category: 'Look',
        icon: 'color-mode',
        run: () => link.call('settings.set', { key: 'workbench.theme', value: theme }),
      }),
    ),
    { id: 'ui.reload', title: 'Reload the window', category: 'View', icon: 'refresh', run: () => location.reload() },
    { id: 'ui.manage-trust', title: 'Trust of this folder…', category: 'File', icon: 'shield', run: () => manageTrust(link) },
    {
      id: 'ray.start',
      title: 'Start Ray',
      category: 'Ray',
      icon: 'play',
      when: "rayState != 'running' && rayState != 'starting'",
      run: (input) => link.call('ray.start', (input ?? {}) as { cpus?: number }),
    },
    {
      id: 'ray.stop',
      title: 'Stop Ray',
      category: 'Ray',
      icon: 'debug-stop',
      when: "rayState == 'running' || rayState == 'starting'",
      run: () => link.call('ray.stop', null),
    },
    {
      id: 'ray.restart',
      title: 'Restart Ray',
      category: 'Ray',
      icon: 'debug-restart',
      when: "rayState == 'running' || rayState == 'lost'",
      run: () => link.call('ray.restart', null),
    },
    {
      id: 'environments.refresh',
      title: 'Look for Python environments again',
      category: 'Notebook',
      icon: 'refresh',
      run: () => link.call('environments.refresh', null),
    },
  ]
}

async function openFolder(link: EngineLink, path: string | undefined): Promise<void> {
  const folder = path ?? (desktop.can.includes('open-dialogs') ? await desktop.openFolder() : undefined)
  if (folder === undefined) {
    if (!desktop.can.includes('open-dialogs')) go({ kind: 'view', view: 'open-folder' })
    return
  }
  await link.call('workspace.open', { folder })
  desktop.addRecent(folder)
}

/** A path that the system asks us to open: a notebook or file becomes a tab, a folder the workspace. */
async function openPath(link: EngineLink, path: string): Promise<void> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (/\.[A-Za-z0-9]+$/.test(name)) return go({ kind: 'file', path })
  await link.call('workspace.open', { folder: path })
}

async function manageTrust(link: EngineLink): Promise<void> {
  const watch = link.watch('workspace', null, {})
  const now = watch.view().state
  watch.stop()
  if (now?.folder === undefined) {
    tell({ level: 'info', message: 'No folder is open.', hint: 'Trust is about the open folder.' })
    return
  }
  const yes = await ask(
    now.trusted
      ? {
          title: `Stop trusting ${now.name}?`,
          text: 'Kernels that run go on. Nothing new from this folder runs, its environments are not looked at, and HTML outputs stay inert until you trust it again.',
          yes: 'Stop trusting',
          danger: true,
        }
      : {
          title: `Trust ${now.name}?`,
          text: 'Code in this folder then may run: cells, its Python environments, and scripts in the outputs of its notebooks. Trust it only if you know where it comes from.',
          yes: 'Trust the folder',
        },
  )
  if (yes) await link.call('workspace.trust', { folder: now.folder, trusted: !now.trusted })
}
