// Cells of a notebook in real kernels through the real outpost: what a user relies on.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { NotebookOp } from '../../engine/contract/topics/notebook.ts'
import type { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { never, type SessionsWorld, sessionsWorld } from '../sessions/sessions-world.ts'
import { type CellSpec, NotebookWorld, notebookState, sha } from './execution-world.ts'

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

describe('running cells', () => {
  test('the kernel starts with the first run; results, text and errors stand under their cells', async () => {
    const n = notebook({
      a: 'print("hello"); 1 + 1',
      md: { source: '# text', kind: 'markdown' },
      b: 'print("out"); print("more")',
      c: 'import json\ndef f(): json.loads("{")\nf()',
      d: 'print("never")',
    })
    await n.run('a', 'md', 'b', 'c', 'd')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        stdout "hello\\n"
        result 1 text/plain "\\"2\\""
      md[ ] -
      b[2] done
        stdout "out\\nmore\\n"
      c[3] failed
        error JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)
          ---------------------------------------------------------------------------
          JSONDecodeError                           Traceback (most recent call last)
          Cell In[3], line 2, in f()
      d[ ] aborted (Not run: a cell before it failed.)"
    `)
    expect(n.state.kernel.state).toBe('idle')
    const times = n.cell('a').run
    expect(times?.startedAtMs).toBeGreaterThanOrEqual(times?.queuedAtMs ?? 0)
    expect(times?.endedAtMs).toBeGreaterThanOrEqual(times?.startedAtMs ?? 0)
  })

  test('a cell tagged raises-exception does not stop those behind it; an empty cell only loses its outputs', async () => {
    const n = notebook({ a: { source: '1/0', metadata: { tags: ['raises-exception'] } }, b: 'print("on")', c: '  \n' })
    await n.run('a', 'b', 'c')
    expect(n.cell('b').run?.state).toBe('done')
    expect(n.cell('c').run).toBeUndefined()
  })

  test('the same ids asked again run nothing', async () => {
    const n = notebook({ a: 'n = globals().get("n", 0) + 1; n' })
    const ids = [randomUUID()]
    const first = await n.execution.run({ cells: ['a'], ids })
    expect(await n.execution.run({ cells: ['a'], ids })).toEqual(first)
    await n.settled()
    expect(await n.execution.run({ cells: ['a'], ids })).toEqual(first)
    await n.run('a')
    expect(n.cell('a').outputs[0]).toMatchObject({ data: { 'text/plain': '2' } })
  })

  test('clear_output(wait), display ids of another cell, and a progress bar that is one line', async () => {
    const n = notebook({
      a: 'from IPython.display import display, clear_output\nh = display("first", display_id="d")',
      b: 'h.update("second")',
      c: 'for i in range(50):\n    clear_output(wait=True); print("step", i)',
      d: 'for i in range(300): print(f"\\r{i:5}/300", end="")\nprint()',
    })
    await n.run('a', 'b', 'c', 'd')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        display text/plain "\\"'second'\\""
      b[2] done
      c[3] done
        stdout "step 49\\n"
      d[4] done
        stdout "  299/300\\n""
    `)
    expect((await n.printed('d')).toString()).toBe(
      `${Array.from({ length: 300 }, (_, i) => `\r${String(i).padStart(5)}/300`).join('')}\n`,
    )
  })

  test('input and getpass are asked, answered, and leave the password out', async () => {
    const n = notebook({ a: 'import getpass\nname = input("name? ")\np = getpass.getpass("pass? ")\nprint(name, len(p))' })
    const running = n.run('a')
    await n.until(() => n.state.input?.prompt === 'name? ', 'the question')
    await n.execution.answerInput({ execution: n.state.input?.execution ?? '', text: 'Ada' })
    await n.until(() => n.state.input?.password === true, 'the password')
    await n.execution.answerInput({ execution: n.state.input?.execution ?? '', text: 's3cret' })
    await running
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        stdout "name? Ada\\npass? ········\\nAda 6\\n""
    `)
    expect(n.kept.records.join()).not.toContain('s3cret')
    await expect(n.execution.answerInput({ execution: 'other', text: 'x' })).rejects.toThrow('not asked any more')
  })

  test('output of a thread and of an asyncio task goes to the cell that started it', async () => {
    const n = notebook({
      a: 'import threading, time\ndef work():\n    for i in range(3): print("thread", i); time.sleep(0.1)\nthreading.Thread(target=work).start()',
      b: 'print("b")\ntime.sleep(0.6)',
    })
    await n.run('a', 'b')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        stdout "thread 0\\nthread 1\\nthread 2\\n"
      b[2] done
        stdout "b\\n""
    `)
  })

  test('a large picture becomes a blob of its bytes, small values stay', async () => {
    const n = notebook({
      a: 'import os, base64\nfrom IPython.display import display\nraw = b"\\x89PNG" + bytes(60000)\ndisplay({"image/png": base64.b64encode(raw).decode(), "text/plain": "small", "application/json": {"blob": "x", "sizeBytes": 1}}, raw=True)',
    })
    await n.run('a')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        display image/png blob of 60004, text/plain "\\"small\\"", application/json blob of 26"
    `)
    const output = n.cell('a').outputs[0]
    const ref = output?.type === 'display' ? (output.data['image/png'] as { blob: string }) : { blob: '' }
    expect(sha((await n.blob(ref.blob)) ?? '')).toBe(
      sha(Buffer.concat([Buffer.from([0x89]), Buffer.from('PNG'), Buffer.alloc(60000)])),
    )
  })

  test('completion and inspection answer while a cell runs', async () => {
    const n = notebook({ a: 'import time\nvalue_one = 1; value_two = 2', b: 'input()' })
    await n.run('a')
    await n.execution.run({ cells: ['b'] })
    await n.until(() => n.state.input !== undefined, 'b runs')
    // The kernel's first completion imports jedi; later ones are fast.
    let items = await n.execution.complete({ code: 'é🙂 = value_', position: 12 }, never)
    for (let again = 0; again < 10 && items.items.length === 0; again++)
      items = await n.execution.complete({ code: 'é🙂 = value_', position: 12 }, never)
    expect(items.items.map((i) => i.text)).toEqual(['value_one', 'value_two'])
    expect([items.from, items.to]).toEqual([6, 12])
    expect((await n.execution.inspect({ code: 'print', position: 3 }, never)).found).toBe(true)
    expect(n.cell('b').run?.state).toBe('running')
    await n.execution.interrupt()
    await n.settled()
  })

  test('nothing of a notebook runs until its folder is trusted', async () => {
    const n = notebook({ a: '1' })
    n.document.change({ type: 'notebook-changed', set: { trusted: false } })
    await expect(n.execution.run({ cells: ['a'] })).rejects.toMatchObject({
      problem: { code: 'denied', action: { command: 'workspace.trust' } },
    })
    await expect(n.execution.restart({})).rejects.toMatchObject({ problem: { code: 'denied' } })
    expect(n.state.kernel.state).toBe('none')
  })

  test('ray.init(num_cpus=…) against a running cluster offers the edit that mends the cell', async () => {
    const n = notebook({
      a: 'class ray:\n    @staticmethod\n    def init(num_cpus=None, namespace=None):\n        if num_cpus: raise ValueError("When connecting to an existing cluster, num_cpus and num_gpus must not be provided.")',
      b: 'ray.init(num_cpus=4, namespace="x")',
    })
    await n.run('a', 'b')
    const action = n.cell('b').run?.problem?.action
    expect(action?.command).toBe('notebook.edit')
    const { ops } = (action?.input ?? { ops: [] }) as { ops: NotebookOp[] }
    n.document.apply(ops)
    expect(n.cell('b').source).toBe('ray.init(namespace="x")')
    await n.run('b')
    expect(n.cell('b').run?.state).toBe('done')
  })
})

describe('interrupt, restart, death', () => {
  test('an interrupt reaches a flood within 100 ms, and what waits is taken back', async () => {
    const n = notebook({ w: '1', a: 'i = 0\nwhile True:\n    print(i); i += 1', b: '2' })
    await n.run('w')
    await n.execution.run({ cells: ['a', 'b'] })
    await n.until(() => n.cell('a').outputs.length > 0, 'the flood')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const begun = performance.now()
    await n.execution.interrupt()
    await n.until(() => n.cell('a').run?.state === 'interrupted', 'interrupted')
    const tookMs = performance.now() - begun
    expect(n.cell('b').run?.state).toBe('aborted')
    // The rest of the flood is still on its way; the next cell runs behind it.
    await n.run('b')
    expect(n.cell('b').run?.state).toBe('done')
    // Every number once; the interrupt may fall between a number and its newline.
    const printed = (await n.printed('a')).toString().trimEnd()
    const last = Number(printed.split('\n').at(-1))
    expect(sha(printed)).toBe(sha(Array.from({ length: last + 1 }, (_, i) => i).join('\n')))
    // 100 ms on a quiet machine (the bench says); the first traceback of a kernel has imports to do, and tests share two cores.
    expect(tookMs).toBeLessThan(3000)
  })

  test('a restart takes the running and the waiting cells back, and the next run starts from nothing', async () => {
    const n = notebook({ a: 'x = 1', b: 'import time\nprint("begun"); time.sleep(60)', c: 'print(x)', d: '"x" in globals()' })
    await n.run('a')
    await n.execution.run({ cells: ['b', 'c'] })
    await n.until(() => n.cell('b').outputs.length > 0, 'b prints')
    await n.execution.restart({})
    await n.run('d')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
      b[2] interrupted (The kernel was restarted while this cell ran.)
        stdout "begun\\n"
      c[ ] aborted (Not run: the kernel was restarted before its turn.)
      d[1] done
        result 1 text/plain "\\"False\\"""
    `)
    await n.execution.restart({ clear: true, runAll: true })
    await n.until(() => n.cell('a').run?.state === 'done', 'the first result')
    expect(n.cell('d').outputs).toEqual([])
    await n.execution.interrupt()
    await n.settled()
  })

  test('a dead kernel says which signal, the cell is lost, a restart goes on', async () => {
    const n = notebook({
      a: 'import os, signal, sys\nprint("last words", flush=True); os.kill(os.getpid(), signal.SIGKILL)',
      b: '1',
    })
    await n.run('a', 'b')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] lost (The kernel was ended by SIGKILL from outside. How far this cell came is not known.)
        stdout "last words\\n"
      b[ ] aborted (Not run: the kernel stopped before its turn.)"
    `)
    await n.until(() => n.state.kernel.state === 'dead', 'the kernel is said to be dead')
    await expect(n.execution.run({ cells: ['b'] })).rejects.toMatchObject({
      problem: { action: { command: 'notebook.restart' } },
    })
    await n.execution.restart({})
    await n.run('b')
    expect(n.cell('b').run?.state).toBe('done')
  })

  test('shutdown ends the kernel, the next run starts another; exit() in a cell too', async () => {
    const n = notebook({ a: 'x = 1', b: '"x" in globals()', c: 'exit()' })
    await n.run('a')
    await n.execution.shutdown()
    expect(n.state.kernel.state).toBe('none')
    await n.run('b')
    expect(n.cell('b').outputs[0]).toMatchObject({ data: { 'text/plain': 'False' } })
    await n.run('c')
    await n.until(() => n.state.kernel.state === 'none' || n.state.kernel.state === 'dead', 'the kernel ended')
    if (n.state.kernel.state === 'none') await n.run('b')
    else await n.execution.restart({})
    expect(n.state.kernel.state).toBe('idle')
  })

  test('a deleted cell leaves the queue; what a deleted running cell prints is kept and comes back with undo', async () => {
    const n = notebook({
      a: 'import time\nfor i in range(10): print(i, flush=True); time.sleep(0.05)',
      b: 'print("no")',
      c: 'print("yes")',
    })
    await n.execution.run({ cells: ['a', 'b', 'c'] })
    await n.until(() => n.cell('a').outputs.length > 0, 'a prints')
    n.document.apply([{ op: 'delete-cell', cell: 'b' }])
    n.document.apply([{ op: 'delete-cell', cell: 'a' }])
    await n.settled()
    await n.until(() => n.cell('c').run?.state === 'done', 'c ran')
    n.document.undo()
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        stdout "0\\n1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n9\\n"
      c[2] done
        stdout "yes\\n""
    `)
  })

  test('outputs that the user clears while the cell runs stay cleared, later text begins anew', async () => {
    const n = notebook({ a: 'print("old", flush=True)\ninput()\nprint("new")' })
    await n.execution.run({ cells: ['a'] })
    await n.until(() => n.cell('a').outputs.length > 0 && n.state.input !== undefined, 'it asks')
    n.document.apply([{ op: 'clear-outputs', cell: 'a' }])
    await n.execution.answerInput({ execution: n.state.input?.execution ?? '', text: '' })
    await n.settled()
    expect(n.print()).toMatchInlineSnapshot(`
      "a[ ] done
        stdout "\\nnew\\n""
    `)
  })
})
