// What a kernel sends, folded into the outputs of a cell: printed as a window would show it after the shared reducer, and as the next engine finds it.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type NotebookState, reduceNotebook } from '../../contract/topics/notebook.ts'
import type { Output } from '../../contract/topics/outputs.ts'
import { SpoolStore } from '../../live/spool-store.ts'
import { CellOutputs } from './cell-outputs.ts'
import { userFrameFirst } from './traceback.ts'

const folder = mkdtempSync(join(tmpdir(), 'updraft-outputs-'))
const spools = new SpoolStore(folder)
afterAll(async () => {
  await spools.closeAll()
  rmSync(folder, { recursive: true })
})

const blobs = {
  put: async (bytes: Uint8Array) => ({ blob: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length }),
}
let made = 0

function world() {
  const execution = `e${++made}`
  const options = { execution, cell: 'c', blobs, spools }
  const cell = {
    id: 'c',
    kind: 'code' as const,
    source: '',
    version: 0,
    metadata: {},
    outputs: [] as readonly Output[],
    count: null,
  }
  const w = {
    execution,
    outputs: new CellOutputs(options),
    state: { order: ['c'], cells: { c: cell } } as unknown as NotebookState,
    print: (text: string, name: 'stdout' | 'stderr' = 'stdout') => w.outputs.text(name, Buffer.from(text)),
    display: (text: string, displayId?: string) =>
      w.outputs.message('display_data', {
        data: { 'text/plain': text },
        metadata: {},
        ...(displayId === undefined ? {} : { transient: { display_id: displayId } }),
      }),
    /** Tells the window; answers the kinds of changes it took. */
    async tell(): Promise<string> {
      await w.outputs.flushed()
      const changes = w.outputs.takeChanges()
      for (const change of changes) w.state = reduceNotebook(w.state, change)
      return changes.map((c) => c.type).join(' ')
    },
    /** The next engine's outputs, from what the window shows. */
    async reopened() {
      await w.outputs.close()
      const restored = { nextOutput: w.outputs.nextOutput, clearNext: w.outputs.clearNext }
      w.outputs = await CellOutputs.restore({ ...options, restored }, w.state.cells['c']?.outputs ?? [])
    },
    shown: () => (w.state.cells['c']?.outputs ?? []).map(line).join('\n'),
  }
  return w
}

const line = (o: Output): string => {
  if (o.type === 'error') return `error ${o.name}`
  if (o.type !== 'stream') return `${o.type} ${JSON.stringify(o.data['text/plain'])}`
  const { text, log, bytes, lines, lostBytes } = o.content
  const end = (s: string): string => JSON.stringify(s.slice(-12))
  return `${o.name} ${log === undefined ? JSON.stringify(text) : `${bytes} bytes ${lines} lines …${end(log.tail)}`}${lostBytes ? ` lost ${lostBytes}` : ''}`
}

describe('outputs of a cell', () => {
  test('text grows by what is new, displays stand in order', async () => {
    const w = world()
    const told: string[] = []
    w.print('a')
    told.push(await w.tell())
    w.print('b\n')
    w.print('!', 'stderr')
    told.push(await w.tell())
    await w.display('picture')
    w.print('c')
    told.push(await w.tell())
    expect([...told, w.shown()].join('\n')).toMatchInlineSnapshot(`
      "output-added
      stream-appended output-added
      output-added output-added
      stdout "ab\\n"
      stderr "!"
      display "picture"
      stdout "c""
    `)
  })

  test('a bar that rewrites its line is one line, and every byte is in its spool', async () => {
    const w = world()
    for (let i = 0; i < 5000; i++) w.print(`\r${i} of 5000 and some more text`)
    expect(await w.tell()).toBe('output-added')
    expect(w.shown()).toBe('stdout "4999 of 5000 and some more text"')
    w.print('\r5000!')
    expect(await w.tell()).toBe('output-replaced')
    const raw = readFileSync(join(folder, `${w.execution}-0.log`), 'utf8')
    expect(raw).toBe(`${Array.from({ length: 5000 }, (_, i) => `\r${i} of 5000 and some more text`).join('')}\r5000!`)
  })

  test('a long stream shows its ends, grows, and goes on in the next engine where the window had it', async () => {
    const w = world()
    const text = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, i) => `line ${from + i} é\n`).join('')
    w.print(text(0, 20_000))
    const told = [await w.tell()]
    w.print(text(20_000, 30_000))
    told.push(await w.tell())
    const before = w.shown()
    // Folded but not told when the engine ends: it comes again.
    w.print(text(30_000, 31_000))
    await w.outputs.flushed()
    await w.reopened()
    expect(w.outputs.outputs.map(line).join('\n')).toBe(before)
    w.print(text(30_000, 40_000))
    told.push(await w.tell())
    expect([...told, w.shown()].join('\n')).toMatchInlineSnapshot(`
      "output-added
      stream-grew
      stream-grew
      stdout 548890 bytes 40000 lines …"ine 39999 é\\n""
    `)
    expect(readFileSync(join(folder, `${w.execution}-0.log`), 'utf8')).toBe(text(0, 40_000))
  })

  test('a character that is cut by the end of a piece is whole in the next engine', async () => {
    const w = world()
    const bytes = Buffer.from('aé')
    w.outputs.text('stdout', bytes.subarray(0, 2))
    await w.tell()
    await w.reopened()
    w.outputs.text('stdout', bytes.subarray(2))
    await w.tell()
    expect(w.shown()).toBe('stdout "aé"')
  })

  test('clear_output takes all at once, with wait only when something comes', async () => {
    const w = world()
    w.print('old')
    await w.tell()
    await w.outputs.message('clear_output', { wait: true })
    expect([await w.tell(), w.shown()]).toEqual(['', 'stdout "old"'])
    await w.reopened()
    w.print('new')
    expect([await w.tell(), w.shown()]).toEqual(['outputs-set', 'stdout "new"'])
    await w.outputs.message('clear_output', { wait: false })
    expect([await w.tell(), w.shown()]).toEqual(['outputs-set', ''])
  })

  test('a display is updated wherever it is shown', async () => {
    const w = world()
    await w.display('0 %', 'd')
    await w.display('other')
    await w.display('0 %', 'd')
    await w.tell()
    expect(await w.outputs.update('d', { data: { 'text/plain': '9 %' }, metadata: {} })).toBe(true)
    expect(await w.outputs.update('unknown', { data: {}, metadata: {} })).toBe(false)
    expect([await w.tell(), w.shown()].join('\n')).toMatchInlineSnapshot(`
      "output-replaced output-replaced
      display "9 %"
      display "other"
      display "9 %""
    `)
  })

  test('streams that alternate for ever are a bounded list with every byte in it', async () => {
    const w = world()
    for (let i = 0; i < 2000; i++) w.print(`${i}\n`, i % 2 === 0 ? 'stdout' : 'stderr')
    await w.tell()
    const outputs = w.state.cells['c']?.outputs ?? []
    expect(outputs.length).toBe(300)
    const all = outputs.map((o) => (o.type === 'stream' ? o.content.text : '')).join('')
    expect(all.split('\n').filter((n) => n !== '').length).toBe(2000)
  })

  test('bytes that are lost are marked, in the next engine too', async () => {
    const w = world()
    w.print('x')
    w.outputs.lost(77)
    await w.tell()
    await w.reopened()
    w.print('y')
    await w.tell()
    expect(w.shown()).toBe('stdout "xy" lost 77')
  })
})

test("the user's frame comes first, its library's after it", () => {
  const frames = [
    '-----',
    'ValueError  Traceback (most recent call last)',
    'Cell In[1], line 3',
    'File lib/a.py:1',
    'Cell In[2], line 9',
    'File lib/b.py:2',
    'ValueError: no',
  ]
  expect(userFrameFirst(frames)).toMatchInlineSnapshot(`
    [
      "-----",
      "ValueError  Traceback (most recent call last)",
      "Cell In[2], line 9",
      "Cell In[1], line 3",
      "File lib/a.py:1",
      "File lib/b.py:2",
      "ValueError: no",
    ]
  `)
  expect(userFrameFirst(['just text'])).toEqual(['just text'])
})
