// Start of Ray until it has joined: ours (the engine's local Ray, gated on resources) against Ray's own command until a driver can join.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalRay } from '../../engine/ray/local-ray.ts'
import { rayStartArgs } from '../../engine/targets/local/ray-head.ts'
import { portsFrom } from '../../engine/targets/local/ray-ports.ts'
import { basePython } from '../worlds/python.ts'
import { type Figure, interleaved, ratioFigure, sleep } from './measure.ts'

export async function rayFigures(): Promise<Figure[]> {
  const python = basePython()
  const base = mkdtempSync(join(tmpdir(), 'rb-'))
  const ours = async () => {
    const ray = new LocalRay({
      python: () => python,
      stateFolder: join(base, 's'),
      runtimeFolder: join(base, 'r'),
      env: process.env,
      cpus: () => 2,
    })
    const from = performance.now()
    await ray.start()
    const ms = performance.now() - from
    await ray.stop()
    await ray.close()
    return ms
  }
  let block = 31_000
  const peer = async () => {
    const folder = mkdtempSync(join(base, 'p'))
    writeFileSync(join(folder, 'token'), 'b'.repeat(64), { mode: 0o600 })
    const env = {
      ...process.env,
      RAY_AUTH_MODE: 'token',
      RAY_AUTH_TOKEN_PATH: join(folder, 'token'),
      RAY_USAGE_STATS_ENABLED: '0',
      RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: '0',
      PYTHONUNBUFFERED: undefined,
      PYTHONDONTWRITEBYTECODE: undefined,
    }
    const from = performance.now()
    block -= 1000
    const ports = portsFrom(block)
    const child = spawn(python, ['-m', 'ray.scripts.scripts', ...rayStartArgs(ports, folder, 2)], {
      env,
      detached: true,
      stdio: 'ignore',
    })
    // Joined = the dashboard names a node that is alive, asked by plain HTTP as often as we ask.
    for (;;) {
      const nodes = await fetch(`http://127.0.0.1:${ports.dashboard}/api/v0/nodes`, {
        headers: { authorization: `Bearer ${'b'.repeat(64)}` },
      }).then(
        (r) => r.text(),
        () => '',
      )
      if (nodes.includes('"ALIVE"')) break
      await sleep(50)
    }
    const ms = performance.now() - from
    process.kill(-(child.pid ?? 0), 'SIGTERM')
    await sleep(1500)
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {}
    await sleep(500)
    return ms
  }
  try {
    const { a, b } = await interleaved(4, 1, ours, peer)
    return [ratioFigure('start of Ray to joined', a, b, "Ray's own command", 'ms')]
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}
