// Figures of the kernel path: from Node to the kernel and back, the first byte, a print flood, a restart, an interrupt. Ours is the session that
// the engine itself uses; the peer is stock ipykernel over ZeroMQ, or plain `python | cat`.
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import type { KernelEvent, KernelSession } from '../../engine/sessions/session.ts'
import { sessionsWorld } from '../sessions/sessions-world.ts'
import { basePython } from '../worlds/python.ts'
import { bridgeEnvironment } from './bridge-environment.ts'
import { type Figure, fixed, interleaved, ratioFigure, series, sleep } from './measure.ts'
import { StockKernel } from './stock-kernel.ts'

const shell = promisify(execFile)
const FLOOD = 'for i in range(10**6): print(i)'
const FLOOD_BYTES = 6_888_890

/** One consumer of a session that times what the bench asks for. */
class Ours {
  readonly session: KernelSession
  readonly #stop = new AbortController()
  #on: (event: KernelEvent) => void = () => {}

  constructor(session: KernelSession) {
    this.session = session
    this.follow()
  }
  follow(): void {
    void this.session.follow('now', (events) => void events.map((e) => this.#on(e)), this.#stop.signal).catch(() => undefined)
  }
  stop(): void {
    this.#stop.abort()
  }

  /** Runs code; resolves at `idle` with the times since the request of the first text, of an error, and the digest of all text. */
  run(
    code: string,
    interruptAfterMs?: number,
  ): Promise<{ ms: number; firstMs: number; errorMs: number; bytes: number; sha: string }> {
    const id = randomUUID()
    const hash = createHash('sha256')
    return new Promise((resolve) => {
      let firstMs = Number.NaN
      let errorMs = Number.NaN
      let bytes = 0
      let from = performance.now()
      this.#on = (e) => {
        if (e.type === 'text' && e.request === id) {
          if (bytes === 0) firstMs = performance.now() - from
          bytes += e.bytes.length
          hash.update(e.bytes)
        } else if (e.type === 'message' && e.message.parent === id && e.channel === 'iopub') {
          if (e.message.type === 'error') errorMs = performance.now() - from
          if (e.message.content['execution_state'] === 'idle')
            resolve({ ms: performance.now() - from, firstMs, errorMs, bytes, sha: hash.digest('hex') })
        }
      }
      this.session.execute({ id, code })
      if (interruptAfterMs !== undefined) {
        setTimeout(() => {
          from = performance.now()
          void this.session.interrupt()
        }, interruptAfterMs)
      }
    })
  }
}

export async function kernelFigures(): Promise<Figure[]> {
  const python = basePython()
  const world = await sessionsWorld()
  const figures: Figure[] = []
  const stock = await StockKernel.start(python)
  try {
    const sessions = world.engine()
    const ours = new Ours(await world.start(sessions, 'direct'))
    await ours.run('0')
    const timed = async (act: () => Promise<unknown>) => {
      const from = performance.now()
      await act()
      return performance.now() - from
    }
    const trip = await interleaved(
      200,
      50,
      () => timed(() => ours.run('1')),
      () => timed(() => stock.run('1')),
    )
    figures.push(ratioFigure('round trip, direct', trip.a, trip.b, 'zeromq to stock ipykernel', 'ms'))

    const bridgeWorld = await sessionsWorld(bridgeEnvironment(python))
    try {
      const bridged = new Ours(await bridgeWorld.start(bridgeWorld.engine(), 'bridge'))
      await bridged.run('0')
      const both = await interleaved(
        120,
        30,
        () => timed(() => bridged.run('1')),
        () => timed(() => stock.run('1')),
      )
      figures.push(ratioFigure('round trip, bridge', both.a, both.b, 'zeromq to stock ipykernel', 'ms'))
      bridged.stop()
    } finally {
      await bridgeWorld.close()
    }

    const first = "print('x')\nimport time; time.sleep(.3)"
    const stockFirst = async () => {
      const from = performance.now()
      let at = Number.NaN
      stock.onMessage = (m) => {
        if (m.type === 'stream') at = performance.now() - from
      }
      await stock.run(first)
      stock.onMessage = () => {}
      return at
    }
    const byte = await interleaved(20, 2, async () => (await ours.run(first)).firstMs, stockFirst)
    figures.push({
      name: 'first stdout byte p95',
      value: series(byte.a).p95,
      unit: 'ms',
      against: `stock ipykernel ${fixed(series(byte.b).p50)} ms`,
      detail: `p50 ${fixed(series(byte.a).p50)} ms, n ${byte.a.length}`,
    })

    const right = createHash('sha256')
      .update(Array.from({ length: 10 ** 6 }, (_, i) => `${i}\n`).join(''))
      .digest('hex')
    const ourFlood = () =>
      timed(async () => {
        const r = await ours.run(FLOOD)
        if (r.bytes !== FLOOD_BYTES || r.sha !== right) throw new Error(`flood: ${r.bytes} bytes of ${FLOOD_BYTES} arrived`)
      })
    const plainFlood = () => timed(() => shell('sh', ['-c', `"${python}" -c "${FLOOD}" | cat > /dev/null`]))
    const flood = await interleaved(8, 1, ourFlood, plainFlood)
    figures.push(ratioFigure('10^6 prints to the engine', flood.a, flood.b, 'python | cat', 'ms'))

    const interrupts: number[] = []
    for (let i = 0; i < 20; i++)
      interrupts.push((await ours.run(i % 2 === 0 ? 'while True: pass' : "while True: print('x' * 50)", 250)).errorMs)
    figures.push({
      name: 'interrupt to KeyboardInterrupt p95',
      value: series(interrupts.slice(2)).p95,
      unit: 'ms',
      detail: `p50 ${fixed(series(interrupts).p50)} ms, busy loop and print flood by turns`,
    })

    const restarts: number[] = []
    for (let i = 0; i < 8; i++) {
      // The spare is made once its kernel is idle: a person who restarts twice within a second waits for a cold one.
      await sleep(2500)
      const from = performance.now()
      await ours.session.restart(new AbortController().signal)
      ours.follow()
      await ours.run('1')
      restarts.push(performance.now() - from)
    }
    figures.push({
      name: 'restart to first result p50',
      value: series(restarts).p50,
      unit: 'ms',
      detail: `max ${fixed(series(restarts).max)} ms, n ${restarts.length}`,
    })
    ours.stop()
  } finally {
    stock.stop()
    await world.close()
  }
  return figures
}
