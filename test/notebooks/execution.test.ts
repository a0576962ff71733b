// Cells of a notebook in real kernels through the real outpost: what a user relies on.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OutpostSessions } from '../../engine/sessions/sessions.ts'
import { type SessionsWorld, sessionsWorld } from '../sessions/sessions-world.ts'
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
  for (const notebook of open) await notebook.close()
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
      b: 'import sys; print("out"); print("err", file=sys.stderr); print("out again")',
      c: 'def f(): raise ValueError("no")\nf()',
      d: 'print("never")',
    })
    await n.run('a', 'md', 'b', 'c', 'd')
    expect(n.print()).toMatchInlineSnapshot(`
      "a[1] done
        stdout "hello\\n"
        result 1 text/plain "\\"2\\""
      md[ ] -
      b[2] done
        stdout "out\\nout again\\n"
        stderr "err\\n"
      c[3] failed
        error ValueError: no
          ---------------------------------------------------------------------------
          ValueError                                Traceback (most recent call last)
      d[ ] aborted (Not run: a cell before it failed.)"
    `)
    expect(n.state.kernel.state).toBe('idle')
  })
})
