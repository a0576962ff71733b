// The command line: a client of the running engine, like a window. Exit code 0: done; 1: it failed and says how; 2: asked wrongly.
import { diagnoseCommand } from './cli-diagnose.ts'
import { useEngine } from './cli-engine.ts'
import { RAY_WORDS, rayCommand, rayInWords } from './cli-ray.ts'
import { type RunArguments, runNotebook } from './cli-run.ts'
import { engineStatus, statusInWords } from './cli-status.ts'
import { ProblemError, problem } from './contract/problem.ts'
import { sayProblem } from './say-problem.ts'

const USAGE = `Usage: ./updraft.mjs serve [folder] [--port N]
       ./updraft.mjs run FILE.ipynb [--output F] [--param k=v]… [--allow-errors] [--environment ID] [--json]
       ./updraft.mjs ray start|status|stop [--json]
       ./updraft.mjs status [--json]
       ./updraft.mjs diagnose [--output FOLDER]`

const say = (line: string): void => void process.stderr.write(`${line}\n`)
const show = (text: string): void => void process.stdout.write(`${text}\n`)

type Options = { readonly words: readonly string[]; readonly values: ReadonlyMap<string, readonly string[]> }

/** `flags`: options without a value; every other known option takes the next word (or what follows `=`). */
function parse(args: readonly string[], known: readonly string[], flags: readonly string[]): Options {
  const words: string[] = []
  const values = new Map<string, string[]>()
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (!arg.startsWith('--')) {
      words.push(arg)
      continue
    }
    const cut = arg.indexOf('=')
    const name = arg.slice(2, cut < 0 ? undefined : cut)
    const value = flags.includes(name) ? '' : cut < 0 ? args[++i] : arg.slice(cut + 1)
    if (!known.includes(name) && !flags.includes(name))
      throw problem('invalid', `--${name} is not an option of this command.`, { hint: USAGE })
    if (value === undefined) throw problem('invalid', `--${name} needs a value.`, { hint: USAGE })
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return { words, values }
}

function runArguments({ words, values }: Options): RunArguments {
  const [file, ...more] = words
  if (file === undefined || more.length > 0) throw problem('invalid', 'One notebook must be named.', { hint: USAGE })
  const parameters = (values.get('param') ?? []).map((text): readonly [string, string] => {
    const cut = text.indexOf('=')
    if (cut <= 0) throw problem('invalid', `--param needs name=value, not "${text}".`, { hint: USAGE })
    return [text.slice(0, cut), text.slice(cut + 1)]
  })
  const [output] = values.get('output') ?? []
  const [environment] = values.get('environment') ?? []
  return {
    file,
    parameters,
    allowErrors: values.has('allow-errors'),
    ...(output === undefined ? {} : { output }),
    ...(environment === undefined ? {} : { environment }),
  }
}

const ENDED_BY = { SIGINT: 130, SIGTERM: 143 } as const

/** Aborts at the first Ctrl-C (or TERM), so that the cell is interrupted and what was made is saved; the second one ends at once. */
function interrupted(): { readonly signal: AbortSignal; code(): number | undefined } {
  const controller = new AbortController()
  let code: number | undefined
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (code !== undefined) process.exit(ENDED_BY[name])
      code = ENDED_BY[name]
      say('Interrupting; once more to leave at once.')
      controller.abort()
    })
  return { signal: controller.signal, code: () => code }
}

const commands: Readonly<Record<string, (args: readonly string[]) => Promise<number | undefined>>> = {
  async serve(args) {
    const { startEngine } = await import('./start-engine.ts')
    await startEngine(['--no-open', ...args])
    return undefined // the engine lives on in this process
  },
  async run(args) {
    const options = parse(args, ['output', 'param', 'environment'], ['allow-errors', 'json'])
    const asked = runArguments(options)
    const { signal, code } = interrupted()
    const engine = await useEngine()
    try {
      const report = await runNotebook(asked, engine, say, signal)
      if (options.values.has('json')) show(JSON.stringify(report))
      else if (report.failed === undefined) say(`Done in ${report.seconds.toFixed(1)} s: ${report.output}`)
      else
        say(
          `Cell ${report.failed.index} ${report.failed.state === 'failed' ? 'failed' : `ended as "${report.failed.state}"`}; what ran until then is in ${report.output}`,
        )
      return code() ?? (report.ok ? 0 : 1)
    } catch (error) {
      const ended = code()
      if (ended === undefined) throw error
      sayProblem(error, 'Interrupted')
      return ended
    } finally {
      await engine.leave()
    }
  },
  async ray(args) {
    const { words, values } = parse(args, [], ['json'])
    const word = RAY_WORDS.find((known) => known === (words[0] ?? 'status'))
    if (word === undefined || words.length > 1)
      throw problem('invalid', `"${words.join(' ')}" is not something Ray can be asked.`, { hint: USAGE })
    const engine = await useEngine()
    let keep = false
    try {
      const state = await rayCommand(word, engine, say, interrupted().signal)
      show(values.has('json') ? JSON.stringify(state) : rayInWords(state))
      // Ray that was started from here must not end with this command.
      keep = state.state === 'running' || state.state === 'starting'
      return word === 'status' && state.state !== 'running' ? 1 : 0
    } finally {
      await engine.leave({ keep })
    }
  },
  async status(args) {
    const { values } = parse(args, [], ['json'])
    const status = await engineStatus()
    show(values.has('json') ? JSON.stringify(status) : statusInWords(status))
    return 0
  },
  async diagnose(args) {
    const { values } = parse(args, ['output'], [])
    const folder = await diagnoseCommand(values.get('output')?.[0], show)
    show(`Written to ${folder}. Nothing was sent: look through the files, then attach them.`)
    return 0
  },
}

async function main(): Promise<void> {
  const [name = '', ...args] = process.argv.slice(2)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined || args.includes('--help')) {
    ;(command === undefined ? say : show)(USAGE)
    process.exitCode = command === undefined ? 2 : 0
    return
  }
  try {
    const code = await command(args)
    if (code !== undefined) process.exit(code)
  } catch (error) {
    sayProblem(error, 'Updraft failed')
    process.exit(error instanceof ProblemError && error.problem.hint === USAGE ? 2 : 1)
  }
}

void main()
