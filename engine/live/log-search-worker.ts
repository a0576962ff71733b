// The worker thread of one search: scans, reports how far it is, and ends.
import { parentPort, workerData } from 'node:worker_threads'
import { type SearchJob, scanLog } from './log-scan.ts'

const result = scanLog(workerData as SearchJob, (progress) => parentPort?.postMessage({ done: false, result: progress }))
parentPort?.postMessage({ done: true, result })
