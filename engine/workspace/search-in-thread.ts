// Starts one search thread per question and ends it with the question. A search that takes longer than the deadline says so.
import { Worker } from 'node:worker_threads'
import { type Problem, ProblemError, problem } from '../contract/problem.ts'
import type { SearchHit } from '../contract/topics/workspace.ts'
import type { SearchWish } from './search.ts'

export type SearchResult = { readonly hits: readonly SearchHit[]; readonly files: number; readonly cut: boolean }

export function searchInThread(root: string, wish: SearchWish, signal: AbortSignal, deadlineMs = 60_000): Promise<SearchResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./search-worker.ts', import.meta.url), { workerData: { root, wish } })
    const end = (act: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      void worker.terminate()
      act()
    }
    const cancel = () => end(() => reject(problem('cancelled', 'Search cancelled.')))
    const timer = setTimeout(
      () =>
        end(() =>
          reject(
            problem('busy', `The search did not end within ${deadlineMs / 1000} s and was stopped.`, {
              hint: 'Search for something shorter, or name the files to look in.',
            }),
          ),
        ),
      deadlineMs,
    )
    signal.addEventListener('abort', cancel, { once: true })
    worker.once('message', (m: { result?: SearchResult; problem?: Problem }) =>
      end(() =>
        m.result ? resolve(m.result) : reject(new ProblemError(m.problem ?? { code: 'internal', message: 'Search failed.' })),
      ),
    )
    worker.once('error', (error) => end(() => reject(error)))
  })
}
