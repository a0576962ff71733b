// Secrets by Electron's safeStorage: encrypted with the system's key store and kept in one 0600 file. Where there is no key store (Linux
// without one: "basic_text" would be a password that everybody knows) nothing is written, and the window says so.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { safeStorage } from 'electron'

type Async = {
  encryptStringAsync?(text: string): Promise<Buffer>
  decryptStringAsync?(bytes: Buffer): Promise<{ result: string }>
}

export class Secrets {
  readonly #file: string
  constructor(folder: string) {
    this.#file = join(folder, 'secrets.json')
  }

  get possible(): boolean {
    if (!safeStorage.isEncryptionAvailable()) return false
    const backend =
      process.platform === 'linux' && 'getSelectedStorageBackend' in safeStorage
        ? safeStorage.getSelectedStorageBackend()
        : 'system'
    return backend !== 'basic_text' && backend !== 'unknown'
  }

  async read(name: string): Promise<string | undefined> {
    const kept = this.#all()[name]
    if (kept === undefined || !this.possible) return undefined
    const bytes = Buffer.from(kept, 'base64')
    try {
      // Newer Electrons have only the asynchronous door (46 drops the other), older ones only the synchronous.
      const { decryptStringAsync } = safeStorage as unknown as Async
      return decryptStringAsync ? (await decryptStringAsync.call(safeStorage, bytes)).result : safeStorage.decryptString(bytes)
    } catch {
      return undefined
    }
  }

  async write(name: string, value: string | undefined): Promise<boolean> {
    const all = this.#all()
    if (value === undefined) delete all[name]
    else {
      if (!this.possible) return false
      const { encryptStringAsync } = safeStorage as unknown as Async
      all[name] = (
        encryptStringAsync ? await encryptStringAsync.call(safeStorage, value) : safeStorage.encryptString(value)
      ).toString('base64')
    }
    mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 })
    writeFileSync(`${this.#file}.new`, JSON.stringify(all), { mode: 0o600 })
    renameSync(`${this.#file}.new`, this.#file)
    return true
  }

  #all(): Record<string, string> {
    try {
      const raw: unknown = JSON.parse(readFileSync(this.#file, 'utf8'))
      return typeof raw === 'object' && raw !== null ? { ...(raw as Record<string, string>) } : {}
    } catch {
      return {}
    }
  }
}
