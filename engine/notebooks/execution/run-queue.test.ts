// The queue's decisions, printed; and what a restarted engine knows: the same.
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../contract/json.ts'
import { type RunFact, RunsBook, type RunsState } from './run-facts.ts'
import { askRuns, dropAll, endRun, nextRun, takeBack } from './run-queue.ts'

const printRuns = (state: RunsState): string =>
  [
    `running ${state.running ?? '-'}, waiting ${state.waiting.map((id) => `${id}:${state.runs.get(id)?.code}`).join(' ') || '-'}`,
    ...[...state.runs.values()].map(
      (r) => `${r.cell} ${r.id} ${r.phase}${r.accepted ? ' accepted' : ''}${state.latest.get(r.cell) === r.id ? ' latest' : ''}`,
    ),
    ...[...state.joined].sort().map(([id, execution]) => `${id} is ${execution}`),
  ].join('\n')

const wish = (id: string, cell: string, code = cell, stopOnError = true) => ({ id, cell, code, stopOnError })

/** A queue with the steps that execution.ts takes. */
function world() {
  const book = new RunsBook()
  let now = 0
  const ends: string[] = []
  const apply = (facts: readonly RunFact[]) => {
    for (const f of facts) {
      book.apply(f)
      if (f.fact === 'ended') ends.push(`${f.execution} ${f.state}${f.problem ? ` (${f.problem.message})` : ''}`)
    }
  }
  return {
    book,
    ends,
    ask: (...wishes: ReturnType<typeof wish>[]) => {
      const { facts, executions } = askRuns(book, wishes, ++now)
      apply(facts)
      return executions
    },
    start: () => {
      const run = nextRun(book)
      if (run) apply([{ fact: 'started', execution: run.id, atMs: ++now }])
      return run?.id
    },
    end: (id: string, state: 'done' | 'failed' | 'interrupted') => apply(endRun(book, id, state, ++now)),
    apply,
  }
}

describe('the queue of a kernel', () => {
  test('one cell runs at a time, in the order asked', () => {
    const w = world()
    w.ask(wish('e1', 'a'), wish('e2', 'b'))
    expect([w.start(), w.start()]).toEqual(['e1', undefined])
    w.end('e1', 'done')
    expect(w.start()).toBe('e2')
    expect(printRuns(w.book)).toMatchInlineSnapshot(`
      "running e2, waiting -
      a e1 ended latest
      b e2 running latest"
    `)
  })

  test('an error takes the cells behind it out of the queue and says so', () => {
    const w = world()
    w.ask(wish('e1', 'a'), wish('e2', 'b'), wish('e3', 'c'))
    w.start()
    w.end('e1', 'failed')
    expect(w.ends.join('\n')).toMatchInlineSnapshot(`
      "e1 failed
      e2 aborted (Not run: a cell before it failed.)
      e3 aborted (Not run: a cell before it failed.)"
    `)
    expect(printRuns(w.book)).toMatchInlineSnapshot(`
      "running -, waiting -
      a e1 ended latest
      b e2 ended
      c e3 ended"
    `)
  })

  test('a cell that may fail stops nothing, an interrupt of it does', () => {
    const w = world()
    w.ask(wish('e1', 'a', 'a', false), wish('e2', 'b', 'b', false), wish('e3', 'c'))
    w.start()
    w.end('e1', 'failed')
    w.start()
    expect(printRuns(w.book)).toMatchInlineSnapshot(`
      "running e2, waiting e3:c
      a e1 ended latest
      b e2 running latest
      c e3 waiting"
    `)
    w.end('e2', 'interrupted')
    expect(w.ends.join('\n')).toMatchInlineSnapshot(`
      "e1 failed
      e2 interrupted
      e3 aborted"
    `)
  })

  test('the same id never runs twice, whatever became of it', () => {
    const w = world()
    expect(w.ask(wish('e1', 'a'))).toEqual(['e1'])
    expect(w.ask(wish('e1', 'a'))).toEqual(['e1'])
    w.start()
    expect(w.ask(wish('e1', 'a'))).toEqual(['e1'])
    w.end('e1', 'done')
    expect(w.ask(wish('e1', 'a'), wish('e2', 'b'), wish('e2', 'b'))).toEqual(['e1', 'e2', 'e2'])
    expect([w.start(), w.start()]).toEqual(['e2', undefined])
  })

  test('a cell that waits is not queued twice: the newest source runs once; a running one may be asked again', () => {
    const w = world()
    w.ask(wish('e1', 'a'), wish('e2', 'b', 'old'))
    w.start()
    expect(w.ask(wish('e3', 'b', 'new'), wish('e4', 'a', 'again'))).toEqual(['e2', 'e4'])
    expect(w.ask(wish('e3', 'b', 'even later'))).toEqual(['e2'])
    expect(printRuns(w.book)).toMatchInlineSnapshot(`
      "running e1, waiting e2:new e4:again
      a e1 running latest
      b e2 waiting
      a e4 waiting
      e3 is e2"
    `)
  })

  test('a deleted cell leaves the queue, the others stay', () => {
    const w = world()
    w.ask(wish('e1', 'a'), wish('e2', 'b'), wish('e3', 'c'))
    w.start()
    w.apply(takeBack(w.book, 9, { code: 'cancelled', message: 'The cell was deleted.' }, 'b'))
    expect(printRuns(w.book)).toMatchInlineSnapshot(`
      "running e1, waiting e3:c
      a e1 running latest
      b e2 ended
      c e3 waiting"
    `)
  })

  test('a dead kernel: what ran is lost, what waited never ran', () => {
    const w = world()
    w.ask(wish('e1', 'a'), wish('e2', 'b'))
    w.start()
    w.apply(dropAll(w.book, 'lost', 9, { code: 'unreachable', message: 'The kernel was killed (SIGKILL).' }))
    expect(w.ends.join('\n')).toMatchInlineSnapshot(`
      "e1 lost (The kernel was killed (SIGKILL).)
      e2 aborted (Not run: the kernel stopped before its turn.)"
    `)
  })
})

describe('what is kept of the runs', () => {
  /** Small, seeded, good enough to shuffle steps. */
  const random = (seed: number) => () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('an engine killed after any step knows what the old one knew (seed %i)', (seed) => {
    const next = random(seed)
    const w = world()
    const kept = new Map<string, JsonObject>()
    for (let step = 0; step < 300; step++) {
      const roll = next()
      if (roll < 0.5) w.ask(wish(`e${Math.floor(next() * 200)}`, `c${Math.floor(next() * 12)}`, `v${step}`))
      else if (roll < 0.75) w.start()
      else if (w.book.running !== undefined && roll < 0.9) w.end(w.book.running, next() < 0.7 ? 'done' : 'failed')
      else if (w.book.running !== undefined)
        w.apply([
          { fact: 'accepted', execution: w.book.running },
          { fact: 'at', position: { log: 'L', offset: step } },
        ])
      else w.apply(dropAll(w.book, 'lost', step, { code: 'unreachable', message: 'dead' }))
      const notes = JSON.parse(JSON.stringify(w.book.takeNotes())) as Record<string, JsonObject | null>
      for (const [name, note] of Object.entries(notes)) note === null ? kept.delete(name) : kept.set(name, note)
      const again = RunsBook.from(Object.fromEntries([...kept].reverse()))
      expect(printRuns(again)).toBe(printRuns(w.book))
      expect(again.position).toEqual(w.book.position)
    }
  })

  test('a long life keeps a bounded number of runs, and those that cells show', () => {
    const w = world()
    w.ask(wish('first', 'kept'))
    w.start()
    w.end('first', 'done')
    let forgotten = 0
    for (let n = 0; n < 6000; n++) {
      w.ask(wish(`e${n}`, 'a'))
      w.start()
      w.end(`e${n}`, 'done')
      forgotten += Object.values(w.book.takeNotes()).filter((note) => note === null).length
    }
    expect(w.book.runs.size).toBe(5000)
    expect(forgotten).toBe(1001)
    expect(w.book.runs.get('first')?.phase).toBe('ended')
  })
})
