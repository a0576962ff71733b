// Every setting: its name (VS Code's where they match), what it does, its default. The settings page and the checks are made from this list.
import type { Json } from '../contract/json.ts'
import type { SettingSpec } from '../contract/topics/settings.ts'

export const settingSpecs: readonly SettingSpec[] = [
  {
    key: 'workbench.theme',
    title: 'Theme',
    description: 'Colours of the window. "system" follows the desktop.',
    group: 'Look',
    default: 'system',
    options: ['system', 'dark', 'light', 'contrast'],
  },
  {
    key: 'workbench.density',
    title: 'Density',
    description: 'Height of rows: compact is 28 px, comfortable 34 px.',
    group: 'Look',
    default: 'compact',
    options: ['compact', 'comfortable'],
  },
  {
    key: 'workbench.keymap',
    title: 'Keymap',
    description: 'The set of shortcuts that your own key bindings build on.',
    group: 'Keys',
    default: 'jupyter',
    options: ['jupyter', 'vscode'],
  },
  {
    key: 'editor.fontSize',
    title: 'Font size',
    description: 'Code, in pixels.',
    group: 'Editor',
    default: 13,
    minimum: 8,
    maximum: 40,
  },
  {
    key: 'editor.fontFamily',
    title: 'Font',
    description: 'Code font; the bundled JetBrains Mono when empty.',
    group: 'Editor',
    default: '',
  },
  {
    key: 'editor.tabSize',
    title: 'Tab size',
    description: 'Spaces a tab stands for.',
    group: 'Editor',
    default: 4,
    minimum: 1,
    maximum: 16,
  },
  {
    key: 'editor.wordWrap',
    title: 'Word wrap',
    description: 'Wrap long lines of code.',
    group: 'Editor',
    default: 'off',
    options: ['off', 'on'],
  },
  {
    key: 'files.autoSave',
    title: 'Save text files',
    description: 'Text files are saved a second after the last change, or only when you say so. Notebooks are always saved.',
    group: 'Files',
    default: 'afterDelay',
    options: ['off', 'afterDelay'],
  },
  {
    key: 'notebook.lineNumbers',
    title: 'Line numbers in cells',
    description: 'Show line numbers in every code cell.',
    group: 'Notebook',
    default: false,
  },
  {
    key: 'notebook.stopOnError',
    title: 'Stop on error',
    description: 'When a cell fails, the cells queued behind it do not run.',
    group: 'Notebook',
    default: true,
  },
  {
    key: 'notebook.outputLines',
    title: 'Lines of output shown',
    description: 'Taller text output scrolls inside its cell.',
    group: 'Notebook',
    default: 24,
    minimum: 5,
    maximum: 500,
  },
  {
    key: 'notebook.notifyAfterSeconds',
    title: 'Notify about long cells',
    description: 'Tell when a cell that ran longer than this has ended. 0: never.',
    group: 'Notebook',
    default: 60,
    minimum: 0,
    maximum: 86_400,
  },
  {
    key: 'kernel.keepAfterExit',
    title: 'Kernels after Updraft ends',
    description: 'running: a kernel whose cell still runs goes on, idle ones end. all: every kernel stays. none: all end.',
    group: 'Kernels',
    default: 'running',
    options: ['running', 'all', 'none'],
  },
  {
    key: 'kernel.spare',
    title: 'Keep a spare kernel warm',
    description: 'One idle kernel per interpreter makes a restart take milliseconds. Costs about 60 MB.',
    group: 'Kernels',
    default: true,
  },
  {
    key: 'outpost.lingerMinutes',
    title: 'End the outpost when idle',
    description:
      'Minutes without kernels, terminals or windows until the process that keeps them ends itself. Never while a cell runs.',
    group: 'Kernels',
    default: 30,
    minimum: 1,
    maximum: 10_080,
  },
  {
    key: 'ray.autoStart',
    title: 'Start Ray with Updraft',
    description:
      'Local Ray starts in the background, so that ray.init() joins it at once. Costs about 0.7 GB of memory. Off: start it from the status bar.',
    group: 'Ray',
    default: true,
  },
  {
    key: 'ray.keepAfterExit',
    title: 'Ray after Updraft ends',
    description:
      'On: local Ray stays when Updraft ends, and is taken back by the next start. Off: it is stopped with Updraft, unless a kernel that goes on needs it.',
    group: 'Ray',
    default: false,
  },
  {
    key: 'ray.cpus',
    title: 'CPUs for Ray',
    description: '0: all of this machine.',
    group: 'Ray',
    default: 0,
    minimum: 0,
    maximum: 4096,
  },
  {
    key: 'terminal.shell',
    title: 'Shell',
    description: 'Program that terminals start; your login shell when empty.',
    group: 'Terminal',
    default: '',
  },
  {
    key: 'terminal.scrollback',
    title: 'Scrollback',
    description: 'Lines a terminal remembers.',
    group: 'Terminal',
    default: 10_000,
    minimum: 100,
    maximum: 1_000_000,
  },
]

const specOf = new Map(settingSpecs.map((s) => [s.key, s]))
export const settingDefaults: { readonly [key: string]: Json } = Object.fromEntries(settingSpecs.map((s) => [s.key, s.default]))

/** Undefined when the value fits, else a sentence that says what would. */
export function checkSetting(key: string, value: Json): string | undefined {
  const spec = specOf.get(key)
  if (!spec) return `There is no setting "${key}".`
  if (typeof value !== typeof spec.default) return `"${key}" must be a ${typeof spec.default}.`
  if (spec.options && !spec.options.includes(String(value))) return `"${key}" must be one of ${spec.options.join(', ')}.`
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return `"${key}" must be a number.`
    if (spec.minimum !== undefined && value < spec.minimum) return `"${key}" must be at least ${spec.minimum}.`
    if (spec.maximum !== undefined && value > spec.maximum) return `"${key}" must be at most ${spec.maximum}.`
  }
  return undefined
}
