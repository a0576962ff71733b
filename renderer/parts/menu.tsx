// Menus: of a button, and of a place that was right-clicked (or the menu key). Items are commands or calls with a title.
import { type ReactNode, useEffect, useRef } from 'react'
import { Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from 'react-aria-components'
import { Icon } from './icon.tsx'
import { Keys } from './kbd.tsx'
import { makeStore, useStore } from './store.ts'

export type MenuEntry =
  | {
      readonly id: string
      readonly title: string
      readonly icon?: string
      readonly keys?: string | undefined
      readonly hint?: string
      readonly danger?: boolean
      readonly checked?: boolean
      readonly run: () => void
    }
  | 'line'
  | { readonly heading: string }

function items(entries: readonly MenuEntry[]): ReactNode {
  return entries.map((e, i) => {
    // lines and headings have no name; their place in the menu is their identity.
    if (e === 'line') return <Separator key={`line-${i}`} />
    if ('heading' in e)
      return (
        // as above.
        <MenuSection key={`heading-${i}`}>
          <Header>{e.heading}</Header>
        </MenuSection>
      )
    return (
      <MenuItem key={e.id} id={e.id} textValue={e.title} onAction={e.run} className={`menu-item ${e.danger ? 'danger' : ''}`}>
        <Icon name={e.checked ? 'check' : (e.icon ?? 'blank')} />
        <span className="grow">
          {e.title}
          {e.hint !== undefined && <small className="faint">{e.hint}</small>}
        </span>
        {e.keys !== undefined && <Keys keys={e.keys} />}
      </MenuItem>
    )
  })
}

/** A button (the first child must be a React Aria button) with a menu under it. */
export function MenuButton({
  entries,
  label,
  children,
  placement = 'bottom end',
}: {
  readonly entries: readonly MenuEntry[]
  readonly label: string
  readonly children: ReactNode
  readonly placement?: 'bottom end' | 'bottom start' | 'top start' | 'top end'
}): ReactNode {
  return (
    <MenuTrigger>
      {children}
      <Popover placement={placement} className="popover" offset={4}>
        <Menu aria-label={label} className="menu">
          {items(entries)}
        </Menu>
      </Popover>
    </MenuTrigger>
  )
}

type Asked = {
  readonly x: number
  readonly y: number
  readonly label: string
  readonly entries: readonly MenuEntry[]
  readonly back: HTMLElement | null
}
const asked = makeStore<Asked | undefined>(undefined)

/** Shows a menu at a point of the window; focus goes back to where it was. */
export function showMenu(
  at: { readonly clientX: number; readonly clientY: number },
  label: string,
  entries: readonly MenuEntry[],
): void {
  if (entries.length > 0)
    asked.set({ x: at.clientX, y: at.clientY, label, entries, back: document.activeElement as HTMLElement | null })
}

/** Props for an element with a context menu: right click, the menu key and Shift+F10. */
export const contextMenu = (
  label: string,
  entries: () => readonly MenuEntry[],
): { onContextMenu: (e: React.MouseEvent<HTMLElement>) => void } => ({
  onContextMenu: (e) => {
    e.preventDefault()
    e.stopPropagation()
    // The menu key comes as a contextmenu event at 0,0 or in the middle of the focused element.
    const box = e.currentTarget.getBoundingClientRect()
    const at = e.clientX === 0 && e.clientY === 0 ? { clientX: box.left + 24, clientY: box.top + Math.min(24, box.height) } : e
    showMenu(at, label, entries())
  },
})

/** Mounted once by the shell. */
export function ContextMenuHost(): ReactNode {
  const now = useStore(asked)
  const anchor = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (now === undefined) return
    const close = () => asked.set(undefined)
    window.addEventListener('blur', close)
    return () => window.removeEventListener('blur', close)
  }, [now])
  const close = () => {
    const back = asked.get()?.back
    asked.set(undefined)
    // What the item did may have the focus already (a field to type a name in): then it keeps it.
    requestAnimationFrame(() => {
      if (document.activeElement === null || document.activeElement === document.body) back?.focus()
    })
  }
  return (
    <>
      <div
        ref={anchor}
        style={{ position: 'fixed', left: now?.x ?? 0, top: now?.y ?? 0, width: 1, height: 1, pointerEvents: 'none' }}
      />
      {now !== undefined && (
        <Popover
          triggerRef={anchor}
          isOpen
          placement="bottom start"
          offset={2}
          className="popover"
          onOpenChange={(open) => !open && close()}
        >
          <Menu aria-label={now.label} className="menu" autoFocus="first" onClose={close}>
            {items(now.entries)}
          </Menu>
        </Popover>
      )}
    </>
  )
}
