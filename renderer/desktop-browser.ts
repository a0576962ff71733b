// Desktop as far as a browser goes: notifications, links in new tabs, the page's title. Dialogs are pages of the window itself.
import type { Desktop } from './desktop.ts'

const safe = /^(https?|mailto):/i

export const browserDesktop: Desktop = {
  kind: 'browser',
  can: 'Notification' in globalThis ? ['notifications'] : [],
  openFolder: async () => undefined,
  openFiles: async () => [],
  saveFile: async () => undefined,
  notify: async (notice, pressed) => {
    if (!('Notification' in globalThis)) return false
    if (Notification.permission === 'default') await Notification.requestPermission()
    if (Notification.permission !== 'granted') return false
    const shown = new Notification(notice.title, { body: notice.body, tag: notice.tag })
    shown.onclick = () => {
      window.focus()
      pressed()
    }
    return true
  },
  openExternal: async (address) => {
    if (safe.test(address)) window.open(address, '_blank', 'noopener,noreferrer')
  },
  readSecret: async () => undefined,
  writeSecret: async () => false,
  addRecent: () => {},
  setTitle: (title) => {
    document.title = title
  },
  setBadge: (count) => {
    document.title = document.title.replace(/^\(\d+\) /, '')
    if (count > 0) document.title = `(${count}) ${document.title}`
  },
  onCommand: () => () => {},
}

/** The desktop this window lives on. */
export const desktop: Desktop = window.updraftDesktop ?? browserDesktop
