// `./updraft.mjs python [base|torch] [--print] [--yes]`: the one named command that makes an environment, the heavy one only
// after its size was said and agreed to.
import { createInterface } from 'node:readline'
import { prepareEnvironment, readyEnvironment } from './python-env.mjs'
import { kinds } from './python-kinds.mjs'
import { say, Trouble } from './say.mjs'

function agreed(question) {
  if (!process.stdin.isTTY) throw new Trouble(question, 'There is no terminal to ask on: add --yes to agree.')
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise((resolve) => {
    reader.question(`updraft: ${question} [y/N] `, (answer) => {
      reader.close()
      resolve(/^y/i.test(answer.trim()))
    })
  })
}

export async function pythonCommand(args) {
  const kind = args.find((arg) => !arg.startsWith('-')) ?? 'base'
  if (!Object.hasOwn(kinds, kind))
    throw new Trouble(`There is no environment called "${kind}".`, `There are: ${Object.keys(kinds).join(', ')}.`)
  const { asked, says, sizeBytes } = kinds[kind]
  if (asked && !args.includes('--yes') && !readyEnvironment(kind)) {
    const size = `${(sizeBytes / 1e9).toFixed(1)} GB on disk`
    if (!(await agreed(`"${kind}" (${says}) needs ${size} and some minutes. Make it?`))) {
      say('nothing was made')
      return 1
    }
  }
  const python = await prepareEnvironment(kind, `${kind} environment (${says})`)
  process.stdout.write(args.includes('--print') ? `${python}\n` : `${kind}: ${python}\n`)
  return 0
}
