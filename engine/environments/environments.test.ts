import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { Notices } from '../notices/notices.ts'
import { Workspace } from '../workspace/workspace.ts'
import { Environments } from './environments.ts'
import { kernelspecFolders } from './kernelspecs.ts'

let environments: Environments | undefined
afterEach(() => environments?.close())

async function world(prepare: (home: string, folder: string) => void) {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'environments-')))
  const folder = join(home, 'project')
  mkdirSync(folder)
  prepare(home, folder)
  const workspace = new Workspace(join(home, 'state'), [])
  await workspace.start()
  await workspace.open(folder)
  environments = new Environments({
    workspace,
    notices: new Notices(),
    cacheFolder: join(home, 'cache'),
    stateFolder: join(home, 'state'),
    env: { PATH: '' },
    home,
    probeDeadlineMs: 3000,
  })
  await environments.start()
  const shown = () =>
    (environments as Environments).feed.state.list
      .filter((e) => e.python?.startsWith(home) || e.kind === 'kernelspec')
      .map((e) => `${e.kind} ${e.title} ${e.state}`)
  return { home, folder, workspace, environments, shown }
}
const script = (path: string, text: string) => {
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
}
const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()

test('nothing of an untrusted folder runs; once it is trusted its interpreter is asked', async () => {
  const { folder, home, workspace, environments, shown } = await world((at, project) =>
    script(join(project, '.venv/bin/python'), `touch ${at}/it-ran; exit 1`),
  )
  expect(shown()).toEqual(['venv .venv untrusted'])
  await expect(environments.resolve(`python:${folder}/.venv/bin/python`)).rejects.toThrow('you have not trusted')
  expect(() => execFileSync('test', ['-e', join(home, 'it-ran')])).toThrow()
  await workspace.setTrust(folder, true)
  await environments.refresh()
  expect(shown()).toEqual(['venv .venv broken'])
  execFileSync('test', ['-e', join(home, 'it-ran')])
})

test('an environment without ipykernel names the one command that would put it there', async () => {
  const { home, environments, shown } = await world((at) => {
    execFileSync(python, ['-m', 'venv', '--without-pip', join(at, '.pyenv/versions/mine')])
  })
  expect(shown()).toEqual(['pyenv pyenv mine needs-kernel'])
  const id = `python:${home}/.pyenv/versions/mine/bin/python`
  await expect(environments.resolve(id)).rejects.toMatchObject({
    problem: { code: 'missing', action: { command: 'environments.install-kernel' } },
  })
  expect(environments.feed.state.list.find((e) => e.id === id)?.install?.command).toContain('pip install ipykernel>=6.29')
})

test('an interpreter that hangs is given up by its deadline and said to be broken', async () => {
  const { shown } = await world((at) => script(join(at, '.pyenv/versions/stuck/bin/python'), 'exec sleep 100'))
  expect(shown()).toEqual(['pyenv pyenv stuck broken'])
})

test('a kernelspec whose command is missing says so, a foreign one is ready, a damaged one says why', async () => {
  const { environments, shown } = await world((at) => {
    const put = (name: string, spec: unknown) => {
      mkdirSync(join(at, '.local/share/jupyter/kernels', name), { recursive: true })
      writeFileSync(join(at, '.local/share/jupyter/kernels', name, 'kernel.json'), JSON.stringify(spec))
    }
    put('gone', { argv: ['/no/such/kernel', '{connection_file}'], display_name: 'Gone', language: 'gone' })
    put('shell', { argv: ['/bin/sh', '-c', 'x', '{connection_file}'], display_name: 'Shell', language: 'sh' })
    put('bad', { argv: 'one word' })
  })
  expect(shown().filter((l) => l.startsWith('kernelspec'))).toEqual([
    'kernelspec Gone broken',
    'kernelspec Shell ready',
    'kernelspec bad broken',
  ])
  await expect(environments.resolve('kernelspec:gone')).rejects.toThrow('/no/such/kernel, which is not on this machine')
  expect(await environments.resolve('kernelspec:shell')).toMatchObject({
    kernelspec: { interrupt_mode: 'signal', argv: ['/bin/sh', '-c', 'x', '{connection_file}'] },
  })
  expect(await environments.choose({ name: 'shell', language: 'sh' })).toBe('kernelspec:shell')
  await expect(environments.choose({ name: 'x', language: 'fortran' })).rejects.toThrow('no kernel for fortran')
})

test('kernelspecs are looked for where Jupyter looks, XDG_DATA_HOME included', () => {
  expect(kernelspecFolders({ JUPYTER_PATH: '/a:/b', XDG_DATA_HOME: '/x' }, ['/env'], '/home/u')).toEqual(
    ['/a', '/b', '/x/jupyter', '/env/share/jupyter', '/usr/local/share/jupyter', '/usr/share/jupyter'].map((p) => `${p}/kernels`),
  )
})
