// The line above the cells: run, run all, stop, restart, add; what kind the cell is; the kernel's state with a clock and the queue.
import { memo, type ReactNode, useSyncExternalStore } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { Cell, CellKind, NotebookState } from '../../engine/contract/topics/notebook.ts'
import { IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { MenuButton, type MenuEntry } from '../parts/menu.tsx'
import { useStore } from '../parts/store.ts'
import { clock, plural } from '../parts/units.ts'
import { useElapsed } from '../parts/wait.tsx'
import { setKind } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'

const press = (id: string) => () => void runCommand(`notebook.${id}`)

/** A part of the document, compared by identity: what is drawn from it is drawn again when it changes, not with every key. */
const useDoc = <T,>(view: NotebookView, part: (doc: NotebookState) => T): T =>
  useSyncExternalStore(view.subscribe, () => part(view.doc))

/** Which cell ran when it was last asked: looking through 5,000 cells takes 1.5 ms of every key. */
const lastRunning = new WeakMap<NotebookView, string>()
function runningOf(view: NotebookView): Cell | undefined {
  const { kernel, order, cells } = view.doc
  if (kernel.state !== 'busy') return undefined
  const runs = (id: string) => cells[id]?.run?.state === 'running'
  const last = lastRunning.get(view)
  const id = last !== undefined && runs(last) ? last : order.find(runs)
  if (id === undefined) return undefined
  lastRunning.set(view, id)
  return cells[id]
}

export function NotebookToolbar({ view }: { readonly view: NotebookView }): ReactNode {
  const busy = useDoc(view, (doc) => doc.kernel.state === 'busy' || doc.queue.length > 0)
  const queued = useDoc(view, (doc) => doc.queue.filter((id) => doc.cells[id]?.run?.state === 'queued').length)
  return <Tools view={view} busy={busy} queued={queued} />
}

type ToolsProps = { readonly view: NotebookView; readonly busy: boolean; readonly queued: number }
const Tools = memo(function Tools({ view, busy, queued }: ToolsProps): ReactNode {
  const lineNumbers = useStore(view.lineNumbers)
  const more: readonly MenuEntry[] = [
    { id: 'above', title: 'Run all cells above', icon: 'run-above', run: press('run-above') },
    { id: 'below', title: 'Run this cell and all below', icon: 'run-below', run: press('run-below') },
    { id: 'section', title: 'Run this section', run: press('run-section') },
    'line',
    { id: 'restart-all', title: 'Restart and run all…', icon: 'debug-restart', run: press('restart-run-all') },
    { id: 'restart-clear', title: 'Restart and clear outputs…', run: press('restart-clear') },
    { id: 'clear', title: 'Clear all outputs', icon: 'clear-all', run: press('clear-all-outputs') },
    { id: 'shutdown', title: 'Shut the kernel down…', run: press('shutdown') },
    'line',
    { id: 'find', title: 'Find and replace', icon: 'search', run: press('replace') },
    { id: 'fold', title: 'Collapse all sections', run: press('fold-all') },
    { id: 'unfold', title: 'Expand all sections', run: press('unfold-all') },
    { id: 'numbers', title: 'Line numbers', checked: lineNumbers, run: press('toggle-line-numbers') },
    { id: 'details', title: 'Cell tags and metadata…', run: press('cell-details') },
  ]
  return (
    <div className="notebook-tools" role="toolbar" aria-label="Notebook">
      <IconButton icon="play" label="Run and go to the next cell" keys="shift+enter" onPress={press('run-and-next')} />
      <IconButton icon="run-all" label="Run all cells" onPress={press('run-all')} />
      <IconButton
        icon="debug-stop"
        label="Interrupt"
        keys="i i"
        className={busy ? 'stop' : ''}
        isDisabled={!busy}
        onPress={press('interrupt')}
      />
      <IconButton icon="refresh" label="Restart the kernel" keys="0 0" onPress={press('restart')} />
      <span className="tools-line" />
      <IconButton icon="add" label="Insert a cell below" keys="b" onPress={press('insert-below')} />
      <KindChoice view={view} />
      <MenuButton entries={more} label="More of the notebook" placement="bottom start">
        <AriaButton className="icon-btn" aria-label="More">
          <span className="codicon codicon-ellipsis" aria-hidden="true" />
        </AriaButton>
      </MenuButton>
      <span className="grow" />
      <KernelChip view={view} />
      {queued > 0 && <span className="chip">{plural(queued, 'cell')} queued</span>}
    </div>
  )
})

function KindChoice({ view }: { readonly view: NotebookView }): ReactNode {
  const { active } = useStore(view.selection)
  const kind = useDoc(view, (doc) => (active === null ? undefined : doc.cells[active]?.kind) ?? 'code')
  return (
    <select
      className="kind-choice"
      aria-label="Kind of the cell"
      value={kind}
      onChange={(e) => void setKind(view, e.target.value as CellKind)}
    >
      <option value="code">Code</option>
      <option value="markdown">Text</option>
      <option value="raw">Raw</option>
    </select>
  )
}

function KernelChip({ view }: { readonly view: NotebookView }): ReactNode {
  const kernel = useDoc(view, (doc) => doc.kernel)
  const running = useDoc(view, () => runningOf(view)?.id)
  const since = useDoc(view, () => runningOf(view)?.run?.startedAtMs)
  const [dot, words] = {
    none: ['idle', 'no kernel yet'],
    starting: ['wait', `starting${kernel.phase === undefined ? '' : `: ${kernel.phase}`}`],
    idle: ['', 'idle'],
    busy: ['warn', running === undefined ? 'busy' : `running cell ${view.doc.order.indexOf(running) + 1}`],
    restarting: ['wait', 'restarting'],
    dead: ['bad', 'kernel died'],
    unreachable: ['bad', 'kernel does not answer'],
  }[kernel.state] as [string, string]
  return (
    <AriaButton
      className="chip kernel-chip"
      onPress={() => void (running === undefined ? runCommand('ui.choose-environment') : showRunning(view, running))}
    >
      <span className={`dot ${dot}`} />
      <span className="unseen">Kernel: </span>
      <span>
        {words}
        {kernel.state === 'busy' && since !== undefined && <Clock sinceMs={since} />}
      </span>
      <span className="faint cut">{kernel.name}</span>
    </AriaButton>
  )
}

function showRunning(view: NotebookView, id: string): void {
  view.choose(id)
  view.scrollTo(id, 'centre')
}

function Clock({ sinceMs }: { readonly sinceMs: number }): ReactNode {
  const ms = useElapsed(sinceMs)
  return ms < 1000 ? null : <span className="num"> · {clock(ms)}</span>
}
