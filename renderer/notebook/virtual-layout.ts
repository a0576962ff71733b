// Where each row of a long list lies: heights (estimated, then measured), prefix sums, the rows of a window. Pure; no DOM.
// Chromium's elements end at about 33.5 million px: above SPACE_LIMIT_PX the scroll space is scaled and rows are placed relative to it.

const SPACE_LIMIT_PX = 24_000_000

export class VirtualLayout {
  #ids: readonly string[] = []
  #index = new Map<string, number>()
  #heights = new Float64Array(0)
  #tops = new Float64Array(1)
  #validTo = 0
  /** Measured heights survive a new order; estimates are made again. */
  readonly #measured = new Map<string, number>()

  /** Sets the rows. `estimate` is asked for rows that were never measured. */
  setRows(ids: readonly string[], estimate: (id: string) => number): void {
    this.#ids = ids
    this.#index = new Map(ids.map((id, i) => [id, i]))
    this.#heights = Float64Array.from(ids, (id) => this.#measured.get(id) ?? estimate(id))
    this.#tops = new Float64Array(ids.length + 1)
    this.#validTo = 0
  }

  get count(): number {
    return this.#ids.length
  }
  get total(): number {
    return this.top(this.#ids.length)
  }
  id(i: number): string | undefined {
    return this.#ids[i]
  }
  indexOf(id: string): number {
    return this.#index.get(id) ?? -1
  }
  height(i: number): number {
    return this.#heights[i] ?? 0
  }
  top(i: number): number {
    for (let k = this.#validTo; k < i; k++) this.#tops[k + 1] = (this.#tops[k] ?? 0) + (this.#heights[k] ?? 0)
    this.#validTo = Math.max(this.#validTo, i)
    return this.#tops[i] ?? 0
  }

  /** A measured height; true when it changed anything. */
  measure(id: string, height: number): boolean {
    this.#measured.set(id, height)
    const i = this.indexOf(id)
    if (i < 0 || Math.abs((this.#heights[i] ?? 0) - height) < 0.5) return false
    this.#heights[i] = height
    this.#validTo = Math.min(this.#validTo, i)
    return true
  }
  /** The row looks different now (edited elsewhere, outputs replaced): estimate again. */
  forget(id: string): void {
    this.#measured.delete(id)
  }
  /** All measures are of another width. */
  forgetAll(): void {
    this.#measured.clear()
  }

  /** The row that holds the position y. */
  find(y: number): number {
    this.top(this.#ids.length)
    let a = 0
    let b = Math.max(0, this.#ids.length - 1)
    while (a < b) {
      const m = (a + b + 1) >> 1
      if ((this.#tops[m] ?? 0) <= y) a = m
      else b = m - 1
    }
    return a
  }
  /** Rows that touch [from, to], as [first, behind last]. */
  range(from: number, to: number): readonly [number, number] {
    if (this.#ids.length === 0) return [0, 0]
    return [this.find(from), this.find(to) + 1]
  }
}

/** Scroll space and its mapping to list positions: one to one until the limit, then scaled. */
export function scrollSpace(
  total: number,
  viewport: number,
  limit = SPACE_LIMIT_PX,
): { space: number; toList: (scrollTop: number) => number; toScroll: (y: number) => number } {
  const space = Math.min(total, limit)
  const from = Math.max(1, space - viewport)
  const scale = space === total ? 1 : Math.max(1, total - viewport) / from
  return { space, toList: (scrollTop) => scrollTop * scale, toScroll: (y) => y / scale }
}
