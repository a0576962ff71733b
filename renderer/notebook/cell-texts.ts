// Monaco models of the cells that were opened, kept while the notebook is: undo survives leaving a cell. Both directions pass here:
// the user's keystrokes go to the model, edits of others come into the open editors.

import { tieModel } from '../editor/kernel-language.ts'
import { applyToModel, type Monaco } from '../editor/monaco.ts'
import type { EngineLink } from '../link/engine-link.ts'
import type { NotebookModel } from './notebook-model.ts'

type Entry = { readonly model: Monaco.editor.ITextModel; readonly dispose: () => void }

export class CellTexts {
  readonly #models = new Map<string, Entry>()
  readonly #notebook: NotebookModel
  readonly #link: EngineLink
  readonly #id: string
  readonly #stop: () => void
  #foreign = false

  constructor(notebook: NotebookModel, link: EngineLink, id: string) {
    this.#notebook = notebook
    this.#link = link
    this.#id = id
    this.#stop = notebook.onText((cell, edit) => {
      const model = this.#models.get(cell)?.model
      if (model === undefined || edit.length === 0) return
      this.#foreign = true
      applyToModel(model, edit)
      // A text with \r\n, or an edit foreseen wrongly: what the notebook says counts.
      const text = notebook.text(cell)
      if (model.getValue() !== text) queueMicrotask(() => this.#agree(cell, model))
      this.#foreign = false
    })
  }

  /** The model of a cell, made when first asked for. */
  of(monaco: typeof Monaco, cell: string, language: string): Monaco.editor.ITextModel {
    const known = this.#models.get(cell)?.model
    if (known !== undefined) {
      if (known.getLanguageId() !== language) monaco.editor.setModelLanguage(known, language)
      this.#agree(cell, known)
      return known
    }
    const uri = monaco.Uri.from({
      scheme: 'updraft-cell',
      authority: this.#id.replace(/[^\w-]/g, '').slice(0, 64) || 'n',
      path: `/${cell}`,
    })
    const model = monaco.editor.getModel(uri) ?? monaco.editor.createModel(this.#notebook.text(cell), language, uri)
    model.setEOL(monaco.editor.EndOfLineSequence.LF)
    // The editor's own option does not reach a model made before it: brackets would be the one difference to static code.
    model.updateOptions({
      tabSize: 4,
      insertSpaces: true,
      bracketColorizationOptions: { enabled: false, independentColorPoolPerBracketType: false },
    })
    const change = model.onDidChangeContent(() => {
      if (!this.#foreign) this.#notebook.type(cell, model.getValue())
    })
    const untie = tieModel(model, {
      complete: (code, position, signal) => this.#link.call('notebook.complete', { notebook: this.#id, code, position }, signal),
      inspect: (code, position, detail, signal) =>
        this.#link.call('notebook.inspect', { notebook: this.#id, code, position, detail }, signal),
    })
    this.#models.set(cell, {
      model,
      dispose: () => {
        change.dispose()
        untie()
        model.dispose()
      },
    })
    return model
  }

  /** Forgets models of cells that are gone for good. */
  keepOnly(cells: { readonly [id: string]: unknown }): void {
    for (const [cell, entry] of this.#models) {
      // A deleted cell may come back by undo within this session; its own text history is then new. Freed once there are many.
      if (cells[cell] !== undefined || this.#models.size < 200) continue
      entry.dispose()
      this.#models.delete(cell)
    }
  }

  dispose(): void {
    this.#stop()
    for (const entry of this.#models.values()) entry.dispose()
    this.#models.clear()
  }

  #agree(cell: string, model: Monaco.editor.ITextModel): void {
    if (model.isDisposed() || this.#notebook.view.cells[cell] === undefined) return
    const text = this.#notebook.text(cell)
    if (model.getValue() === text || text.includes('\r')) return
    this.#foreign = true
    model.pushEditOperations(null, [{ range: model.getFullModelRange(), text }], () => null)
    this.#foreign = false
  }
}
