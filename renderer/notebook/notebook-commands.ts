// The notebook's commands: for the palette, menus and both key sets. Keys are JupyterLab's; the VS Code set keeps those that do not collide.
// They act on the notebook of the active tab. `cellCommand`, `cellEdit`: where the focus is (data-context in cell-list.tsx).
import type { Command, CommandKeys } from '../parts/command.ts'
import * as cells from './cell-actions.ts'
import { activeNotebook, type NotebookView } from './notebook-view.ts'
import * as run from './run-actions.ts'

type Spec = { readonly keys?: CommandKeys; readonly when?: string; readonly icon?: string; readonly hidden?: boolean }
const COMMAND = 'cellCommand && !inputFocus'
const EITHER = 'notebookFocus'

function command(id: string, title: string, action: (view: NotebookView) => unknown, spec: Spec = {}): Command {
  return {
    id: `notebook.${id}`,
    title,
    category: 'Notebook',
    ...spec,
    when: spec.when ?? 'notebookOpen',
    run: () => {
      const view = activeNotebook()
      return view?.ready ? action(view) : undefined
    },
  }
}

/** Escape closes what Monaco has open first. */
const leave = (view: NotebookView): unknown => (closeOpen() ? undefined : view.choose(view.selection.get().active))
let closeOpen: () => boolean = () => false

const split = (view: NotebookView): unknown => {
  const at = cursor(view)
  return at === undefined ? undefined : cells.splitCell(view, at.cell, at.offsets)
}
/** Where the cursor of the cell being edited is; set by live-code.tsx. */
let cursor: (view: NotebookView) => { cell: string; offsets: readonly number[] } | undefined = () => undefined
export function onCursorQuestion(answer: typeof cursor, close: typeof closeOpen): void {
  cursor = answer
  closeOpen = close
}

export const notebookCommands: readonly Command[] = [
  command('run-and-next', 'Run and go to the next cell', (v) => run.runChosen(v, 'next'), {
    keys: ['shift+enter'],
    when: EITHER,
    icon: 'play',
  }),
  command('run', 'Run the chosen cells', (v) => run.runChosen(v, 'stay'), {
    keys: ['mod+enter', 'ctrl+enter'],
    when: EITHER,
    icon: 'play',
  }),
  command('run-and-insert', 'Run and insert a cell below', (v) => run.runChosen(v, 'insert'), {
    keys: ['alt+enter'],
    when: EITHER,
  }),
  command('run-all', 'Run all cells', (v) => run.runPart(v, 'all'), { icon: 'run-all' }),
  command('run-above', 'Run all cells above', (v) => run.runPart(v, 'above'), { icon: 'run-above' }),
  command('run-below', 'Run this cell and all below', (v) => run.runPart(v, 'below'), { icon: 'run-below' }),
  command('run-section', 'Run this section', (v) => run.runPart(v, 'section')),
  command('interrupt', 'Interrupt', (v) => run.interrupt(v), {
    keys: { jupyter: ['i i'], vscode: ['i i'] },
    when: COMMAND,
    icon: 'debug-stop',
  }),
  command('restart', 'Restart the kernel…', (v) => run.restart(v), { keys: ['0 0'], when: COMMAND, icon: 'refresh' }),
  command('restart-run-all', 'Restart the kernel and run all…', (v) => run.restart(v, { runAll: true, clear: true }), {
    icon: 'debug-restart',
  }),
  command('restart-clear', 'Restart the kernel and clear outputs…', (v) => run.restart(v, { clear: true })),
  command('shutdown', 'Shut the kernel down…', (v) => run.shutdown(v)),

  command('edit', 'Edit the cell', (v) => v.choose(v.selection.get().active, 'edit'), {
    keys: ['enter'],
    when: COMMAND,
    hidden: true,
  }),
  command('leave', 'Leave the text, to command mode', leave, { keys: ['escape'], when: 'cellEdit', hidden: true }),
  command('previous', 'Choose the cell above', (v) => cells.stepCell(v, -1), { keys: ['up', 'k'], when: COMMAND, hidden: true }),
  command('next', 'Choose the cell below', (v) => cells.stepCell(v, 1), { keys: ['down', 'j'], when: COMMAND, hidden: true }),
  command('extend-up', 'Extend the choice up', (v) => cells.stepCell(v, -1, true), {
    keys: ['shift+up', 'shift+k'],
    when: COMMAND,
    hidden: true,
  }),
  command('extend-down', 'Extend the choice down', (v) => cells.stepCell(v, 1, true), {
    keys: ['shift+down', 'shift+j'],
    when: COMMAND,
    hidden: true,
  }),
  command('extend-top', 'Extend the choice to the top', (v) => cells.stepCell(v, Number.NEGATIVE_INFINITY, true), {
    keys: ['shift+home'],
    when: COMMAND,
    hidden: true,
  }),
  command('extend-end', 'Extend the choice to the end', (v) => cells.stepCell(v, Number.POSITIVE_INFINITY, true), {
    keys: ['shift+end'],
    when: COMMAND,
    hidden: true,
  }),
  command('first', 'Go to the first cell', (v) => cells.stepCell(v, Number.NEGATIVE_INFINITY), {
    keys: ['mod+home', 'home'],
    when: COMMAND,
    hidden: true,
  }),
  command('last', 'Go to the last cell', (v) => cells.stepCell(v, Number.POSITIVE_INFINITY), {
    keys: ['mod+end', 'end'],
    when: COMMAND,
    hidden: true,
  }),
  command('choose-all', 'Choose all cells', cells.chooseAll, { keys: ['mod+a'], when: COMMAND }),
  command('scroll-down', 'Scroll down', (v) => v.scrollBy(0.85), { keys: ['space'], when: COMMAND, hidden: true }),
  command('scroll-up', 'Scroll up', (v) => v.scrollBy(-0.85), { keys: ['shift+space'], when: COMMAND, hidden: true }),

  command('insert-above', 'Insert a cell above', (v) => cells.insertCell(v, 'above'), { keys: ['a'], when: COMMAND }),
  command('insert-below', 'Insert a cell below', (v) => cells.insertCell(v, 'below'), {
    keys: ['b'],
    when: COMMAND,
    icon: 'add',
  }),
  command('delete', 'Delete the chosen cells', (v) => cells.deleteCells(v), { keys: ['d d'], when: COMMAND }),
  command('cut', 'Cut the chosen cells', cells.cutCells, { keys: ['x', 'mod+x'], when: COMMAND }),
  command('copy', 'Copy the chosen cells', cells.copyCells, { keys: ['c', 'mod+c'], when: COMMAND }),
  command('paste', 'Paste cells below', (v) => cells.pasteCells(v, 'below'), { keys: ['v', 'mod+v'], when: COMMAND }),
  command('paste-above', 'Paste cells above', (v) => cells.pasteCells(v, 'above'), { keys: ['shift+v'], when: COMMAND }),
  command('undo', 'Undo the last change of cells', cells.undo, { keys: ['z', 'mod+z'], when: COMMAND }),
  command('redo', 'Redo the last change of cells', cells.redo, { keys: ['shift+z', 'mod+shift+z', 'mod+y'], when: COMMAND }),
  command('move-up', 'Move the chosen cells up', (v) => cells.moveCells(v, -1), {
    keys: { jupyter: ['ctrl+shift+up'], vscode: ['alt+up'] },
    when: COMMAND,
  }),
  command('move-down', 'Move the chosen cells down', (v) => cells.moveCells(v, 1), {
    keys: { jupyter: ['ctrl+shift+down'], vscode: ['alt+down'] },
    when: COMMAND,
  }),
  command('split', 'Split the cell at the cursor', split, {
    keys: { jupyter: ['ctrl+shift+-'], vscode: ['ctrl+shift+-', 'ctrl+k ctrl+shift+\\'] },
    when: 'cellEdit',
  }),
  command('merge', 'Merge the chosen cells', (v) => cells.mergeCells(v, 'chosen'), { keys: ['shift+m'], when: COMMAND }),
  command('merge-above', 'Merge with the cell above', (v) => cells.mergeCells(v, 'above'), {
    keys: ['ctrl+backspace'],
    when: COMMAND,
  }),
  command('merge-below', 'Merge with the cell below', (v) => cells.mergeCells(v, 'below'), {
    keys: ['ctrl+shift+m'],
    when: COMMAND,
  }),

  command('to-code', 'Make it a code cell', (v) => cells.setKind(v, 'code'), { keys: ['y'], when: COMMAND }),
  command('to-markdown', 'Make it a markdown cell', (v) => cells.setKind(v, 'markdown'), { keys: ['m'], when: COMMAND }),
  command('to-raw', 'Make it a raw cell', (v) => cells.setKind(v, 'raw'), { keys: ['r'], when: COMMAND }),
  ...[1, 2, 3, 4, 5, 6].map((level) =>
    command(`heading-${level}`, `Make it a heading ${level}`, (v) => cells.setHeading(v, level), {
      keys: [`${level}`],
      when: COMMAND,
    }),
  ),
  command('fold-heading', 'Collapse the section', (v) => cells.foldHeading(v, true), { keys: ['left'], when: COMMAND }),
  command('unfold-heading', 'Expand the section', (v) => cells.foldHeading(v, false), { keys: ['right'], when: COMMAND }),
  command('fold-all', 'Collapse all sections', (v) => cells.foldHeading(v, true, true)),
  command('unfold-all', 'Expand all sections', (v) => cells.foldHeading(v, false, true)),
  command('toggle-source', 'Show or hide the code', (v) => cells.toggleFlag(v, 'source_hidden')),
  command('toggle-outputs', 'Show or hide the outputs', (v) => cells.toggleFlag(v, 'outputs_hidden'), {
    keys: ['o'],
    when: COMMAND,
  }),
  command('toggle-scrolling', 'Scroll long outputs or show them whole', (v) => cells.toggleFlag(v, 'scrolled'), {
    keys: ['shift+o'],
    when: COMMAND,
  }),
  command('toggle-line-numbers', 'Show or hide line numbers', (v) => v.lineNumbers.set((on) => !on), {
    keys: ['shift+l', 'l'],
    when: COMMAND,
  }),
  command('clear-outputs', 'Clear the outputs of the chosen cells', (v) => run.clearOutputs(v, cells.chosenCells(v))),
  command('clear-all-outputs', 'Clear all outputs', (v) => run.clearOutputs(v), { icon: 'clear-all' }),
  command('cell-details', 'Cell tags and metadata…', (v) => v.panel.set('details')),

  command('save', 'Save', run.save, { keys: ['mod+s'], when: EITHER, icon: 'save' }),
  command('find', 'Find in the notebook', (v) => v.panel.set('find'), { keys: ['mod+f'], when: EITHER, icon: 'search' }),
  command('replace', 'Find and replace in the notebook', (v) => v.panel.set('replace'), { keys: ['mod+h'], when: EITHER }),
]
