// The bottom panel: logs, terminals, problems. A tab's content is loaded when it is first shown and kept while the panel is open.
import { lazy, type ReactNode, Suspense } from 'react'
import { Tab, TabList, TabPanel, Tabs } from 'react-aria-components'
import { IconButton } from '../parts/button.tsx'
import { useStore } from '../parts/store.ts'
import { Wait } from '../parts/wait.tsx'
import { type BottomTab, layoutStore, setLayout } from './layout.ts'
import { ProblemsPanel, useProblems } from './problems-panel.tsx'

const LogsPage = lazy(async () => ({ default: (await import('../logs/logs-page.tsx')).LogsPage }))
const TerminalsPanel = lazy(async () => ({ default: (await import('../terminals/terminals-panel.tsx')).TerminalsPanel }))

export function BottomPanel(): ReactNode {
  const { bottomTab } = useStore(layoutStore)
  const problems = useProblems()
  return (
    <section className="panel" data-part="panel" aria-label="Panel">
      <Tabs
        selectedKey={bottomTab}
        onSelectionChange={(key) => setLayout({ bottomTab: key as BottomTab })}
        className="panel-tabs"
      >
        <div className="tab-row">
          <TabList aria-label="Panel">
            <Tab id="logs">Logs</Tab>
            <Tab id="terminal">Terminal</Tab>
            <Tab id="problems">Problems {problems.length > 0 && <span className="chip s num">{problems.length}</span>}</Tab>
          </TabList>
          <span className="grow" />
          <IconButton icon="close" label="Close the panel" onPress={() => setLayout({ bottom: false })} />
        </div>
        <TabPanel id="logs" className="panel-body">
          <Suspense fallback={<Wait text="Opening logs" />}>
            <LogsPage active />
          </Suspense>
        </TabPanel>
        <TabPanel id="terminal" className="panel-body">
          <Suspense fallback={<Wait text="Opening the terminal" />}>
            <TerminalsPanel />
          </Suspense>
        </TabPanel>
        <TabPanel id="problems" className="panel-body">
          <ProblemsPanel problems={problems} />
        </TabPanel>
      </Tabs>
    </section>
  )
}
