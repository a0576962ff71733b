// Settings and key bindings as the engine knows them: defaults, the user's two files, and the feed that windows follow.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import type { Json } from '../contract/json.ts'
import { problem } from '../contract/problem.ts'
import type { Room } from '../contract/rooms.ts'
import type { Keybinding, SettingsChange, SettingsState } from '../contract/topics/settings.ts'
import { SettingsFile } from './settings-file.ts'
import { checkSetting, settingDefaults, settingSpecs } from './specs.ts'

const isBinding = (k: unknown): k is Keybinding =>
  typeof k === 'object' &&
  k !== null &&
  'key' in k &&
  typeof k.key === 'string' &&
  'command' in k &&
  typeof k.command === 'string'

type FileProblems = {
  readonly settings: readonly string[]
  readonly keys: readonly string[]
}

export class Settings {
  readonly feed: Feed<SettingsState, SettingsChange>
  readonly #settings: SettingsFile
  readonly #keys: SettingsFile
  #problems: FileProblems = { settings: [], keys: [] }

  constructor(configFolder: string) {
    const files = {
      settings: join(configFolder, 'settings.json'),
      keybindings: join(configFolder, 'keybindings.json'),
    }
    this.#settings = new SettingsFile(files.settings, '{}')
    this.#keys = new SettingsFile(files.keybindings, '[]')
    const start: SettingsState = {
      specs: settingSpecs,
      values: settingDefaults,
      keybindings: [],
      files,
      problems: [],
    }
    this.feed = new Feed<SettingsState, SettingsChange>(start, (s, c) => ({ ...s, ...c.set }), randomUUID())
  }

  async open(): Promise<void> {
    await Promise.all([this.#readSettings(), this.#readKeys()])
    this.#settings.watch(() => void this.#readSettings())
    this.#keys.watch(() => void this.#readKeys())
  }

  /** A setting's value; a setting that does not exist is a programmer's error. */
  get<T extends Json>(key: string): T {
    const value = this.feed.state.values[key]
    if (value === undefined) throw new Error(`no setting ${key}`)
    return value as T
  }

  async set(key: string, value: Json | undefined): Promise<void> {
    const wrong = value === undefined ? undefined : checkSetting(key, value)
    if (wrong) throw problem('invalid', wrong, { where: 'settings' })
    await this.#write(() => this.#settings.set([key], value))
    await this.#readSettings()
  }

  async addKey(binding: Keybinding): Promise<void> {
    await this.#write(() => this.#keys.set([-1], binding))
    await this.#readKeys()
  }

  async removeKey(key: string, command: string): Promise<void> {
    // The place in the file, where entries that make no sense count too.
    const { value } = await this.#keys.read()
    const at = Array.isArray(value) ? value.findIndex((k: unknown) => isBinding(k) && k.key === key && k.command === command) : -1
    if (at < 0) throw problem('missing', `There is no binding of ${key} to ${command}.`)
    await this.#write(() => this.#keys.set([at], undefined))
    await this.#readKeys()
  }

  async close(): Promise<void> {
    await Promise.all([this.#settings.close(), this.#keys.close()])
  }

  async #write(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      throw problem('invalid', error instanceof Error ? error.message : String(error), {
        hint: 'Mend the file by hand; it was left as it is.',
        where: 'settings',
      })
    }
  }

  async #readSettings(): Promise<void> {
    const { value, problems } = await this.#settings.read()
    const said = [...problems]
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      const values: Record<string, Json> = { ...settingDefaults }
      for (const [key, given] of Object.entries(value as Record<string, Json>)) {
        const wrong = checkSetting(key, given)
        if (wrong) said.push(`${this.#settings.path}: ${wrong}`)
        else values[key] = given
      }
      this.#tell({ settings: said }, { values })
    } else {
      this.#tell(
        {
          settings: said.length > 0 ? said : [`${this.#settings.path} must hold one object.`],
        },
        {},
      )
    }
  }

  async #readKeys(): Promise<void> {
    const { value, problems } = await this.#keys.read()
    if (!Array.isArray(value)) {
      this.#tell(
        {
          keys: problems.length > 0 ? problems : [`${this.#keys.path} must hold a list.`],
        },
        {},
      )
      return
    }
    const good = value.filter(isBinding)
    const bad = value.length - good.length
    this.#tell(
      {
        keys: bad > 0 ? [`${this.#keys.path}: ${bad} of ${value.length} entries have no "key" or no "command".`] : [],
      },
      { keybindings: good },
    )
  }

  #tell(problems: Partial<FileProblems>, set: Partial<SettingsState>): void {
    this.#problems = { ...this.#problems, ...problems }
    this.feed.change({
      type: 'settings-changed',
      set: {
        ...set,
        problems: [...this.#problems.settings, ...this.#problems.keys],
      },
    })
  }
}

export function createSettingsRoom(settings: Settings): Room {
  return {
    answers: {
      'settings.set': async ({ key, value }) => settings.set(key, value).then(() => null),
      'settings.reset': async ({ key }) => settings.set(key, undefined).then(() => null),
      'keybindings.set': async ({ key, command, when }) =>
        settings.addKey({ key, command, ...(when === undefined ? {} : { when }) }).then(() => null),
      'keybindings.remove': async ({ key, command }) => settings.removeKey(key, command).then(() => null),
    },
    sources: {
      settings: async () => ({ feed: settings.feed, release: () => {} }),
    },
    close: () => settings.close(),
  }
}
