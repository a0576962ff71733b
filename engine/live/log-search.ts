// Search over a log file. A small literal search runs here; everything else in a worker thread, where a long file takes no turn from the
// engine and a regular expression that never ends is ended by its deadline.
import { Worker } from 'node:worker_threads'
import { problem } from '../contract/problem.ts'
import type { Mark } from './line-index.ts'
import { type SearchJob, scanLog } from './log-scan.ts'

export type SearchQuery = {
  readonly query: string
  readonly regex?: boolean
  readonly caseSensitive?: boolean
  /** First line to look at. */
  readonly from?: number
  /** Line numbers answered; all are counted. */
  readonly limit?: number
}
/** `until`: the line before which the search ended; the end of the log unless it was stopped. */
export type SearchResult = { readonly lines: readonly number[]; readonly total: number; readonly until: number }

const HERE_BYTES = 2 << 20
const DEADLINE_MS = 30_000
const LIMIT = 10_000

/** `mark`: a known line start at or before `query.from`. Throws Problem `invalid` for a wrong expression, `cancelled` on abort. */
export async function searchLog(
  file: string,
  endBytes: number,
  mark: Mark,
  query: SearchQuery,
  signal?: AbortSignal,
): Promise<SearchResult> {
  if (query.query === '') return { lines: [], total: 0, until: query.from ?? 0 }
  if (query.regex === true) {
    try {
      new RegExp(query.query, 'u')
    } catch (error) {
      throw problem('invalid', `This expression can't be searched for: ${error instanceof Error ? error.message : error}.`, {
        hint: 'Correct it, or search for plain text.',
      })
    }
  }
  const job: SearchJob = {
    file,
    endBytes,
    startLine: mark.line,
    startOffset: mark.offset,
    from: query.from ?? 0,
    limit: Math.min(query.limit ?? 1_000, LIMIT),
    query: query.query,
    regex: query.regex === true,
    caseSensitive: query.caseSensitive === true,
  }
  if (!job.regex && endBytes - mark.offset <= HERE_BYTES) return scanLog(job)
  return inWorker(job, signal)
}

function inWorker(job: SearchJob, signal: AbortSignal | undefined): Promise<SearchResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(problem('cancelled', 'Cancelled.'))
    // Run from source it is a .ts file; in the package it is bundled beside us.
    const worker = new Worker(
      new URL(import.meta.url.endsWith('.ts') ? './log-search-worker.ts' : './log-search-worker.js', import.meta.url),
      { workerData: job },
    )
    let progress: SearchResult = { lines: [], total: 0, until: job.from }
    const end = (run: () => void) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      void worker.terminate()
      run()
    }
    const abort = () => end(() => reject(problem('cancelled', 'Cancelled.')))
    // What was found so far is an honest answer: `until` says how far it goes.
    const timer = setTimeout(() => end(() => resolve(progress)), DEADLINE_MS)
    signal?.addEventListener('abort', abort, { once: true })
    worker.on('message', (message: { readonly done: boolean; readonly result: SearchResult }) => {
      progress = message.result
      if (message.done) end(() => resolve(progress))
    })
    worker.on('error', (error) => end(() => reject(error)))
  })
}
