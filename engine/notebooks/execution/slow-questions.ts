// Questions to a kernel that a window can't wait for: completion and inspection. A window is answered within 2 s, but the first completion
// loads jedi (0.5 s of work, 1.5-10 s on a busy machine), so the question goes on without it; who asks the same again joins it. One
// question of each type is remembered: the next one is about other text.

/** A window that types can't wait longer. */
export const ANSWER_MS = 2_000
/** A kernel that has not answered by now is inside C. */
const GIVE_UP_MS = 60_000

type Ask<T> = (
  type: string,
  content: { readonly [name: string]: string | number },
  deadline: AbortSignal,
) => Promise<T | undefined>

export class SlowQuestions<T> {
  readonly #ask: Ask<T>
  readonly #answerMs: number
  readonly #latest = new Map<string, { readonly key: string; readonly reply: Promise<T | undefined> }>()

  constructor(ask: Ask<T>, answerMs = ANSWER_MS) {
    this.#ask = ask
    this.#answerMs = answerMs
  }

  /** The kernel's reply; undefined when it has none; `later` when it still thinks or the asker went away. Never rejects. */
  async ask(
    type: string,
    content: { readonly [name: string]: string | number },
    signal: AbortSignal,
  ): Promise<T | undefined | 'later'> {
    const key = JSON.stringify(content)
    const known = this.#latest.get(type)
    const question = known?.key === key ? known : { key, reply: this.#begin(type, content) }
    this.#latest.set(type, question)
    let late: () => void = () => undefined
    const waited = new Promise<'later'>((resolve) => {
      late = () => resolve('later')
    })
    const timer = setTimeout(late, this.#answerMs)
    signal.addEventListener('abort', late)
    if (signal.aborted) late()
    try {
      const answer = await Promise.race([question.reply, waited])
      // What was answered is asked anew the next time: the kernel may know more by then.
      if (answer !== 'later' && this.#latest.get(type) === question) this.#latest.delete(type)
      return answer
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', late)
    }
  }

  #begin(type: string, content: { readonly [name: string]: string | number }): Promise<T | undefined> {
    return this.#ask(type, content, AbortSignal.timeout(GIVE_UP_MS)).catch(() => undefined)
  }
}
