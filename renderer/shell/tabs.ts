// Tabs of the centre: what can be open, under which name, and how a click anywhere ends up in one. Leans on FlexLayout's model;
// what a tab shows is views.tsx.
import { Actions, DockLocation, type IJsonModel, type IJsonTabNode, Model, type TabNode, type TabSetNode } from 'flexlayout-react'
import { arrivalStore, arrivals, type GoTarget } from '../parts/go.ts'
import { fileIcon } from '../parts/icon.tsx'
import { makeStore } from '../parts/store.ts'

export type TabConfig = {
  readonly path?: string
  readonly log?: string
  readonly input?: { readonly [key: string]: string | number | boolean }
}

const global: NonNullable<IJsonModel['global']> = {
  tabEnableRename: false,
  tabEnablePopout: false,
  tabSetEnableMaximize: false,
  tabSetEnableClose: false,
  tabSetEnableTabStrip: true,
  enableEdgeDock: true,
  tabSetTabLocation: 'top',
}

const VIEW_TITLES: { readonly [view: string]: readonly [title: string, icon: string] } = {
  welcome: ['Welcome', 'home'],
  'open-folder': ['Open folder', 'folder-opened'],
  ray: ['Ray', 'arrow-swap'],
  logs: ['Logs', 'output'],
  settings: ['Settings', 'settings-gear'],
  keys: ['Keyboard shortcuts', 'keyboard'],
  about: ['About', 'info'],
}
export const isView = (view: string): boolean => view in VIEW_TITLES

const viewTab = (view: string): IJsonTabNode => ({
  type: 'tab',
  id: `view:${view}`,
  name: VIEW_TITLES[view]?.[0] ?? view,
  component: view,
  config: {},
})

/** The dock as it is at first: the welcome page. */
export const firstDock = (): Model =>
  Model.fromJson({
    global,
    borders: [],
    layout: { type: 'row', children: [{ type: 'tabset', id: 'main', children: [viewTab('welcome')] }] },
  })

/** A remembered dock, or the first one when it can't be read. */
export function readDock(json: IJsonModel | undefined): Model {
  if (json === undefined) return firstDock()
  try {
    return Model.fromJson({ ...json, global, borders: [] })
  } catch {
    return firstDock()
  }
}

export const dockStore = makeStore<Model>(firstDock())
/** Counts the dock's changes, for whoever shows something of it. */
export const dockChanges = makeStore(0)
/** Tabs with text that is not saved. */
export const dirtyTabs = makeStore<ReadonlySet<string>>(new Set())

const PICTURES = /\.(png|jpe?g|gif|webp|svg|bmp|ico|avif)$/i

/** Which page shows a file: by its name. */
export const pageOf = (path: string): 'notebook' | 'image' | 'text' =>
  /\.ipynb$/i.test(path) ? 'notebook' : PICTURES.test(path) ? 'image' : 'text'

export function tabIcon(component: string | undefined, config: TabConfig | undefined): string {
  if (config?.path !== undefined) return fileIcon(config.path)
  return VIEW_TITLES[component ?? '']?.[1] ?? 'output'
}

function tabOf(target: GoTarget): IJsonTabNode {
  switch (target.kind) {
    case 'file':
      return {
        type: 'tab',
        id: `file:${target.path}`,
        name: target.path.slice(target.path.lastIndexOf('/') + 1),
        component: pageOf(target.path),
        config: { path: target.path } satisfies TabConfig,
        helpText: target.path,
      }
    case 'view':
      return { ...viewTab(target.view), config: { input: target.input ?? {} } satisfies TabConfig }
    case 'log':
      return {
        type: 'tab',
        id: `log:${target.log}`,
        name: target.title ?? target.log,
        component: 'log',
        config: { log: target.log } satisfies TabConfig,
      }
    default:
      return target satisfies never
  }
}

/** Opens a target in the active tab set, or shows its tab where it is. */
export function openTarget(target: GoTarget): void {
  const model = dockStore.get()
  if (target.kind === 'view' && !isView(target.view)) throw new Error(`There is no page "${target.view}".`)
  const json = tabOf(target)
  if (target.kind === 'file' && (target.line !== undefined || target.cell !== undefined)) {
    arrivals.set(target.path, {
      ...(target.line === undefined ? {} : { line: target.line }),
      ...(target.column === undefined ? {} : { column: target.column }),
      ...(target.cell === undefined ? {} : { cell: target.cell }),
    })
    arrivalStore.set((n) => n + 1)
  }
  const known = model.getNodeById(json.id ?? '')
  if (known !== undefined) {
    model.doAction(Actions.selectTab(known.getId()))
    return
  }
  const into = (model.getActiveTabset() ?? model.getFirstTabSet()) as TabSetNode
  // The welcome page makes room for the first thing that is opened, as long as nobody pinned it by splitting.
  const alone = into.getChildren().length === 1 ? (into.getChildren()[0] as TabNode) : undefined
  model.doAction(Actions.addTab(json, into.getId(), DockLocation.CENTER, -1, true))
  if (alone !== undefined && ['welcome', 'open-folder'].includes(alone.getComponent() ?? '') && target.kind === 'file')
    model.doAction(Actions.deleteTab(alone.getId()))
}

/** The tab in front of the active tab set. */
export function activeTab(): TabNode | undefined {
  const model = dockStore.get()
  const set = model.getActiveTabset() ?? model.getFirstTabSet()
  return set?.getSelectedNode() as TabNode | undefined
}

export function closeTab(id: string): void {
  const model = dockStore.get()
  if (model.getNodeById(id) !== undefined) model.doAction(Actions.deleteTab(id))
}

/** Goes to the next or previous tab of the active tab set, round. */
export function stepTab(by: 1 | -1): void {
  const model = dockStore.get()
  const set = model.getActiveTabset() ?? model.getFirstTabSet()
  const tabs = set?.getChildren() ?? []
  const next = tabs[((set?.getSelected() ?? 0) + by + tabs.length) % Math.max(1, tabs.length)]
  if (next !== undefined) model.doAction(Actions.selectTab(next.getId()))
}

/** Moves the active tab into a new split beside its tab set. */
export function splitTab(where: 'right' | 'down'): void {
  const model = dockStore.get()
  const tab = activeTab()
  const set = tab?.getParent()
  if (tab === undefined || set === undefined || set.getChildren().length < 2) return
  model.doAction(
    Actions.moveNode(tab.getId(), set.getId(), where === 'right' ? DockLocation.RIGHT : DockLocation.BOTTOM, -1, true),
  )
}

/** Every open tab, in order. */
export function openTabs(): readonly TabNode[] {
  const tabs: TabNode[] = []
  dockStore.get().visitNodes((node) => {
    if (node.getType() === 'tab') tabs.push(node as TabNode)
  })
  return tabs
}

/** A file was renamed: its tab (and those below a renamed folder) follow. */
export function followRename(from: string, to: string): void {
  for (const tab of openTabs()) {
    const path = (tab.getConfig() as TabConfig | undefined)?.path
    if (path === undefined || (path !== from && !path.startsWith(`${from}/`))) continue
    const now = to + path.slice(from.length)
    const front = activeTab()?.getId() === tab.getId()
    const set = tab.getParent()
    const at = set?.getChildren().indexOf(tab) ?? -1
    const model = dockStore.get()
    if (set === undefined) continue
    model.doAction(Actions.addTab(tabOf({ kind: 'file', path: now }), set.getId(), DockLocation.CENTER, at, front))
    model.doAction(Actions.deleteTab(tab.getId()))
  }
}
