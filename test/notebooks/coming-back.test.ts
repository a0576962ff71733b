import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Output } from '../../engine/contract/topics/outputs.ts'
import type { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { type SessionsWorld, sessionsWorld } from '../sessions/sessions-world.ts'
import { type CellSpec, type Kept, NotebookWorld, notebookState, sha } from './execution-world.ts'

let world: SessionsWorld
let sessions: OutpostSessions
let count = 0
const open: NotebookWorld[] = []

beforeAll(async () => {
  world = await sessionsWorld()
  sessions = world.engine()
})
afterAll(async () => {
  for (const notebook of open) await notebook.close().catch(() => undefined)
  await world?.close()
})

/** A new notebook with a kernel of its own. */
function notebook(cells: { [id: string]: CellSpec }): NotebookWorld {
  const made = new NotebookWorld(
    world.folder,
    sessions,
    { first: notebookState(cells), records: [] },
    { sessionId: `n${++count}` },
  )
  open.push(made)
  return made
}

/** The engine ends without a word and another comes: same journal, same kernel. */
async function nextEngine(n: NotebookWorld, kept: Kept = n.kept): Promise<NotebookWorld> {
  const id = `n${open.indexOf(n) + 1}`
  sessions = world.engine()
  const next = new NotebookWorld(world.folder, sessions, { first: kept.first, records: [...kept.records] }, { sessionId: id })
  open.push(next)
  count = open.length
  await next.execution.open()
  return next
}

describe('an engine that comes back', () => {
  test('goes on with the running cell, its display ids and the queue; cells that ended unseen are told', async () => {
    const n = notebook({
      a: 'from IPython.display import display\nimport time\nh = display("0 %", display_id=True)\nfor i in range(20): print(i, flush=True); time.sleep(0.05)\nh.update("100 %")',
      b: 'print("from the queue")',
    })
    n.watched = false
    await n.execution.run({ cells: ['a', 'b'] })
    await n.until(() => JSON.stringify(n.cell('a').outputs).includes('5'), 'some output')
    const again = await nextEngine(n)
    again.watched = false
    await again.settled()
    expect(again.print()).toMatchInlineSnapshot(`
      "a[1] done
        display text/plain "\\"'100 %'\\""
        stdout "0\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n10\\n11\\n12\\n13\\n14\\n15\\n16\\n17\\n18\\n19\\n"
      b[2] done
        stdout "from the queue\\n"
      away: a b"
    `)
  })

  test('goes on also when the notebook was saved and is read from its file: other output ids, no display ids, long text cut', async () => {
    const n = notebook({
      a: 'from IPython.display import display\nh = display("0", display_id="x")\nfor i in range(5000): print("line", i)\ninput()\nh.update("1")\nfor i in range(5000, 6000): print("line", i)',
    })
    await n.execution.run({ cells: ['a'] })
    await n.until(() => n.state.input !== undefined, 'the question')
    const outputs = n.cell('a').outputs.map((o, i): Output => {
      if (o.type === 'stream') return { ...o, id: `file-${i}`, content: { text: 'cut', bytes: 3, lines: 1 } }
      return o.type === 'error' ? o : { type: 'display', id: `file-${i}`, data: o.data, metadata: o.metadata, trusted: false }
    })
    const { run: _run, ...cell } = n.cell('a')
    const first = { ...n.kept.first, cells: { a: { ...cell, outputs } } }
    const again = await nextEngine(n, {
      first,
      records: [JSON.stringify({ kind: 'result', changes: [], notes: n.document.notes, atMs: 0 })],
    })
    expect(again.print()).toMatchInlineSnapshot(`
      "a[1] running
        display text/plain "\\"'0'\\""
        stdout 48890 bytes, 5000 lines: "line 0\\nline 1\\nline 2" … "line 4998\\nline 4999\\n"
      asks: "
    `)
    await again.execution.answerInput({ execution: again.state.input?.execution ?? '', text: '' })
    await again.until(() => again.cell('a').run?.state === 'done', 'the cell ends')
    expect(again.print()).toMatchInlineSnapshot(`
      "a[1] done
        display text/plain "\\"'1'\\""
        stdout 58891 bytes, 6001 lines: "line 0\\nline 1\\nline 2" … "line 5998\\nline 5999\\n""
    `)
    const lines = Array.from({ length: 6000 }, (_, i) => `line ${i}\n`)
    expect(sha(await again.printed('a'))).toBe(sha([...lines.slice(0, 5000), '\n', ...lines.slice(5000)].join('')))
  })

  test('says that a cell is lost when its kernel died meanwhile, and runs nothing by itself', async () => {
    const n = notebook({ a: 'import os\nprint(os.getpid(), flush=True)\nimport time; time.sleep(60)', b: 'print("waits")' })
    await n.execution.run({ cells: ['a', 'b'] })
    await n.until(() => n.cell('a').outputs.length > 0, 'the pid')
    const pid = Number((await n.printed('a')).toString())
    await n.execution.close()
    process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const again = await nextEngine(n)
    await again.settled()
    expect(again.print().replace(String(pid), 'PID')).toMatchInlineSnapshot(`
      "a[1] lost (The kernel ended while Updraft was not running. How far this cell came is not known.)
        stdout "PID\\n"
      b[ ] aborted (Not run: the kernel stopped before its turn.)"
    `)
  })

  test('a question is still asked by the next engine, an interrupt takes it back', async () => {
    const n = notebook({ a: 'input("? ")' })
    await n.execution.run({ cells: ['a'] })
    await n.until(() => n.state.input !== undefined, 'the question')
    const again = await nextEngine(n)
    expect(again.state.input?.prompt).toBe('? ')
    await again.execution.interrupt()
    await again.settled()
    expect(again.print().split('\n')[0]).toMatchInlineSnapshot(`"a[1] interrupted"`)
    expect(again.state.input).toBeUndefined()
  })
})
