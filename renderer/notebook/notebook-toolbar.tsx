// The line above the cells: run, run all, stop, restart, add; what kind the cell is; the kernel's state with a clock and the queue.
import { type ReactNode, useSyncExternalStore } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import type { CellKind } from '../../engine/contract/topics/notebook.ts'
import { IconButton } from '../parts/button.tsx'
import { runCommand } from '../parts/command.ts'
import { MenuButton, type MenuEntry } from '../parts/menu.tsx'
import { useStore } from '../parts/store.ts'
import { clock, plural } from '../parts/units.ts'
import { useElapsed } from '../parts/wait.tsx'
import { setKind } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'

const press = (id: string) => () => void runCommand(`notebook.${id}`)

export function NotebookToolbar({ view }: { readonly view: NotebookView }): ReactNode {
  useSyncExternalStore(view.subscribe, view.version)
  const { doc } = view
  const busy = doc.kernel.state === 'busy' || doc.queue.length > 0
  const queued = doc.queue.filter((id) => doc.cells[id]?.run?.state === 'queued').length
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
    { id: 'numbers', title: 'Line numbers', checked: view.lineNumbers.get(), run: press('toggle-line-numbers') },
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
}

function KindChoice({ view }: { readonly view: NotebookView }): ReactNode {
  const { active } = useStore(view.selection)
  const kind = (active === null ? undefined : view.cell(active)?.kind) ?? 'code'
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
  const { kernel, cells, order, queue } = view.doc
  const running = order.map((id) => cells[id]).find((c) => c?.run?.state === 'running')
  const [dot, words] = {
    none: ['idle', 'no kernel yet'],
    starting: ['wait', `starting${kernel.phase === undefined ? '' : `: ${kernel.phase}`}`],
    idle: ['', 'idle'],
    busy: ['warn', running === undefined ? 'busy' : `running cell ${order.indexOf(running.id) + 1}`],
    restarting: ['wait', 'restarting'],
    dead: ['bad', 'kernel died'],
    unreachable: ['bad', 'kernel does not answer'],
  }[kernel.state] as [string, string]
  const since = running?.run?.startedAtMs
  return (
    <AriaButton
      className="chip kernel-chip"
      onPress={() => void (running === undefined ? runCommand('ui.choose-environment') : showRunning(view, running.id))}
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
