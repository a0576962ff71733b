// The scan itself, plain and blocking: blocks of whole lines, line numbers by counting. Runs in a worker thread, or at once on small logs.
import { closeSync, openSync, readSync } from 'node:fs'
import { eachNewline } from './line-index.ts'
import type { SearchResult } from './log-search.ts'

export type SearchJob = {
  readonly file: string
  readonly endBytes: number
  readonly startLine: number
  readonly startOffset: number
  readonly from: number
  readonly limit: number
  readonly query: string
  readonly regex: boolean
  readonly caseSensitive: boolean
}

const BLOCK_BYTES = 4 << 20
const NEWLINE = 10

export function scanLog(job: SearchJob, onProgress?: (result: SearchResult) => void): SearchResult {
  const lines: number[] = []
  let total = 0
  let line = job.startLine
  let offset = job.startOffset
  const fd = openSync(job.file, 'r')
  const found = (n: number) => {
    if (n < job.from) return
    total++
    if (lines.length < job.limit) lines.push(n)
  }
  const search = job.regex || !job.caseSensitive ? textSearch(job) : byteSearch(job)
  try {
    let rest = Buffer.alloc(0)
    while (offset < job.endBytes) {
      const block = Buffer.allocUnsafe(rest.length + Math.min(BLOCK_BYTES, job.endBytes - offset))
      rest.copy(block)
      const read = readSync(fd, block, rest.length, block.length - rest.length, offset)
      if (read === 0) break
      offset += read
      const filled = block.subarray(0, rest.length + read)
      const cut = offset >= job.endBytes ? filled.length : filled.lastIndexOf(NEWLINE) + 1
      // A line longer than 64 MB is searched in pieces: a match across a seam may be missed, memory may not grow without end.
      const use = cut > 0 ? cut : filled.length > 16 * BLOCK_BYTES ? filled.length : 0
      line = search(filled.subarray(0, use), line, found)
      rest = Buffer.from(filled.subarray(use))
      onProgress?.({ lines, total, until: line })
    }
    if (rest.length > 0) line = search(rest, line, found)
  } finally {
    closeSync(fd)
  }
  return { lines, total, until: line }
}

type Search = (block: Buffer, line: number, found: (line: number) => void) => number

/** Exact bytes: jumps from hit to hit and counts the newlines between. */
function byteSearch(job: SearchJob): Search {
  const needle = Buffer.from(job.query)
  return (block, first, found) => {
    let line = first
    let counted = 0
    for (let hit = block.indexOf(needle); hit >= 0; ) {
      line += newlines(block, counted, hit)
      found(line)
      const next = block.indexOf(NEWLINE, hit)
      counted = next < 0 ? block.length : next
      hit = next < 0 ? -1 : block.indexOf(needle, next)
    }
    return line + newlines(block, counted, block.length) + unfinished(block)
  }
}

function textSearch(job: SearchJob): Search {
  const source = job.regex ? job.query : job.query.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  const pattern = new RegExp(source, job.caseSensitive ? 'u' : 'iu')
  return (block, first, found) => {
    let line = first
    for (let start = 0; start < block.length; ) {
      const end = block.indexOf(NEWLINE, start)
      const stop = end < 0 ? block.length : end
      if (pattern.test(block.toString('utf8', start, stop))) found(line)
      line++
      start = stop + 1
    }
    return line
  }
}

const unfinished = (block: Buffer) => (block.length > 0 && block[block.length - 1] !== NEWLINE ? 1 : 0)

function newlines(block: Buffer, from: number, to: number): number {
  let count = 0
  eachNewline(block.subarray(from, to), () => {
    count++
  })
  return count
}
