// The peer: stock ipykernel as Jupyter runs it, spoken to over ZeroMQ from Node by the published wire protocol.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zmq from 'zeromq'
import { sleep } from './measure.ts'

type Message = { readonly type: string; readonly parent: string; readonly content: Record<string, unknown> }
type Connection = { ip: string; key: string; shell_port: number; iopub_port: number; control_port: number }

export class StockKernel {
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #c: Connection
  readonly #shell = new zmq.Dealer()
  readonly #iopub = new zmq.Subscriber()
  #waiting: { wants: (m: Message) => boolean; take: () => void }[] = []
  onMessage: (m: Message) => void = () => {}

  private constructor(child: ChildProcess, folder: string, c: Connection) {
    this.#child = child
    this.#folder = folder
    this.#c = c
    this.#shell.receiveHighWaterMark = 0
    this.#iopub.receiveHighWaterMark = 0
    this.#shell.connect(`tcp://${c.ip}:${c.shell_port}`)
    this.#iopub.connect(`tcp://${c.ip}:${c.iopub_port}`)
    this.#iopub.subscribe()
    void this.#read(this.#shell)
    void this.#read(this.#iopub)
  }

  static async start(python: string): Promise<StockKernel> {
    const folder = mkdtempSync(join(tmpdir(), 'stock-'))
    const file = join(folder, 'connection.json')
    const child = spawn(python, ['-m', 'ipykernel_launcher', '-f', file], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, PYTHONUNBUFFERED: undefined, PYTHONDONTWRITEBYTECODE: undefined },
    })
    for (let i = 0; i < 600; i++) {
      try {
        const kernel = new StockKernel(child, folder, JSON.parse(readFileSync(file, 'utf8')) as Connection)
        // Until the subscription has reached the kernel its first messages are lost: asked again until one comes back.
        for (let k = 0; k < 100; k++)
          if (
            await kernel.run('0', 300).then(
              () => true,
              () => false,
            )
          )
            return kernel
        throw new Error('the stock kernel does not answer')
      } catch (error) {
        if (!(error instanceof SyntaxError) && !(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
          throw error
        await sleep(25)
      }
    }
    throw new Error('the stock kernel did not start')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Sends code; resolves when both the reply and `idle` are there (what a front end waits for). */
  async run(code: string, timeoutMs = 120_000): Promise<string> {
    const id = randomUUID()
    const reply = this.#until((m) => m.type === 'execute_reply' && m.parent === id, timeoutMs)
    const idle = this.#until((m) => m.type === 'status' && m.parent === id && m.content['execution_state'] === 'idle', timeoutMs)
    await this.#send(id, 'execute_request', {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    })
    await Promise.all([reply, idle])
    return id
  }

  interrupt(): void {
    process.kill(this.pid, 'SIGINT')
  }

  stop(): void {
    this.#child.kill('SIGKILL')
    this.#shell.close()
    this.#iopub.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #until(wants: (m: Message) => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        wants,
        take: () => {
          clearTimeout(timer)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((w) => w !== entry)
        reject(new Error('no answer'))
      }, timeoutMs)
      this.#waiting.push(entry)
    })
  }

  async #send(id: string, type: string, content: unknown): Promise<void> {
    const header = {
      msg_id: id,
      msg_type: type,
      username: 'bench',
      session: 'bench',
      date: new Date().toISOString(),
      version: '5.3',
    }
    const parts = [header, {}, {}, content].map((p) => JSON.stringify(p))
    const mac = createHmac('sha256', this.#c.key)
    for (const part of parts) mac.update(part)
    await this.#shell.send(['<IDS|MSG>', mac.digest('hex'), ...parts])
  }

  async #read(socket: zmq.Dealer | zmq.Subscriber): Promise<void> {
    try {
      for await (const frames of socket) {
        const at = frames.findIndex((f) => f.toString() === '<IDS|MSG>')
        const [header, parent, , content] = frames.slice(at + 2).map((f) => JSON.parse(f.toString()) as Record<string, unknown>)
        const message: Message = {
          type: String(header?.['msg_type']),
          parent: String(parent?.['msg_id'] ?? ''),
          content: content ?? {},
        }
        this.onMessage(message)
        for (const w of this.#waiting) {
          if (!w.wants(message)) continue
          this.#waiting = this.#waiting.filter((x) => x !== w)
          w.take()
          break
        }
      }
    } catch {
      // Closed.
    }
  }
}
