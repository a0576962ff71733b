// One row of a terminal's screen: characters with a style each, kept as plain text as long as nothing in it is coloured.

type Cell = { readonly char: string; readonly sgr: string }

export class TextRow {
  /** The whole row while it is plain: then one UTF-16 unit is one column. */
  #plain = ''
  #cells: Cell[] | undefined
  /** It goes on in the next row without a line feed: it was longer than a row can be. */
  wrapped = false

  get columns(): number {
    return this.#cells?.length ?? this.#plain.length
  }

  /** Writes at `column`, over what is there; a gap before it becomes spaces. `chars`: one per column. */
  write(column: number, chars: readonly string[], sgr: string): void {
    const cells = this.#asCells()
    while (cells.length < column) cells.push({ char: ' ', sgr: '' })
    for (const [i, char] of chars.entries()) cells[column + i] = { char, sgr }
  }

  /** The same for plain text without surrogates into a row that is plain: no cells needed. False: use `write`. */
  writePlain(column: number, text: string): boolean {
    if (this.#cells !== undefined) return false
    const line = this.#plain
    if (column === line.length) this.#plain = line + text
    else this.#plain = line.slice(0, column).padEnd(column) + text + line.slice(column + text.length)
    return true
  }

  /** `ESC [ K` and its kin. */
  eraseFrom(column: number): void {
    if (this.#cells !== undefined) this.#cells.length = Math.min(this.#cells.length, column)
    else this.#plain = this.#plain.slice(0, column)
    if (this.columns === 0) this.#cells = undefined
  }
  eraseUpTo(column: number): void {
    if (this.columns === 0) return
    this.write(
      0,
      Array.from({ length: Math.min(column + 1, this.columns) }, () => ' '),
      '',
    )
  }

  /** The row with its colours, each run closed: it stands for itself wherever it is put. Equal cells give equal text. */
  render(): string {
    if (this.#cells === undefined) return this.#plain
    let text = ''
    let sgr = ''
    for (const cell of this.#cells) {
      if (cell.sgr !== sgr) text += (sgr === '' ? '' : '\x1b[0m') + cell.sgr
      sgr = cell.sgr
      text += cell.char
    }
    return sgr === '' ? text : `${text}\x1b[0m`
  }

  #asCells(): Cell[] {
    this.#cells ??= Array.from(this.#plain, (char) => ({ char, sgr: '' }))
    this.#plain = ''
    return this.#cells
  }
}
