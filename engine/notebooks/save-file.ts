// Pieces of saving: content hashes, writes of a good size, and what to tell the user when a disk refuses.
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { type Problem, ProblemError, toProblem } from '../contract/problem.ts'

/** SHA-256 over pieces, 8 MB at a time, so that a large notebook never holds the engine up. */
export async function hashOf(chunks: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256')
  let since = 0
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 8 << 20) {
      const piece = chunk.subarray(at, at + (8 << 20))
      hash.update(piece)
      since += piece.length
      if (since >= 8 << 20) {
        since = 0
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  }
  return hash.digest('hex')
}

/** Small pieces in one write: 5,000 cells are not 10,000 system calls. */
export function* gathered(chunks: readonly Buffer[]): Generator<Buffer> {
  let group: Buffer[] = []
  let size = 0
  for (const chunk of chunks) {
    if (chunk.length > 1 << 20) {
      if (size > 0) yield Buffer.concat(group)
      group = []
      size = 0
      yield chunk
      continue
    }
    group.push(chunk)
    size += chunk.length
    if (size > 1 << 20) {
      yield Buffer.concat(group)
      group = []
      size = 0
    }
  }
  if (size > 0) yield Buffer.concat(group)
}

export function saveProblem(error: unknown, path: string, log: (error: unknown) => void): Problem {
  if (error instanceof ProblemError) return error.problem
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const name = basename(path)
  const kept = 'The file on disk is as it was, your changes are kept in Updraft'
  const where = `notebook:${name}`
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return {
      code: 'full',
      message: `${name} could not be saved: ${code === 'EDQUOT' ? 'your quota is used up' : 'the disk is full'}.`,
      hint: `${kept}, and it is tried again. Free some space.`,
      where,
    }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return {
      code: 'denied',
      message: `${name} could not be saved: the folder may not be written (${code}).`,
      hint: `${kept}. Use "Save as" to write them elsewhere.`,
      where,
    }
  if (code === 'ENOENT')
    return {
      code: 'missing',
      message: `${name} could not be saved: its folder is gone.`,
      hint: `${kept}. Use "Save as" to write them elsewhere.`,
      where,
    }
  if (code === undefined) return toProblem(error, log)
  return {
    code: 'unreachable',
    message: `${name} could not be saved (${String(code)}).`,
    hint: `${kept}, and it is tried again.`,
    where,
  }
}
