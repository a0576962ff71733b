// What can be asked of notebooks and watched: the document's half of the topic here, what runs in execution/. The composition root builds one
// room of both.
import type { Answers } from '../contract/index.ts'
import type { Room, Watched } from '../contract/rooms.ts'
import type { NotebookChange, NotebookState } from '../contract/topics/notebook.ts'
import { type FindLog, findInNotebook, replaceOps } from './find-in-notebook.ts'
import type { OpenNotebooks } from './open-notebooks.ts'

/** Calls that execution answers; given to `createNotebookRoom` by whoever builds both. */
export type ExecutionAnswers = Pick<
  Answers,
  | 'notebook.run'
  | 'notebook.interrupt'
  | 'notebook.restart'
  | 'notebook.shutdown'
  | 'notebook.answer-input'
  | 'notebook.choose-environment'
  | 'notebook.complete'
  | 'notebook.inspect'
>

export type NotebookRoomOptions = {
  readonly notebooks: OpenNotebooks
  readonly openLog: FindLog
  readonly execution: ExecutionAnswers
  readonly closeExecution: () => Promise<void>
}

export function createNotebookRoom({ notebooks, openLog, execution, closeExecution }: NotebookRoomOptions): Room {
  const at = (id: string) => notebooks.get(id)
  return {
    answers: {
      ...execution,
      'notebook.open': async ({ path }) => ({ notebook: (await notebooks.open(path)).id }),
      'notebook.close': async ({ notebook }) => {
        await notebooks.leave(await at(notebook))
        return null
      },
      'notebook.create': async ({ folder, name }) => {
        const made = await notebooks.create(folder, name)
        return { notebook: made.id, path: made.path }
      },
      'notebook.edit': async ({ notebook, ops, title, by, serial }) => {
        const author = {
          ...(title === undefined ? {} : { title }),
          ...(by === undefined ? {} : { by }),
          ...(serial === undefined ? {} : { serial }),
        }
        return { versions: (await at(notebook)).document.apply(ops, author) }
      },
      'notebook.undo': async ({ notebook }) => {
        ;(await at(notebook)).document.undo()
        return null
      },
      'notebook.redo': async ({ notebook }) => {
        ;(await at(notebook)).document.redo()
        return null
      },
      'notebook.save': async ({ notebook }) => {
        await (await at(notebook)).save()
        return null
      },
      'notebook.save-as': async ({ notebook, path }) => {
        const open = await at(notebook)
        await notebooks.saveAs(open, path)
        return { notebook: open.id, path: open.path }
      },
      'notebook.clear-outputs': async ({ notebook, cells }) => {
        const { document } = await at(notebook)
        const ids = cells ?? document.state.order
        document.apply(
          ids.map((cell) => ({ op: 'clear-outputs', cell })),
          { title: 'Clear outputs' },
        )
        return null
      },
      'notebook.seen-away': async ({ notebook }) => {
        const { document } = await at(notebook)
        if (document.state.away.length > 0) document.change({ type: 'notebook-changed', set: { away: [] } })
        return null
      },
      'notebook.find': async ({ notebook, ...wish }, asker) =>
        findInNotebook((await at(notebook)).state, wish, openLog, asker.signal),
      'notebook.replace': async ({ notebook, ...wish }, asker) => {
        const { document } = await at(notebook)
        const { ops, replaced } = await replaceOps(document.state, wish, asker.signal)
        if (ops.length > 0) document.apply(ops, { title: `Replace ${replaced} ${replaced === 1 ? 'match' : 'matches'}` })
        return { replaced }
      },
    },
    sources: {
      notebook: async ({ notebook }): Promise<Watched<NotebookState, NotebookChange>> => {
        const open = await at(notebook)
        return { feed: open.document.feed, release: notebooks.hold(open) }
      },
    },
    close: async () => {
      await closeExecution()
      await notebooks.close()
    },
  }
}
