// What can be pressed on a cell: the tools at its corner (hover, focus), the menu of a right click, and the line between two cells.
import type { ReactNode } from 'react'
import type { Cell } from '../../engine/contract/topics/notebook.ts'
import { runCommand } from '../parts/command.ts'
import { Icon } from '../parts/icon.tsx'
import type { MenuEntry } from '../parts/menu.tsx'
import { insertCell, toggleFlag } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'
import { runCells } from './run-actions.ts'

const act =
  (id: string): (() => void) =>
  () =>
    void runCommand(`notebook.${id}`)

/** Commands on the chosen cells; a cell that is not among them is chosen first. */
export function cellMenu(view: NotebookView, cell: Cell): readonly MenuEntry[] {
  const entry = (id: string, title: string, icon?: string, keys?: string, danger = false): MenuEntry => ({
    id,
    title,
    run: act(id),
    danger,
    ...(icon === undefined ? {} : { icon }),
    ...(keys === undefined ? {} : { keys }),
  })
  void view
  return [
    entry('run', 'Run', 'play', 'ctrl+enter'),
    entry('run-above', 'Run all above', 'run-above'),
    entry('run-below', 'Run this and all below', 'run-below'),
    'line',
    entry('cut', 'Cut', undefined, 'x'),
    entry('copy', 'Copy', 'copy', 'c'),
    entry('paste', 'Paste below', undefined, 'v'),
    entry('delete', 'Delete', 'trash', 'd d', true),
    'line',
    ...(cell.kind === 'code'
      ? [entry('to-markdown', 'Make it text', undefined, 'm')]
      : [entry('to-code', 'Make it code', undefined, 'y')]),
    entry('merge-below', 'Merge with the one below', undefined, 'ctrl+shift+m'),
    entry('move-up', 'Move up', undefined, 'ctrl+shift+up'),
    entry('move-down', 'Move down', undefined, 'ctrl+shift+down'),
    'line',
    ...(cell.kind === 'code'
      ? [
          entry('toggle-source', 'Show or hide the code'),
          entry('toggle-outputs', 'Show or hide the outputs', undefined, 'o'),
          entry('clear-outputs', 'Clear the outputs'),
        ]
      : []),
    entry('cell-details', 'Tags and metadata…'),
  ]
}

/** Plain buttons, made only for the cell under the pointer or with the focus: four buttons with tooltips on each row of a scroll cost a frame. */
export function CellTools({ view, cell }: { readonly view: NotebookView; readonly cell: Cell }): ReactNode {
  const onThis = (then: () => void) => () => {
    if (view.selection.get().active !== cell.id) view.choose(cell.id)
    then()
  }
  const button = (icon: string, label: string, press: () => void): ReactNode => (
    <button type="button" className="icon-btn" aria-label={label} title={label} onClick={press}>
      <Icon name={icon} />
    </button>
  )
  return (
    <div className="cell-tools" data-context="cellCommand=" role="toolbar" aria-label="Cell">
      {cell.kind === 'code' && button('play', 'Run', () => void runCells(view, [cell.id]))}
      {cell.outputs.length > 0 &&
        button('fold', 'Show or hide the outputs', () => void toggleFlag(view, 'outputs_hidden', [cell.id]))}
      {button('trash', 'Delete', onThis(act('delete')))}
      {button(
        'ellipsis',
        'More',
        onThis(() => openMenu(cell.id)),
      )}
    </div>
  )
}

export function CellTags({ cell }: { readonly cell: Cell }): ReactNode {
  const tags = cell.metadata['tags']
  if (!Array.isArray(tags) || tags.length === 0) return null
  return (
    <div className="cell-tags">
      {tags.map((t) =>
        typeof t === 'string' ? (
          <span key={t} className="tag">
            {t}
          </span>
        ) : null,
      )}
    </div>
  )
}

/** The cell's own context menu, below its tools. */
function openMenu(cell: string): void {
  const row = document.querySelector<HTMLElement>(`[data-cell="${CSS.escape(cell)}"]`)
  const box = row?.querySelector('.cell-tools')?.getBoundingClientRect()
  if (row && box) row.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, clientX: box.right - 8, clientY: box.bottom }))
}

export function InsertBetween({ view, cell }: { readonly view: NotebookView; readonly cell: string }): ReactNode {
  return (
    <div className="cell-insert" aria-hidden="true" data-context="cellCommand=" onMouseDown={(e) => e.stopPropagation()}>
      <button type="button" tabIndex={-1} onClick={() => void insertCell(view, 'below', 'code', 'edit', cell)}>
        + Code
      </button>
      <button type="button" tabIndex={-1} onClick={() => void insertCell(view, 'below', 'markdown', 'edit', cell)}>
        + Text
      </button>
    </div>
  )
}
