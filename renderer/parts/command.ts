// What a window can be told to do: commands by name, and the context that says which of them make sense now. Features offer commands
// with `offerCommands`; the shell's palette, menus and keymap read them here. Nobody calls a feature's code for a button: it runs a command.
import { makeStore, type Store } from './store.ts'

/** Keys in VS Code's notation: `ctrl+shift+p`, `i i` (a chord), `mod+s` (Cmd on a Mac, Ctrl elsewhere). One list for all, or one per set. */
export type CommandKeys = readonly string[] | { readonly jupyter?: readonly string[]; readonly vscode?: readonly string[] }

export type Command = {
  /** `noun.verb`, e.g. `notebook.run-cell`. */
  readonly id: string
  readonly title: string
  /** Shown before the title in the palette: `Notebook`, `View`. */
  readonly category?: string
  /** codicon name. */
  readonly icon?: string
  readonly keys?: CommandKeys
  /** When the keys work and the palette offers it: `notebookFocus && !inputFocus`. See when.ts. */
  readonly when?: string
  /** Keys that also work inside a terminal; all others go to the shell that runs there. */
  readonly inTerminal?: boolean
  /** Not offered in the palette (it needs an argument). */
  readonly hidden?: boolean
  readonly run: (input?: unknown) => unknown
}

export type ContextValue = string | number | boolean | undefined

const offered: Store<ReadonlyMap<string, Command>> = makeStore<ReadonlyMap<string, Command>>(new Map())
const context = makeStore<{ readonly [key: string]: ContextValue }>({})

/** Offers commands while a feature is there; returns the way to take them back. A second offer of an id wins until it is taken back. */
export function offerCommands(commands: readonly Command[]): () => void {
  offered.set((old) => new Map([...old, ...commands.map((c) => [c.id, c] as const)]))
  return () => offered.set((old) => new Map([...old].filter(([id, c]) => !commands.some((gone) => gone.id === id && gone === c))))
}

export const commandList = (): ReadonlyMap<string, Command> => offered.get()
export const commandStore = offered

/** Runs a command by name; an unknown name or a failure is told through `onCommandProblem`. */
export async function runCommand(id: string, input?: unknown): Promise<unknown> {
  const command = offered.get().get(id)
  try {
    if (command !== undefined) return await command.run(input)
    return await unknownCommand(id, input)
  } catch (error) {
    commandProblem(error, command?.title ?? id)
    return undefined
  }
}

/** What to do with a name that no feature offers: a Problem's action may name a call of the engine. */
let unknownCommand: (id: string, input: unknown) => unknown = (id) => {
  throw new Error(`There is no command "${id}" here.`)
}
export function onUnknownCommand(run: (id: string, input: unknown) => unknown): void {
  unknownCommand = run
}

let commandProblem: (error: unknown, title: string) => void = (error) => console.error(error)
/** Who shows what went wrong in a command: the shell, as a notice. */
export function onCommandProblem(show: (error: unknown, title: string) => void): void {
  commandProblem = show
}

/** Sets keys that `when` clauses read. What belongs to a focused part is better said by `data-context="…"` on its element. */
export function setContext(set: { readonly [key: string]: ContextValue }): void {
  const old = context.get()
  if (Object.keys(set).some((key) => old[key] !== set[key])) context.set({ ...old, ...set })
}
export const contextStore = context
