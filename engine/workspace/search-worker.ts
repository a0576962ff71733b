// The search runs in a thread of its own: a regular expression that never ends is stopped by ending the thread, not by hoping.
import { parentPort, workerData } from 'node:worker_threads'
import { toProblem } from '../contract/problem.ts'
import { type SearchWish, searchFiles } from './search.ts'

const { root, wish } = workerData as { root: string; wish: SearchWish }
searchFiles(root, wish, new AbortController().signal).then(
  (result) => parentPort?.postMessage({ result }),
  (error: unknown) => parentPort?.postMessage({ problem: toProblem(error) }),
)
