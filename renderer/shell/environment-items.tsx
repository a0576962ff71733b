// The environment picker's rows: each interpreter with its own state, so that a slow one never holds up the others. One that lacks
// kernel support offers the command that puts it there, shown in full before it runs.

import { toProblem } from '../../engine/contract/problem.ts'
import type { Environment, EnvironmentsState } from '../../engine/contract/topics/kernels.ts'
import type { EngineLink } from '../link/engine-link.ts'
import { ask } from '../parts/question.ts'
import { tellProblem } from '../parts/tell.ts'
import { activeNotebook } from './active.ts'
import type { PickItem } from './palette.tsx'

const KIND: { readonly [kind in Environment['kind']]: string } = {
  base: 'comes with Updraft',
  venv: 'virtual environment',
  uv: 'uv',
  conda: 'conda',
  pyenv: 'pyenv',
  system: 'system',
  kernelspec: 'Jupyter kernel',
  torch: 'PyTorch tier',
}
const STATE: { readonly [state in Environment['state']]: readonly [dot: string, word: string] } = {
  found: ['idle', 'not looked at yet'],
  probing: ['wait', 'looking'],
  ready: ['', 'ready'],
  'needs-kernel': ['warn', 'needs ipykernel'],
  broken: ['bad', 'broken'],
  untrusted: ['idle', 'folder is not trusted'],
}

export function environmentItems(state: EnvironmentsState | undefined, link: EngineLink): readonly PickItem[] {
  const items = (state?.list ?? []).map((e): PickItem => {
    const [dot, word] = STATE[e.state]
    const packages = ['ray', 'torch', 'ipykernel'].flatMap((p) => (e.packages[p] === undefined ? [] : [`${p} ${e.packages[p]}`]))
    return {
      id: e.id,
      group: KIND[e.kind],
      title: `${e.title}${e.version === undefined ? '' : ` · Python ${e.version}`}`,
      hint: [e.problem?.message, packages.join(' · '), e.python].filter(Boolean).join(' · '),
      icon: e.kind === 'kernelspec' ? 'notebook' : 'vm',
      state: (
        <span className="row tiny soft">
          <span className={`dot ${dot}`} />
          {e.install?.running ? 'installing' : word}
        </span>
      ),
      run: () => void choose(e, link),
    }
  })
  return [
    ...items,
    {
      id: 'refresh',
      group: '',
      title: 'Look again',
      hint: 'Finds interpreters that were made since',
      icon: 'refresh',
      run: () => void link.call('environments.refresh', null).catch((e: unknown) => tellProblem(toProblem(e))),
    },
  ]
}

async function choose(e: Environment, link: EngineLink): Promise<void> {
  try {
    if (e.state === 'untrusted') {
      tellProblem({
        code: 'denied',
        message: `${e.title} belongs to a folder that is not trusted.`,
        hint: 'Trust the folder first; until then nothing in it runs.',
      })
      return
    }
    if (e.state === 'broken') {
      tellProblem(e.problem ?? { code: 'invalid', message: `${e.title} does not work.`, hint: 'Choose another one.' })
      return
    }
    if (e.state === 'needs-kernel') {
      const command = e.install?.command
      if (command === undefined) {
        tellProblem(
          e.problem ?? {
            code: 'missing',
            message: `${e.title} has no kernel support.`,
            hint: 'Install ipykernel in it, then look again.',
          },
        )
        return
      }
      const yes = await ask({
        title: `Put kernel support into ${e.title}?`,
        text: (
          <>
            This runs one command, and nothing else:
            <code className="shown-command">{command}</code>
          </>
        ),
        yes: 'Run it',
      })
      if (!yes) return
      await link.call('environments.install-kernel', { environment: e.id })
    }
    const open = activeNotebook.get()
    if (open !== undefined) await link.call('notebook.choose-environment', { notebook: open.id, environment: e.id })
  } catch (error) {
    tellProblem(toProblem(error, console.error))
  }
}
