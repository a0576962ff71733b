// Find in text by word, case and regular expression. An expression that the user wrote may take for ever on a text (`(a+)+b`), so it runs in
// a thread of its own that is ended after REGEX_DEADLINE_MS; plain words are found here, in time proportional to the text.
import { Worker } from 'node:worker_threads'
import { problem } from '../contract/problem.ts'

export type FindWish = {
  readonly query: string
  readonly regex?: boolean | undefined
  readonly caseSensitive?: boolean | undefined
  readonly wholeWord?: boolean | undefined
}
/** Start, end and groups of each match; groups are only made for a regular expression. */
export type Found = { readonly from: number; readonly to: number; readonly groups: readonly string[] }

const REGEX_DEADLINE_MS = 2000
const MATCHES_PER_TEXT = 20_000

export function patternOf(wish: FindWish): RegExp {
  const body = wish.regex === true ? wish.query : wish.query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // Not \b: in "C++" the word ends with a character that is no letter.
  const text = wish.wholeWord === true ? `(?<![\\p{L}\\p{N}_])(?:${body})(?![\\p{L}\\p{N}_])` : body
  try {
    return new RegExp(text, `gmu${wish.caseSensitive === true ? '' : 'i'}`)
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : ''
    throw problem('invalid', `This regular expression can't be read: ${why}`, {
      hint: 'Correct it, or search for the plain text.',
      where: 'find',
    })
  }
}

export function findHere(texts: readonly string[], pattern: RegExp): Found[][] {
  return texts.map((text) => {
    const found: Found[] = []
    pattern.lastIndex = 0
    for (let match = pattern.exec(text); match !== null && found.length < MATCHES_PER_TEXT; match = pattern.exec(text)) {
      // A match of nothing (`a*`) is no place to show, and must not stand still.
      if (match[0] === '')
        pattern.lastIndex +=
          text.codePointAt(pattern.lastIndex) === undefined ? 1 : text.codePointAt(pattern.lastIndex)! > 0xffff ? 2 : 1
      else found.push({ from: match.index, to: match.index + match[0].length, groups: match.slice(1).map((g) => g ?? '') })
    }
    return found
  })
}

/** Matches per text. Throws `invalid` for an expression that can't be read and `busy` for one that takes too long. */
export async function findInTexts(texts: readonly string[], wish: FindWish, signal: AbortSignal): Promise<Found[][]> {
  const pattern = patternOf(wish)
  if (wish.query === '') return texts.map(() => [])
  if (wish.regex !== true) return findHere(texts, pattern)
  return inThread(texts, pattern, signal)
}

// As text, so that the package needs no second file; the function is the one that is tested above.
const CODE = `
const { parentPort, workerData } = require('node:worker_threads')
const findHere = ${findHere.toString()}
const MATCHES_PER_TEXT = ${MATCHES_PER_TEXT}
parentPort.postMessage(findHere(workerData.texts, new RegExp(workerData.source, workerData.flags)))
`

function inThread(texts: readonly string[], pattern: RegExp, signal: AbortSignal): Promise<Found[][]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(CODE, { eval: true, workerData: { texts, source: pattern.source, flags: pattern.flags } })
    const end = (finish: () => void): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      void worker.terminate()
      finish()
    }
    const late = problem('busy', `This regular expression took longer than ${REGEX_DEADLINE_MS / 1000} s and was stopped.`, {
      hint: 'Nested repetitions like (a+)+ take time without end on some texts; write it simpler.',
      where: 'find',
    })
    const timer = setTimeout(() => end(() => reject(late)), REGEX_DEADLINE_MS)
    const abort = (): void => end(() => reject(problem('cancelled', 'Cancelled.')))
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    worker.once('message', (found: Found[][]) => end(() => resolve(found)))
    worker.once('error', (error) => end(() => reject(error)))
  })
}
