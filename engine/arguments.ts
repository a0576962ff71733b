// The engine's own command line: what was asked, or a Problem that names what is wrong with it.
import { resolve } from 'node:path'
import { problem } from './contract/problem.ts'

export type EngineArguments = {
  readonly browser: boolean
  readonly open: boolean
  readonly port?: number
  readonly folder?: string
  /** Stays in this terminal and ends with it; without it the engine is somebody's child (Electron, the launcher) or was detached. */
  readonly foreground: boolean
  /** Started by the command line for itself: ended by it too when nobody else has come. */
  readonly background: boolean
}

const usage = 'Usage: node engine/main.ts [folder] [--browser] [--no-open] [--port N] [--foreground]'

export function parseArguments(args: readonly string[], cwd: string): EngineArguments {
  let browser = false
  let open = true
  let foreground = false
  let background = false
  let port: number | undefined
  let folder: string | undefined
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = split(args[i] ?? '')
    if (name === '--browser') browser = true
    else if (name === '--no-open') open = false
    else if (name === '--foreground') foreground = true
    else if (name === '--background') background = true
    else if (name === '--port') port = portOf(inline ?? args[++i])
    else if (name.startsWith('-')) throw problem('invalid', `"${name}" is not an option.`, { hint: usage })
    else if (folder !== undefined) throw problem('invalid', 'More than one folder was named.', { hint: usage })
    else folder = resolve(cwd, args[i] ?? '')
  }
  return {
    browser,
    open,
    foreground,
    background,
    ...(port === undefined ? {} : { port }),
    ...(folder === undefined ? {} : { folder }),
  }
}

function split(arg: string): [string, string | undefined] {
  const at = arg.startsWith('--') ? arg.indexOf('=') : -1
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)]
}

function portOf(text: string | undefined): number {
  const port = Number(text)
  if (text === undefined || text === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw problem('invalid', `--port needs a number from 0 to 65535, not "${text ?? ''}".`, { hint: usage })
  return port
}
