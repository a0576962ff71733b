// The engine as a program: who starts second, what a port in use or a killed engine leads to, how it ends and what it leaves.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { EngineWorld, processesNaming, stateWhen } from '../worlds/engine.ts'
import { basePython } from '../worlds/python.ts'

let world: EngineWorld
afterEach(() => world.close())

test('a second start and the command line become clients of the engine that runs', async () => {
  world = new EngineWorld()
  const first = await world.start()
  const second = await world.run('main.ts', ['--no-open'])
  const [host] = /http:\/\/[^/]+/.exec(first.url) ?? []
  expect([second.code, second.stdout.replace(/sign-in\/.*/, 'sign-in/…')]).toEqual([
    0,
    `Updraft runs already (process ${first.child.pid}).\nUpdraft is at ${host}/sign-in/…\n`,
  ])
  expect(second.stdout).not.toContain(first.url)
  first.child.kill('SIGTERM')
  expect(await first.ended).toBe(0)
  expect(readdirSync(world.folders.runtime).filter((name) => name.startsWith('engine-'))).toEqual([])
})

test('a killed engine is replaced at the same address, and a window that was open finds it', async () => {
  world = new EngineWorld()
  const first = await world.start()
  const link = world.link()
  const before = await stateWhen(link, 'engine', null, () => true)
  first.child.kill('SIGKILL')
  await first.ended
  const second = await world.start()
  const after = await stateWhen(link, 'engine', null, (state) => state.pid !== before.pid)
  expect([after.pid, new URL(second.url).host]).toEqual([second.child.pid, new URL(first.url).host])
})

test('a port in use is said; without --port another one is taken', async () => {
  world = new EngineWorld()
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const refused = await world.run('main.ts', ['--no-open', '--port', String(port)])
  expect([refused.code, refused.stderr]).toEqual([
    1,
    `Port ${port} is in use by another program.\nNothing was started. Leave --port out to take any free port, or name another.\n`,
  ])
  expect(readdirSync(world.folders.runtime)).toEqual([])
  const engine = await world.start()
  const instance = JSON.parse(readFileSync(join(world.folders.state, 'instance.json'), 'utf8')) as Record<string, unknown>
  engine.child.kill('SIGTERM')
  await engine.ended
  // The port of last time has been taken meanwhile.
  writeFileSync(join(world.folders.state, 'instance.json'), JSON.stringify({ ...instance, port }))
  const next = await world.start()
  expect(new URL(next.url).port).not.toBe(String(port))
  taken.close()
})

test('wrong arguments and a folder that is not there are refused in words', async () => {
  world = new EngineWorld()
  for (const args of [['--port', 'x'], ['--nonsense'], ['a', 'b']]) {
    const { code, stderr } = await world.run('main.ts', args)
    expect([code, stderr.includes('Usage:')]).toEqual([1, true])
  }
  const missing = await world.run('main.ts', ['--no-open', 'no-such-folder'])
  expect([missing.code, missing.stderr.includes('no-such-folder')]).toEqual([1, true])
  expect(readdirSync(world.folders.runtime).filter((name) => name.startsWith('engine-'))).toEqual([])
})

test('no secret is in the log, in an argument or in what diagnose gathers', async () => {
  world = new EngineWorld()
  const engine = await world.start()
  const link = world.link()
  const { url } = await link.call('engine.sign-in', {})
  const { files } = await link.call('engine.diagnose', null)
  const discovery = readdirSync(world.folders.runtime).find((name) => /^engine-.*\.json$/.test(name)) ?? ''
  const { token } = JSON.parse(readFileSync(join(world.folders.runtime, discovery), 'utf8')) as { token: string }
  const { cookieKey } = JSON.parse(readFileSync(join(world.folders.state, 'instance.json'), 'utf8')) as { cookieKey: string }
  const places = {
    log: readFileSync(join(world.folders.state, 'engine.log'), { encoding: 'utf8', flag: 'a+' }),
    argv: process.platform === 'linux' ? readFileSync(`/proc/${engine.child.pid}/cmdline`, 'utf8') : '',
    diagnose: JSON.stringify(files),
  }
  const signIn = url.split('/').at(-1) ?? ''
  const found = Object.entries(places).flatMap(([place, text]) =>
    [token, cookieKey, signIn].filter((secret) => text.includes(secret)).map(() => place),
  )
  expect(found).toEqual([])
  expect(files.map((file) => file.name)).toContain('engine.json')
})

test('asked to stop, it ends by itself and lets the caller know first', async () => {
  world = new EngineWorld()
  const engine = await world.start()
  expect(await world.link().call('engine.stop', {})).toBeNull()
  expect(await engine.ended).toBe(0)
  expect(existsSync(join(world.folders.state, 'engine.log'))).toBe(true)
})

test('an engine that ends takes its outpost, its spare kernel and its terminal host with it; a running cell keeps its own', async () => {
  world = new EngineWorld(basePython(), { 'kernel.spare': true })
  const path = join(world.work, 'n.ipynb')
  const source = 'import time\nprint("runs", flush=True)\ntime.sleep(60)'
  const cell = { cell_type: 'code', id: 'a', metadata: {}, source, outputs: [], execution_count: null }
  writeFileSync(path, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }))
  const first = await world.start()
  const link = world.link()
  await link.call('workspace.trust', { folder: path, trusted: true })
  const { notebook } = await link.call('notebook.open', { path })
  await link.call('notebook.run', { notebook, cells: ['a'], ids: ['x'] })
  await stateWhen(link, 'notebook', { notebook }, (state) => state.cells['a']?.outputs.length === 1)
  const { terminal } = await link.call('terminals.open', { rows: 24, columns: 80 })
  await link.call('terminals.close', { terminal })
  first.child.kill('SIGTERM')
  expect([await first.ended, first.output()]).toEqual([0, expect.stringContaining('n.ipynb goes on: its cell is running')])
  const kinds = () =>
    processesNaming(world.home).map(({ command }) => / (host direct|up|keep) |terminal-host/.exec(command)?.[0].trim() ?? command)
  await vi.waitFor(() => expect(new Set(kinds())).toEqual(new Set(['up', 'host direct'])), { timeout: 10_000 })

  const second = await world.start()
  const again = await link.call('notebook.open', { path })
  await stateWhen(link, 'notebook', { notebook: again.notebook }, (state) => state.kernel.state === 'busy')
  await link.call('notebook.interrupt', { notebook: again.notebook })
  await stateWhen(link, 'notebook', { notebook: again.notebook }, (state) => state.kernel.state === 'idle')
  // The kernel and its spare.
  await vi.waitFor(() => expect(kinds().filter((kind) => kind === 'host direct').length).toBe(2), { timeout: 20_000 })
  second.child.kill('SIGTERM')
  expect(await second.ended).toBe(0)
  await vi.waitFor(() => expect(kinds()).toEqual([]), { timeout: 10_000 })
}, 120_000)

test('an outpost whose folder was removed ends within seconds, with the idle kernel that it kept', async () => {
  world = new EngineWorld(basePython())
  const engine = await world.start()
  const path = join(world.work, 'n.ipynb')
  const cell = { cell_type: 'code', id: 'a', metadata: {}, source: '1', outputs: [], execution_count: null }
  writeFileSync(path, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }))
  const link = world.link()
  await link.call('workspace.trust', { folder: path, trusted: true })
  const { notebook } = await link.call('notebook.open', { path })
  await link.call('notebook.run', { notebook, cells: ['a'], ids: ['x'] })
  await stateWhen(link, 'notebook', { notebook }, (state) => state.cells['a']?.run?.state === 'done')
  engine.child.kill('SIGKILL')
  await engine.ended
  expect(processesNaming(world.home).length).toBeGreaterThan(1)
  rmSync(world.folders.runtime, { recursive: true })
  await vi.waitFor(() => expect(processesNaming(world.home)).toEqual([]), { timeout: 15_000, interval: 200 })
}, 120_000)
