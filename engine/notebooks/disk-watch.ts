// Tells when a file on disk may have changed. The folder is watched, not the file: a file that is replaced (git, editors, our own saves) has
// another inode each time. It only says "look"; what changed is found out by whoever looks.
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** An editor replaces a file in several steps: the look comes when they are over. */
const SETTLE_MS = 120
/** Where there are no notices (network file systems, too many watches) the file is looked at this often. */
const POLL_MS = 3000

export class DiskWatch {
  #watcher: FSWatcher | undefined
  #settle: NodeJS.Timeout | undefined
  readonly #poll: NodeJS.Timeout

  /** `path`: real, so that a symbolic link is watched where its file is. */
  constructor(path: string, look: () => void) {
    const name = basename(path)
    const soon = (): void => {
      clearTimeout(this.#settle)
      this.#settle = setTimeout(look, SETTLE_MS)
    }
    try {
      this.#watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
        if (changed === null || changed === name) soon()
      })
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // The poll does it alone.
    }
    this.#poll = setInterval(look, POLL_MS).unref()
  }

  close(): void {
    clearTimeout(this.#settle)
    clearInterval(this.#poll)
    this.#watcher?.close()
  }
}
