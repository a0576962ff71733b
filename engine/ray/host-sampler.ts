// CPU, memory and GPUs of this machine every 2 s while somebody looks. GPUs by nvidia-smi's query (one process that prints by itself);
// a machine without one says so in words.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { cpus, freemem, totalmem } from 'node:os'
import { createInterface } from 'node:readline'
import { Feed } from '../contract/feed.ts'
import { type HostChange, type HostSample, type HostState, reduceHost } from '../contract/topics/ray.ts'

const EVERY_MS = 2000
const QUERY = 'index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,mig.mode.current'
type Gpu = HostSample['gpus'][number]

export class HostSampler {
  readonly feed: Feed<HostState, HostChange>
  readonly #command: string
  #watchers = 0
  #timer: NodeJS.Timeout | undefined
  #smi: ChildProcess | undefined
  #gpus = new Map<number, Gpu>()
  #noGpu: string | undefined = 'GPUs are being looked for.'
  #last = times()

  /** `command`: nvidia-smi, or a stand-in that prints the same CSV. */
  constructor(command = 'nvidia-smi') {
    this.#command = command
    this.feed = new Feed<HostState, HostChange>({ samples: [] }, reduceHost, randomUUID())
  }

  watch(): () => void {
    if (this.#watchers++ === 0) {
      this.#follow()
      this.#last = times()
      this.#timer = setInterval(() => void this.#sample(), EVERY_MS)
      // Something to show at once; the first CPU figure needs two looks.
      setTimeout(() => void this.#sample(), 150).unref()
    }
    let released = false
    return () => {
      if (released) return
      released = true
      if (--this.#watchers === 0) this.close()
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#smi?.kill('SIGTERM')
    this.#smi = undefined
  }

  #follow(): void {
    const smi = spawn(this.#command, [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits', '-l', String(EVERY_MS / 1000)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#smi = smi
    smi.once('error', () => {
      this.#noGpu = 'No NVIDIA driver on this machine.'
    })
    smi.once('exit', (code) => {
      if (this.#smi !== smi) return
      this.#gpus.clear()
      this.#noGpu = code === 0 ? 'No GPU on this machine.' : 'The NVIDIA driver does not answer (nvidia-smi failed).'
    })
    createInterface({ input: smi.stdout }).on('line', (line) => {
      const gpu = parseGpu(line)
      if (!gpu) return
      this.#gpus.set(gpu.index, gpu)
      this.#noGpu = undefined
    })
  }

  async #sample(): Promise<void> {
    const now = times()
    const busy = now.busy - this.#last.busy
    const all = now.all - this.#last.all
    this.#last = now
    const memory = await memoryBytes()
    const sample: HostSample = {
      atMs: Date.now(),
      cpuPercent: all > 0 ? Math.round((1000 * busy) / all) / 10 : 0,
      memoryBytes: memory,
      gpus: [...this.#gpus.values()].sort((a, b) => a.index - b.index),
      ...(this.#noGpu === undefined ? {} : { noGpu: this.#noGpu }),
    }
    this.feed.change({ type: 'sampled', sample })
  }
}

/** One line of the query above. `[N/A]` and `[Not Supported]` become null: not measurable is not zero. */
export function parseGpu(line: string): Gpu | undefined {
  const [index, name, util, used, total, celsius, watts, mig] = line.split(',').map((f) => f.trim())
  const number = (text: string | undefined): number | null =>
    text === undefined || text === '' || text.startsWith('[') || !Number.isFinite(Number(text)) ? null : Number(text)
  const at = number(index)
  if (at === null || name === undefined) return undefined
  const usedMiB = number(used)
  const totalMiB = number(total)
  return {
    index: at,
    name: mig === 'Enabled' ? `${name} (MIG: utilisation not measurable)` : name,
    utilPercent: number(util),
    memoryBytes: usedMiB === null || totalMiB === null ? null : { used: usedMiB * 1_048_576, total: totalMiB * 1_048_576 },
    temperatureC: number(celsius),
    powerW: number(watts),
  }
}

function times(): { busy: number; all: number } {
  let busy = 0
  let all = 0
  for (const { times: t } of cpus()) {
    busy += t.user + t.nice + t.sys + t.irq
    all += t.user + t.nice + t.sys + t.irq + t.idle
  }
  return { busy, all }
}

async function memoryBytes(): Promise<{ used: number; total: number }> {
  // MemAvailable counts the page cache as free, as a person would.
  const text = await readFile('/proc/meminfo', 'utf8').catch(() => '')
  const available = Number(/MemAvailable:\s+(\d+) kB/.exec(text)?.[1] ?? Number.NaN) * 1024
  const total = totalmem()
  return { used: total - (Number.isFinite(available) ? available : freemem()), total }
}
