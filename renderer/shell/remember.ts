// Brings the layout of a workspace back when it is opened, and has the engine remember it a second after it was last changed.
import { useEffect, useRef } from 'react'
import { toProblem } from '../../engine/contract/problem.ts'
import { useFeedPart, useLink } from '../link/hooks.tsx'
import { useStore } from '../parts/store.ts'
import { tellProblem } from '../parts/tell.ts'
import { layoutStore, readLayout, writeLayout } from './layout.ts'
import { dockChanges, dockStore, firstDock, readDock } from './tabs.ts'

const SETTLE_MS = 1000

/** The address may name a folder to open (a second start does: `/?folder=…`); it is taken once and the address is clean again. */
export function useAskedFolder(): void {
  const link = useLink()
  useEffect(() => {
    const folder = new URLSearchParams(location.search).get('folder')
    if (folder === null) return
    history.replaceState(null, '', '/')
    link.call('workspace.open', { folder }).catch((error: unknown) => tellProblem(toProblem(error, console.error)))
  }, [link])
}

export function useRememberedLayout(): void {
  const link = useLink()
  const folder = useFeedPart('workspace', null, (s) => s.folder ?? '').state
  const kept = useFeedPart('workspace', null, (s) => s.layout).state
  const loaded = useRef<string>(undefined)
  const layout = useStore(layoutStore)
  const changes = useStore(dockChanges)

  // Once per folder: what another window of the same folder does later is its own affair.
  useEffect(() => {
    if (folder === undefined || loaded.current === folder) return
    const first = loaded.current === undefined
    loaded.current = folder
    if (folder === '' && first) return
    const { frame, dock } = readLayout(kept)
    layoutStore.set(frame)
    dockStore.set(dock === undefined ? firstDock() : readDock(dock))
  }, [folder, kept])

  // `changes` counts the dock's changes.
  useEffect(() => {
    if (folder === undefined || folder === '' || loaded.current !== folder) return
    const save = () =>
      void link
        .call('workspace.remember-layout', { layout: writeLayout(layoutStore.get(), dockStore.get().toJson()) })
        .catch(() => {})
    const timer = setTimeout(save, SETTLE_MS)
    return () => clearTimeout(timer)
  }, [link, folder, layout, changes])
}
