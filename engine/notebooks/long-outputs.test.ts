import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Output } from '../contract/topics/outputs.ts'
import { OpenNotebooks } from './open-notebooks.ts'

const FILE = `${JSON.stringify({ cells: [{ cell_type: 'code', execution_count: null, id: 'a', metadata: {}, outputs: [], source: ['x'] }], metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`
const LINES = Array.from({ length: 60_000 }, (_, i) => `line ${i} of a long print é\n`)
const WHOLE = Buffer.from(LINES.join(''))

let folder: string
let made: OpenNotebooks[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'updraft-long-'))
  made = []
})
afterEach(async () => {
  for (const notebooks of made) await notebooks.close()
  await rm(folder, { recursive: true, force: true })
})
function house(): OpenNotebooks {
  const notebooks = new OpenNotebooks({
    folder: join(folder, 'state'),
    store: {
      blob: async (hash) => (hash === 'picture' ? Buffer.from([1, 2, 3, 255]) : undefined),
      log: async (id, from, to) => (id === 'run:whole' ? WHOLE.subarray(from, to) : undefined),
    },
    workspace: () => folder,
    home: folder,
    trusted: async () => true,
    log: (error) => expect.fail(String(error)),
  })
  made.push(notebooks)
  return notebooks
}

const long: Output = {
  type: 'stream',
  id: 'whole',
  name: 'stdout',
  content: {
    text: '',
    bytes: WHOLE.length,
    lines: LINES.length,
    log: { id: 'run:whole', head: 'line 0…\n', tail: 'line 59999…\n' },
  },
}
type Saved = { cells: { outputs: { text?: string[]; data?: Record<string, unknown> }[] }[] }
const savedOutputs = async (): Promise<Saved['cells'][number]['outputs']> =>
  (JSON.parse(await readFile(join(folder, 'n.ipynb'), 'utf8')) as Saved).cells[0]?.outputs ?? []

describe('a long output', () => {
  it('above 1 MB is saved as head, tail and a mark; opened again it is whole, also after the journal was dropped', async () => {
    await writeFile(join(folder, 'n.ipynb'), FILE)
    const open = await house().open('n.ipynb')
    open.document.change({ type: 'output-added', cell: 'a', output: long })
    await open.save()
    const text = ((await savedOutputs())[0]?.text ?? []).join('')
    const mark =
      /\n\[Updraft left out ([\d,]+) bytes here, of 60,000 lines in all; the whole output is kept by Updraft on the machine that ran it\]\n/
    const [head, cut, tail] = text.split(mark) as [string, string, string]
    expect(Buffer.byteLength(text)).toBeLessThan(600_000)
    expect([
      WHOLE.toString().startsWith(head),
      WHOLE.toString().endsWith(tail),
      head.endsWith('é\n'),
      tail.startsWith('line '),
    ]).toEqual([true, true, true, true])
    expect(Number(cut.replaceAll(',', ''))).toBe(WHOLE.length - Buffer.byteLength(head) - Buffer.byteLength(tail))
    await open.close()
    for (let again = 0; again < 2; again++) {
      const next = await house().open('n.ipynb')
      expect(next.state.cells['a']?.outputs[0]).toMatchObject({
        type: 'stream',
        content: { bytes: WHOLE.length, lines: LINES.length, log: { id: 'run:whole' } },
      })
      // Saved again for another reason: the output's text in the file stays as it is.
      next.document.apply([{ op: 'set-cell-metadata', cell: 'a', metadata: { again } }])
      await next.save()
      expect(((await savedOutputs())[0]?.text ?? []).join('')).toBe(text)
      await next.close()
    }
  })

  it('of a file is read from the file, and stays whole in it', async () => {
    const notebook = {
      cells: [
        {
          cell_type: 'code',
          execution_count: 1,
          id: 'a',
          metadata: {},
          outputs: [
            { name: 'stdout', output_type: 'stream', text: LINES },
            {
              data: {
                'image/png': Buffer.alloc(60_000, 3).toString('base64'),
                'text/html': '<b>'.repeat(20_000),
                'application/json': { blob: 'b', sizeBytes: 1 },
              },
              metadata: {},
              output_type: 'display_data',
            },
          ],
          source: ['x'],
        },
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    }
    await writeFile(join(folder, 'n.ipynb'), `${JSON.stringify(notebook, null, 1)}\n`)
    const notebooks = house()
    const open = await notebooks.open('n.ipynb')
    const [stream, display] = open.state.cells['a']?.outputs ?? []
    if (stream?.type !== 'stream' || display?.type !== 'display') return expect.fail('other outputs')
    expect(stream.content).toMatchObject({ text: '', bytes: WHOLE.length, lines: 60_000 })
    expect(stream.content.log?.head.startsWith('line 0 of a long print é\nline 1 ')).toBe(true)
    expect(stream.content.log?.tail.endsWith('line 59999 of a long print é\n')).toBe(true)
    expect(Buffer.from(notebooks.logText(stream.content.log?.id.slice('notebook:'.length) ?? '') ?? []).equals(WHOLE)).toBe(true)
    const blobs = Object.fromEntries(
      Object.entries(display.data).map(([mime, ref]) => [mime, notebooks.blob((ref as { blob: string }).blob)?.length]),
    )
    expect(blobs).toEqual({ 'image/png': 60_000, 'text/html': 60_000, 'application/json': 26 })
    open.document.apply([{ op: 'edit-source', cell: 'a', version: 0, edit: [{ at: 0, delete: 1, insert: 'y' }] }])
    await open.save()
    expect(await readFile(join(folder, 'n.ipynb'), 'utf8')).toBe(`${JSON.stringify(notebook, null, 1).replace('"x"', '"y"')}\n`)
  })

  it('that is gone leaves a word in the file, not a hole', async () => {
    await writeFile(join(folder, 'n.ipynb'), FILE)
    const open = await house().open('n.ipynb')
    open.document.change([
      {
        type: 'output-added',
        cell: 'a',
        output: {
          type: 'stream',
          id: 'gone',
          name: 'stderr',
          content: { text: '', bytes: 100, lines: 9, lostBytes: 12, log: { id: 'run:gone', head: 'head\n', tail: 'tail\n' } },
        },
      },
      {
        type: 'output-added',
        cell: 'a',
        output: {
          type: 'display',
          id: 'd',
          data: { 'image/png': { blob: 'picture', sizeBytes: 4 }, 'text/plain': { blob: 'other', sizeBytes: 7 } },
          metadata: {},
          trusted: true,
        },
      },
    ])
    await open.save()
    expect(await savedOutputs()).toMatchInlineSnapshot(`
      [
        {
          "name": "stderr",
          "output_type": "stream",
          "text": [
            "head
      ",
            "
      ",
            "[90 bytes, of 9 lines in all, are no longer kept by Updraft]
      ",
            "tail
      ",
            "
      ",
            "[12 bytes of this output were lost]
      ",
          ],
        },
        {
          "data": {
            "image/png": "AQID/w==",
            "text/plain": "[7 bytes of text/plain are no longer kept by Updraft]",
          },
          "metadata": {},
          "output_type": "display_data",
        },
      ]
    `)
  })
})
