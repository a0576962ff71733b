// `updraft ray start|status|stop` on a real Ray: three commands that share one engine which nobody else holds, and nothing left after the last.
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RayState } from '../../engine/contract/topics/ray.ts'
import { EngineWorld, processesNaming } from '../worlds/engine.ts'
import { basePython } from '../worlds/python.ts'

let world: EngineWorld
beforeEach(() => {
  world = new EngineWorld(basePython(), { 'ray.cpus': 2 })
})
afterEach(() => world?.close())

const ray = async (...args: string[]) => world.run('cli.ts', ['ray', ...args])
/** Somebody else's Ray on this machine may be found. */
const STOPPED = /^Ray: stopped\n(found .*\n)*$/
const left = () => processesNaming(world.home).map(({ command }) => command.slice(0, 120))
const stateIn = (stdout: string) => JSON.parse(stdout) as RayState

test('Ray is started, shown, found running by a second start, and stopped with nothing left', async () => {
  const before = await ray('status')
  expect([before.code, before.stdout]).toEqual([1, expect.stringMatching(STOPPED)])

  const started = await ray('start')
  expect([started.code, started.stderr.replace(/\d+\.\d s/g, '… s')]).toEqual([
    0,
    'Ray: Start processes: … s\nRay: Dashboard answers: … s\nRay: Node joins: … s\n',
  ])

  const shown = await ray('status')
  expect([shown.code, shown.stdout]).toEqual([
    0,
    expect.stringMatching(
      /^Ray: running\naddress {4}[\d.]+:\d+\ndashboard {2}http:\/\/127\.0\.0\.1:\d+\nversion {4}\d+\.\d+\.\d+\nnode {7}\S+: 0\/2 CPU, 0\/0 GPU\n/,
    ),
  ])
  const state = stateIn((await ray('status', '--json')).stdout)
  expect([state.state, state.owner, state.nodes.map((node) => node.alive)]).toEqual(['running', 'ours', [true]])

  const again = await ray('start', '--json')
  expect([again.code, again.stderr, stateIn(again.stdout).pid]).toEqual([0, 'Ray runs already.\n', state.pid])

  const stopped = await ray('stop')
  expect([stopped.code, stopped.stdout]).toEqual([0, expect.stringMatching(STOPPED)])
  // The engine that the first command started ends with the last one.
  await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 20_000, interval: 100 })
  expect(readdirSync(world.folders.runtime).filter((name) => /^(ray|engine)-/.test(name))).toEqual([])
}, 180_000)

test('a word that Ray does not know is refused before anything is started', async () => {
  const { code, stderr } = await ray('fly')
  expect([code, stderr]).toEqual([2, expect.stringContaining('"fly" is not something Ray can be asked.')])
  expect(left()).toEqual([])
})
