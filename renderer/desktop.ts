// The window's only door to what a desktop can do and a page can't. In a browser desktop-browser.ts answers; in Electron the preload puts
// the same interface on `window.updraftDesktop`. Every call is safe to make anywhere: `can` says beforehand what will work.

export type DesktopAbility = 'open-dialogs' | 'save-dialogs' | 'notifications' | 'secrets' | 'badge' | 'menu'

export interface Desktop {
  readonly kind: 'browser' | 'electron'
  readonly can: readonly DesktopAbility[]
  /** Native folder dialog; absolute path, or undefined when cancelled (or not able: the window then shows its own page). */
  openFolder(startIn?: string): Promise<string | undefined>
  /** Native file dialog; absolute paths, empty when cancelled. */
  openFiles(startIn?: string): Promise<readonly string[]>
  saveFile(suggested: string): Promise<string | undefined>
  /** Shows a notification of the system; `pressed` runs when the user clicks it. False: not allowed here. */
  notify(notice: { readonly title: string; readonly body: string; readonly tag: string }, pressed: () => void): Promise<boolean>
  /** Opens a web address outside of the app. Only http, https and mailto; the caller has shown it in full before. */
  openExternal(address: string): Promise<void>
  /** Secrets in the system's key store; undefined when there is none or the name is unknown. Never written anywhere else. */
  readSecret(name: string): Promise<string | undefined>
  writeSecret(name: string, value: string | undefined): Promise<boolean>
  /** Tells the system's list of recent documents. */
  addRecent(path: string): void
  setTitle(title: string): void
  /** How many things need the user; 0 clears it. */
  setBadge(count: number): void
  /** Commands from the system's menu, and files or folders that the system asks us to open (`ui.open-path` with a path). */
  onCommand(listener: (command: string, input?: unknown) => void): () => void
}

declare global {
  interface Window {
    readonly updraftDesktop?: Desktop
  }
}
