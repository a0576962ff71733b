// The last bytes of a terminal, by offset since its start. Older ones go; a reader that asks for them gets the oldest that are kept,
// and sees by the offset how many are gone.

export class Scrollback {
  readonly #limit: number
  #parts: Buffer[] = []
  #from = 0
  #to = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get from(): number {
    return this.#from
  }
  get to(): number {
    return this.#to
  }

  push(bytes: Buffer): void {
    this.#parts.push(bytes)
    this.#to += bytes.length
    let first = this.#parts[0]
    while (first && this.#to - this.#from - first.length >= this.#limit) {
      this.#from += first.length
      this.#parts.shift()
      first = this.#parts[0]
    }
  }

  /** Bytes from `since` on (or from the oldest kept), at most `max`. */
  read(since: number, max: number): { seq: number; bytes: Buffer } {
    const seq = Math.max(since, this.#from)
    const found: Buffer[] = []
    let at = this.#from
    let left = max
    for (const part of this.#parts) {
      if (left <= 0) break
      const end = at + part.length
      if (end > seq) {
        const piece = part.subarray(Math.max(0, seq - at), Math.max(0, seq - at) + left)
        found.push(piece)
        left -= piece.length
      }
      at = end
    }
    return { seq, bytes: Buffer.concat(found) }
  }
}
