// The centre: tabs and splits by FlexLayout, dressed in our tokens. Pages are lazy; a page that fails shows its problem and not a blank window.
import { Layout, type Model, type TabNode } from 'flexlayout-react'
import 'flexlayout-react/style/combined.css'
import './dock.css'
import { type ReactNode, Suspense, useCallback, useEffect } from 'react'
import { dirtyFiles } from '../files/dirty-files.ts'
import { Button } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { Icon } from '../parts/icon.tsx'
import { showMenu } from '../parts/menu.tsx'
import { EmptyState } from '../parts/problem-card.tsx'
import { useStore } from '../parts/store.ts'
import { Wait } from '../parts/wait.tsx'
import { activeTabId } from './active.ts'
import { PageBoundary } from './page-boundary.tsx'
import { activeTab, closeTab, dirtyTabs, dockChanges, dockStore, splitTab, type TabConfig, tabIcon } from './tabs.ts'
import { pageFor } from './views.tsx'

function Page({ node }: { readonly node: TabNode }): ReactNode {
  const active = useStore(activeTabId) === node.getId()
  const config = (node.getConfig() ?? {}) as TabConfig
  const page = pageFor(node.getComponent(), { config, active, tabId: node.getId() })
  return (
    <PageBoundary name={node.getName()}>
      <Suspense fallback={<Wait text={`Opening ${node.getName()}`} />}>
        {page ?? (
          <EmptyState
            title="This tab is from another version"
            why="This version of Updraft does not know this kind of page. Your files are not touched."
          >
            <Button onPress={() => closeTab(node.getId())}>Close it</Button>
          </EmptyState>
        )}
      </Suspense>
    </PageBoundary>
  )
}

const factory = (node: TabNode): ReactNode => <Page node={node} />

export function Dock(): ReactNode {
  const model = useStore(dockStore)
  const dirtyNotebooks = useStore(dirtyTabs)
  const dirtyTexts = useStore(dirtyFiles)
  useEffect(() => {
    activeTabId.set(activeTab()?.getId())
  }, [model])
  const changed = useCallback((_: Model) => {
    activeTabId.set(activeTab()?.getId())
    dockChanges.set((n) => n + 1)
  }, [])
  return (
    <Layout
      model={model}
      factory={factory}
      onModelChange={changed}
      realtimeResize
      supportsPopout={false}
      icons={{ close: <Icon name="close" />, more: () => <Icon name="chevron-down" /> }}
      keyMap={{ closeTab: 'Delete', renameTab: undefined as never }}
      onRenderTab={(node, shown) => {
        shown.leading = <Icon name={tabIcon(node.getComponent(), node.getConfig() as TabConfig | undefined)} />
        if (dirtyNotebooks.has(node.getId()) || dirtyTexts.has(node.getId()))
          shown.buttons.push(
            <span key="dirty" className="dot accent" role="img" aria-label="not saved yet" title="Not saved yet" />,
          )
      }}
      onAuxMouseClick={(node, e) => {
        if (node.getType() === 'tab' && e.button === 1) closeTab(node.getId())
      }}
      onTabSetPlaceHolder={() => (
        <EmptyState icon="layout" title="Nothing is open here" why="Files, notebooks and pages that you open appear here.">
          <Button kind="main" onPress={() => void runCommand('ui.find')}>
            Find a file
          </Button>
        </EmptyState>
      )}
      onContextMenu={(node, e) => {
        if (node.getType() !== 'tab') return
        e.preventDefault()
        const path = ((node as TabNode).getConfig() as TabConfig | undefined)?.path
        showMenu(e, 'Tab', [
          { id: 'close', title: 'Close', run: () => closeTab(node.getId()) },
          { id: 'others', title: 'Close the others', run: () => void runCommand('ui.close-other-tabs', node.getId()) },
          'line',
          { id: 'right', title: 'Split right', run: () => splitTab('right') },
          { id: 'down', title: 'Split down', run: () => splitTab('down') },
          ...(path === undefined
            ? []
            : (['line', { id: 'copy', title: 'Copy path', run: () => void navigator.clipboard.writeText(path) }] as const)),
        ])
      }}
    />
  )
}
