// The one list where features meet: which page a tab shows, which view the side bar has, what the activity bar offers.
// Every page is a chunk of its own: the first paint loads none that is not open.
import { type ComponentType, lazy, type ReactNode } from 'react'
import { openPicker } from './palette-store.ts'
import type { TabConfig } from './tabs.ts'

export type PageProps = { readonly config: TabConfig; readonly active: boolean; readonly tabId: string }

const page = <P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> =>
  lazy(async () => ({ default: await load() }))

const WelcomePage = page(async () => (await import('../welcome/welcome-page.tsx')).WelcomePage)
const OpenFolderPage = page(async () => (await import('../files/open-folder-page.tsx')).OpenFolderPage)
const NotebookTab = page(async () => (await import('./notebook-tab.tsx')).NotebookTab)
const TextPage = page(async () => (await import('../files/text-page.tsx')).TextPage)
const ImagePage = page(async () => (await import('../files/image-page.tsx')).ImagePage)
const RayPage = page(async () => (await import('../ray/ray-page.tsx')).RayPage)
const LogsPage = page(async () => (await import('../logs/logs-page.tsx')).LogsPage)
const LogView = page(async () => (await import('../logs/log-view.tsx')).LogView)
const SettingsPage = page(async () => (await import('../settings/settings-page.tsx')).SettingsPage)
const KeysPage = page(async () => (await import('../settings/keys-page.tsx')).KeysPage)
const AboutPage = page(async () => (await import('../settings/about-page.tsx')).AboutPage)

/** What a tab shows, by its component's name; undefined for a tab that another version of Updraft made. */
export function pageFor(component: string | undefined, props: PageProps): ReactNode {
  const { config, active, tabId } = props
  switch (component) {
    case 'welcome':
      return <WelcomePage onFind={openPicker} />
    case 'open-folder':
      return <OpenFolderPage />
    case 'notebook':
      return config.path === undefined ? undefined : <NotebookTab path={config.path} active={active} tabId={tabId} />
    case 'text':
      return config.path === undefined ? undefined : <TextPage path={config.path} active={active} tabId={tabId} />
    case 'image':
      return config.path === undefined ? undefined : <ImagePage path={config.path} />
    case 'ray':
      return <RayPage />
    case 'logs':
      return <LogsPage active={active} />
    case 'log':
      return config.log === undefined ? undefined : <LogView log={config.log} />
    case 'settings':
      return <SettingsPage />
    case 'keys':
      return <KeysPage />
    case 'about':
      return <AboutPage />
    default:
      return undefined
  }
}

export type Activity = { readonly id: string; readonly title: string; readonly icon: string; readonly command: string } & (
  | { readonly side: string }
  | { readonly view: string }
)

/** The activity bar, top to bottom. Only what exists. */
export const activities: readonly Activity[] = [
  { id: 'files', title: 'Files', icon: 'files', command: 'ui.show-files', side: 'files' },
  { id: 'search', title: 'Search in files', icon: 'search', command: 'ui.show-search', side: 'search' },
  { id: 'ray', title: 'Ray', icon: 'arrow-swap', command: 'ui.show-ray', view: 'ray' },
  { id: 'logs', title: 'Logs', icon: 'output', command: 'ui.show-logs', view: 'logs' },
]
