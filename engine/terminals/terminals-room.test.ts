import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Asker } from '../contract/index.ts'
import type { Room } from '../contract/rooms.ts'
import { Settings } from '../settings/settings-room.ts'
import { Workspace } from '../workspace/workspace.ts'
import { HostLink } from './host-link.ts'
import { Scrollback } from './scrollback.ts'
import { createTerminalsRoom } from './terminals-room.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const base = () => mkdtempSync(join(tmpdir(), 'term-'))

/** An engine's terminals; `credit: false` is a window that never says what it has seen. */
async function engine(at: string, credit = true) {
  const settings = new Settings(join(at, 'config'))
  await settings.open()
  await settings.set('terminal.shell', '/bin/bash')
  const workspace = new Workspace(join(at, 'state'), [])
  const leave = new AbortController()
  const asker: Asker = { id: 'w', role: 'test', signal: leave.signal }
  let shown = ''
  let next = 0
  const gaps: number[] = []
  const room = createTerminalsRoom({
    runtimeFolder: at,
    settings,
    workspace,
    env: { PATH: process.env['PATH'], HOME: at, PS1: '$ ' },
    sendBytes: (_asker, channel, seq, payload) => {
      if (seq !== next) gaps.push(seq - next)
      next = seq + payload.length
      shown += Buffer.from(payload).toString('latin1')
      if (credit) void room.answers['terminals.seen']?.({ terminal: channel.slice(9), upTo: next }, asker)
      return true
    },
  })
  await room.start()
  const answers = room.answers as Required<Room['answers']>
  // Without bash's bracketed-paste marks, which stand between a line's end and what the command prints.
  const plain = () => shown.replace(/\u001b\[\?2004[hl]\r?/g, '')
  const see = (text: string | RegExp, timeout = 8000) =>
    vi.waitFor(() => expect(plain()).toMatch(text), { timeout, interval: 20 })
  const close = async () => {
    leave.abort()
    await room.close()
    await settings.close()
  }
  const stopHost = async () => {
    const link = new HostLink('', join(at, 'terminals.sock'), () => {})
    if (await link.join()) await link.send({ do: 'stop' })
    setTimeout(() => link.close(), 50)
  }
  ends.push(stopHost, close)
  const list = async () => (await (room.sources as Required<Room['sources']>).terminals(null, asker)).feed.state.list
  return { answers, asker, see, close, list, gaps, shown: plain, at: () => next, from: (n: number) => (next = n) }
}

test('a shell runs where it was asked to, echoes, is resized and says how it ended', async () => {
  const at = base()
  const e = await engine(at)
  const { terminal } = await e.answers['terminals.open']({ rows: 24, columns: 80, cwd: at }, e.asker)
  await e.answers['terminals.attach']({ terminal }, e.asker)
  await e.answers['terminals.resize']({ terminal, rows: 30, columns: 100 }, e.asker)
  await e.answers['terminals.write']({ terminal, text: 'pwd; stty size; echo $((6*7))-done\r' }, e.asker)
  await e.see(/\r\n42-done/)
  expect(e.shown()).toContain(`${at}\r\n30 100\r\n`)
  await e.answers['terminals.write']({ terminal, text: 'exit 7\r' }, e.asker)
  await vi.waitFor(async () => expect(await e.list()).toMatchObject([{ state: 'ended', exitCode: 7, rows: 30, columns: 100 }]), {
    timeout: 5000,
  })
  await expect(e.answers['terminals.write']({ terminal, text: 'x' }, e.asker)).rejects.toThrow('This shell has ended.')
})

test('a shell outlives its engine: the next one finds it and reads on where the window stood', async () => {
  const at = base()
  const first = await engine(at)
  const { terminal } = await first.answers['terminals.open']({ rows: 24, columns: 80 }, first.asker)
  await first.answers['terminals.attach']({ terminal }, first.asker)
  await first.answers['terminals.write']({ terminal, text: 'X=kept; echo ready-$X\r' }, first.asker)
  await first.see(/\r\nready-kept/)
  const stood = first.at()
  await first.close()
  const second = await engine(at)
  await vi.waitFor(async () => expect((await second.list()).map((t) => t.id)).toEqual([terminal]), { timeout: 5000 })
  second.from(stood)
  await second.answers['terminals.attach']({ terminal, since: stood }, second.asker)
  await second.answers['terminals.write']({ terminal, text: 'echo still-$X\r' }, second.asker)
  await second.see(/still-kept/)
  expect(second.shown()).not.toContain('ready-kept')
  expect(second.gaps).toEqual([])
})

test('a program that prints faster than the window reads is held back, not dropped and not buffered without end', async () => {
  const at = base()
  const e = await engine(at, false)
  const { terminal } = await e.answers['terminals.open']({ rows: 24, columns: 80 }, e.asker)
  await e.answers['terminals.attach']({ terminal }, e.asker)
  await e.answers['terminals.write']({ terminal, text: 'seq 300000; echo end-of-seq\r' }, e.asker)
  await vi.waitFor(() => expect(e.at()).toBeGreaterThan(128 << 10), { timeout: 5000 })
  let before = -1
  await vi.waitFor(
    () => {
      const same = e.at() === before
      before = e.at()
      expect(same).toBe(true)
    },
    { timeout: 5000, interval: 200 },
  )
  expect(e.at()).toBeLessThan(512 << 10)
  // Credit at last: everything comes, gapless.
  const timer = setInterval(() => void e.answers['terminals.seen']({ terminal, upTo: e.at() }, e.asker), 5)
  ends.push(() => clearInterval(timer))
  await e.see(/300000\r\nend-of-seq/, 20_000)
  expect(e.gaps).toEqual([])
  const numbers = e
    .shown()
    .split('\r\n')
    .filter((l) => /^\d+$/.test(l))
  expect(numbers.length).toBe(300_000)
}, 40_000)

test('closing a terminal ends what runs in it', async () => {
  const at = base()
  const e = await engine(at)
  const { terminal } = await e.answers['terminals.open']({ rows: 24, columns: 80 }, e.asker)
  await e.answers['terminals.attach']({ terminal }, e.asker)
  await e.answers['terminals.write']({ terminal, text: 'echo pid-$$; sleep 1000\r' }, e.asker)
  await e.see(/\r\npid-\d+/)
  const pid = /\r\npid-(\d+)/.exec(e.shown())?.[1]
  await e.answers['terminals.close']({ terminal }, e.asker)
  await vi.waitFor(
    () =>
      expect(readdirSync('/proc').filter((p) => p === pid && !readFileSync(`/proc/${p}/stat`, 'utf8').includes(') Z '))).toEqual(
        [],
      ),
    { timeout: 5000 },
  )
  expect(await e.list()).toEqual([])
})

test('a shell that does not exist is said so', async () => {
  const e = await engine(base())
  await expect(e.answers['terminals.open']({ rows: 24, columns: 80, cwd: '/no/such/folder' }, e.asker)).rejects.toThrow(
    'is no folder',
  )
})

test('the scrollback keeps the newest bytes and says by its offset what is gone', () => {
  const s = new Scrollback(10)
  for (const part of ['abcde', 'fghij', 'klmno']) s.push(Buffer.from(part))
  expect({
    from: s.from,
    to: s.to,
    all: s.read(0, 100).bytes.toString(),
    seq: s.read(0, 100).seq,
    some: s.read(12, 2).bytes.toString(),
  }).toEqual({ from: 5, to: 15, all: 'fghijklmno', seq: 5, some: 'mn' })
})
