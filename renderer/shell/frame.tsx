// The frame of the window: top bar, activity bar, side bar, centre, inspector, panel, status bar. Holds no truth: sizes and what is open
// are the window's, everything else comes from feeds.
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef } from 'react'
import { desktop } from '../desktop-browser.ts'
import { wantedPath } from '../files/file-actions.ts'
import { useFeed, useFeedPart, useLink } from '../link/hooks.tsx'
import { LinkBanner } from '../link/link-banner.tsx'
import { NoticeBell, NoticeCards } from '../notices/notices.tsx'
import { bindingStore } from '../parts/binding-store.ts'
import { commandStore, offerCommands, runCommand, setContext } from '../parts/command.ts'
import { inspectorStore } from '../parts/go.ts'
import { isMac } from '../parts/kbd.tsx'
import { bindings, keysOf as keysOfList } from '../parts/keymap.ts'
import { ContextMenuHost } from '../parts/menu.tsx'
import { questions } from '../parts/question.ts'
import { SplitBar } from '../parts/split.tsx'
import { useStore } from '../parts/store.ts'
import { applyLook, isWish } from '../theme/theme.ts'
import { activeNotebook, activeTabId } from './active.ts'
import { ActivityBar } from './activity-bar.tsx'
import { Dock } from './dock.tsx'
import { Inspector } from './inspector.tsx'
import { listenToKeys } from './key-listener.ts'
import { defaultLayout, LIMITS, layoutStore, setLayout } from './layout.ts'
import { pickerStore } from './palette-store.ts'
import { useAskedFolder, useRememberedLayout } from './remember.ts'
import { SideBar } from './side-bar.tsx'
import { StatusBar } from './status-bar.tsx'
import { TopBar } from './top-bar.tsx'
import { TrustBanner } from './trust-banner.tsx'
import { windowCommands } from './window-commands.ts'

// What is not seen at the first paint is fetched when it is first wanted.
const BottomPanel = lazy(async () => ({ default: (await import('./bottom-panel.tsx')).BottomPanel }))
const loadPalette = async () => ({ default: (await import('./palette.tsx')).Palette })
const Palette = lazy(loadPalette)
const QuestionHost = lazy(async () => ({ default: (await import('../parts/dialog.tsx')).QuestionHost }))

export function Frame(): ReactNode {
  const link = useLink()
  const layout = useStore(layoutStore)
  const inspected = useStore(inspectorStore)
  useLook()
  useAskedFolder()
  useRememberedLayout()
  useTitle()
  useContextKeys()
  useTreeFollows()
  useEffect(() => offerCommands(windowCommands(link)), [link])
  useEffect(() => desktop.onCommand((command, input) => void runCommand(command, input)), [])
  const keysOf = useKeymap()
  const inspector = layout.inspector && inspected !== undefined
  const picking = useStore(pickerStore) !== undefined
  const asking = useStore(questions) !== undefined
  // The palette is a key away: it is there before it is asked for.
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette(), 1500)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div className="app">
      <TopBar findKeys={keysOf('ui.find')} />
      <LinkBanner />
      <div className="app-body">
        <ActivityBar keysOf={keysOf} />
        {layout.side !== null && (
          <>
            <div style={{ width: layout.sideWidth }} className="side-slot">
              <SideBar side={layout.side} />
            </div>
            <SplitBar
              direction="vertical"
              label="Width of the side bar"
              value={layout.sideWidth}
              min={LIMITS.side[0]}
              max={LIMITS.side[1]}
              onChange={(px) => setLayout({ sideWidth: px })}
              onReset={() => setLayout({ sideWidth: defaultLayout.sideWidth })}
            />
          </>
        )}
        <main className="centre">
          <TrustBanner />
          <div className="dock" data-part="centre" role="presentation">
            <Dock />
          </div>
          {layout.bottom && (
            <>
              <SplitBar
                direction="horizontal"
                label="Height of the panel"
                invert
                value={layout.bottomHeight}
                min={LIMITS.bottom[0]}
                max={LIMITS.bottom[1]}
                onChange={(px) => setLayout({ bottomHeight: px })}
                onReset={() => setLayout({ bottomHeight: defaultLayout.bottomHeight })}
              />
              <div style={{ height: layout.bottomHeight }} className="panel-slot">
                <Suspense fallback={null}>
                  <BottomPanel />
                </Suspense>
              </div>
            </>
          )}
        </main>
        {inspector && (
          <>
            <SplitBar
              direction="vertical"
              label="Width of the inspector"
              invert
              value={layout.inspectorWidth}
              min={LIMITS.inspector[0]}
              max={LIMITS.inspector[1]}
              onChange={(px) => setLayout({ inspectorWidth: px })}
              onReset={() => setLayout({ inspectorWidth: defaultLayout.inspectorWidth })}
            />
            <div style={{ width: layout.inspectorWidth }} className="insp-slot">
              <Inspector shown={inspected} />
            </div>
          </>
        )}
      </div>
      <StatusBar notices={<NoticeBell />} />
      <NoticeCards />
      <Suspense fallback={null}>
        {picking && <Palette keysOf={keysOf} />}
        {asking && <QuestionHost />}
      </Suspense>
      <ContextMenuHost />
    </div>
  )
}

/** Theme, density and code font as the settings say. */
function useLook(): void {
  const values = useFeedPart('settings', null, (s) => s.values).state
  useEffect(() => {
    if (values === undefined) return
    const theme = values['workbench.theme']
    applyLook(isWish(theme) ? theme : 'system', values['workbench.density'] === 'comfortable' ? 'comfortable' : 'compact')
    const family = values['editor.fontFamily']
    const root = document.documentElement.style
    if (typeof family === 'string' && family !== '')
      root.setProperty('--mono', `${family}, 'JetBrains Mono Variable', ui-monospace, monospace`)
    else root.removeProperty('--mono')
  }, [values])
}

/** Builds the keymap from commands, the chosen set and the user's bindings, and listens. Returns the keys of a command. */
function useKeymap(): (command: string) => string | undefined {
  const commands = useStore(commandStore)
  const set = useFeedPart('settings', null, (s) => s.values['workbench.keymap']).state
  const user = useFeedPart('settings', null, (s) => s.keybindings).state
  const built = useMemo(
    () => bindings(commands.values(), set === 'vscode' ? 'vscode' : 'jupyter', user ?? [], isMac),
    [commands, set, user],
  )
  const now = useRef(built)
  now.current = built
  useEffect(() => bindingStore.set(built.list), [built])
  useEffect(() => listenToKeys(() => now.current.list), [])
  return useCallback((command: string) => keysOfList(built.list, command), [built])
}

function useTitle(): void {
  const workspace = useFeed('workspace', null).state
  const tab = useStore(activeTabId)
  useEffect(() => {
    const open = tab?.startsWith('file:') ? `${tab.slice(tab.lastIndexOf('/') + 1).replace(/^file:/, '')} · ` : ''
    desktop.setTitle(`${open}${workspace?.name === undefined ? '' : `${workspace.name} · `}Updraft`)
  }, [tab, workspace?.name])
}

/** The tree shows the file in front. */
function useTreeFollows(): void {
  const tab = useStore(activeTabId)
  useEffect(() => {
    const path = tab?.startsWith('file:') ? tab.slice('file:'.length) : undefined
    if (path !== undefined && !path.startsWith('/')) wantedPath.set(path)
  }, [tab])
}

/** Keys that when-clauses of several features read. */
function useContextKeys(): void {
  const ray = useFeedPart('ray', null, (s) => s.state).state
  const workspace = useFeedPart('workspace', null, (s) => s.folder !== undefined).state
  const notebook = useStore(activeNotebook)
  useEffect(
    () =>
      setContext({
        rayState: ray ?? 'absent',
        folderOpen: workspace === true,
        notebookOpen: notebook !== undefined,
        platform: isMac ? 'mac' : 'other',
      }),
    [ray, workspace, notebook],
  )
}
