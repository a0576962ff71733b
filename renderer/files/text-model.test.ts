import { expect, test } from 'vitest'
import { problem } from '../../engine/contract/problem.ts'
import { rebaseEdit, type TextEdit } from '../../engine/contract/text-edit.ts'
import { type FileChange, type FileState, reduceFile } from '../../engine/contract/topics/workspace.ts'
import { TextModel } from './text-model.ts'

/** An engine that decides the order of edits, as text-file.ts does. Changes go out when `deliver` is called. */
class Engine {
  state: FileState
  readonly edits: TextEdit[] = []
  readonly listeners: { queue: FileChange[]; take: (changes: readonly FileChange[]) => void }[] = []
  constructor(text: string) {
    this.state = { path: 'a.py', text, version: 0, language: 'python', dirty: false }
  }
  edit(input: { version: number; edit: TextEdit; by: string; serial: number }): void {
    let edit = input.edit
    for (const over of this.edits.slice(input.version)) edit = rebaseEdit(edit, over, true)
    this.edits.push(edit)
    const change: FileChange = { type: 'edited', version: this.state.version + 1, edit, by: input.by, serial: input.serial }
    this.state = reduceFile(this.state, change)
    for (const l of this.listeners) l.queue.push(change)
  }
}

class Window {
  shown: string
  readonly model: TextModel
  readonly inbox: { queue: FileChange[]; take: (changes: readonly FileChange[]) => void }
  readonly outbox: { version: number; edit: TextEdit; by: string; serial: number }[] = []
  constructor(engine: Engine, by: string) {
    this.shown = engine.state.text
    this.model = new TextModel(engine.state, {
      by,
      send: (input) => {
        this.outbox.push(input)
        return Promise.resolve()
      },
      onForeign: (edit) => {
        this.shown = edit.reduceRight((text, s) => text.slice(0, s.at) + s.insert + text.slice(s.at + s.delete), this.shown)
      },
      onProblem: () => {},
    })
    this.inbox = { queue: [], take: (changes) => this.model.take(changes) }
    engine.listeners.push(this.inbox)
  }
  type(text: string): void {
    this.shown = text
    this.model.type(text)
  }
}

const random = (seed: number) => () => {
  seed = (seed * 16807) % 2147483647
  return seed / 2147483647
}

for (const seed of [1, 7, 42, 1234, 99991]) {
  test(`two windows that type at once end with one text, seed ${seed}`, () => {
    const next = random(seed)
    const pick = (n: number) => Math.floor(next() * n)
    const engine = new Engine('import ray\nray.init()\n')
    const windows = [new Window(engine, 'one'), new Window(engine, 'two')]
    const deliver = (w: Window) => {
      const batch = w.inbox.queue.splice(0, 1 + pick(3))
      if (batch.length > 0) w.inbox.take(batch)
    }
    for (let step = 0; step < 400; step++) {
      const w = windows[pick(2)] as Window
      const what = pick(4)
      if (what === 0) {
        const at = pick(w.shown.length + 1)
        w.type(w.shown.slice(0, at) + 'abcdef'.slice(0, 1 + pick(3)) + w.shown.slice(at + pick(3)))
      } else if (what === 1) deliver(w)
      else if (w.outbox.length > 0) engine.edit(w.outbox.shift() as (typeof w.outbox)[number])
    }
    for (let i = 0; i < 2000 && windows.some((w) => w.outbox.length > 0 || w.inbox.queue.length > 0); i++) {
      for (const w of windows) {
        if (w.outbox.length > 0) engine.edit(w.outbox.shift() as (typeof w.outbox)[number])
        deliver(w)
      }
    }
    for (const w of windows) {
      expect(w.shown).toBe(engine.state.text)
      expect(w.model.pending).toBe(false)
    }
  })
}

test('an edit whose answer was lost is not made twice when the engine has it', async () => {
  const engine = new Engine('a')
  const sent: { version: number; edit: TextEdit; by: string; serial: number }[] = []
  const model = new TextModel(engine.state, {
    by: 'me',
    send: (input) => {
      sent.push(input)
      return Promise.reject(problem('unreachable', 'gone'))
    },
    onForeign: () => {},
    onProblem: () => {},
  })
  model.type('ab')
  engine.edit(sent[0] as (typeof sent)[number])
  await Promise.resolve()
  model.snapshot(engine.state)
  model.resend()
  expect(sent).toHaveLength(1)
  expect(model.text).toBe('ab')
})

test('an edit that never arrived is sent again', async () => {
  const engine = new Engine('a')
  const sent: unknown[] = []
  const model = new TextModel(engine.state, {
    by: 'me',
    send: (i) => {
      sent.push(i)
      return Promise.reject(problem('unreachable', 'gone'))
    },
    onForeign: () => {},
    onProblem: () => {},
  })
  model.type('ab')
  await new Promise((r) => setImmediate(r))
  model.resend()
  expect(sent).toHaveLength(2)
})
