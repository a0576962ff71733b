// The border of a wire: turns what arrived into frames, or says why not. Nothing behind it looks at a frame that was not checked here.
// Payloads (`input`, `key`, `since`) are only bounded and freed of prototype tricks; their meaning is checked by the call's own schema.
import type { Frame } from './frames.ts'

/** A message above this is refused by both ends before it is parsed. */
export const MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024
/** Deeper JSON is refused: schemas recurse, and a stack overflow deep inside a room is a poor way to say "invalid". */
export const DEPTH_LIMIT = 200

export class FrameError extends Error {}

/** Frames of one text message. Throws FrameError with a sentence for the log. */
export function parseFrames(text: string): Frame[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new FrameError('a message that is not JSON')
  }
  if (!Array.isArray(value)) throw new FrameError('a message that is not an array of frames')
  return value.map(checkFrame)
}

const id = (f: Record<string, unknown>) => Number.isSafeInteger(f['id']) && (f['id'] as number) >= 0
const rev = (f: Record<string, unknown>) => Number.isSafeInteger(f['rev']) && (f['rev'] as number) >= 0
const text = (f: Record<string, unknown>, key: string) => typeof f[key] === 'string' && (f[key] as string).length <= 4096
const problem = (p: unknown) =>
  typeof p === 'object' &&
  p !== null &&
  'code' in p &&
  'message' in p &&
  typeof p.code === 'string' &&
  typeof p.message === 'string'
const since = (s: unknown) =>
  s === undefined ||
  (typeof s === 'object' && s !== null && text(s as Record<string, unknown>, 'epoch') && rev(s as Record<string, unknown>))

// A Map and not an object: a frame whose `t` is "constructor" or "__proto__" must find nothing.
const shapes = new Map<string, (f: Record<string, unknown>) => boolean>([
  ['hello', (f) => Number.isSafeInteger(f['version']) && text(f, 'role') && text(f, 'name')],
  ['bye', (f) => problem(f['problem'])],
  ['call', (f) => id(f) && text(f, 'name')],
  ['cancel', id],
  ['done', id],
  ['fail', (f) => id(f) && problem(f['problem'])],
  ['watch', (f) => id(f) && text(f, 'feed') && since(f['since'])],
  ['unwatch', id],
  ['snapshot', (f) => id(f) && rev(f) && text(f, 'epoch')],
  ['changes', (f) => id(f) && rev(f) && Array.isArray(f['changes'])],
  ['seen', (f) => id(f) && rev(f)],
  ['end', (f) => id(f) && (f['problem'] === undefined || problem(f['problem']))],
  ['ping', () => true],
  ['pong', () => true],
])

export function checkFrame(value: unknown): Frame {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new FrameError('a frame that is not an object')
  const frame = value as Record<string, unknown>
  const shape = typeof frame['t'] === 'string' ? shapes.get(frame['t']) : undefined
  if (shape === undefined) throw new FrameError('a frame of an unknown kind')
  if (!shape(frame)) throw new FrameError(`a ${frame['t']} frame with a wrong field`)
  return frame as Frame
}

/** Why this payload is refused, or undefined. Walks without recursion: 10⁵ levels must not cost a stack. */
export function payloadFault(value: unknown): string | undefined {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_LIMIT) return `it is nested more than ${DEPTH_LIMIT} levels deep`
    const next: unknown[] = []
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue
      if (Array.isArray(item)) {
        for (const child of item) if (typeof child === 'object' && child !== null) next.push(child)
        continue
      }
      for (const key of Object.keys(item)) {
        if (key === '__proto__') return 'it holds the key "__proto__"'
        const child = (item as Record<string, unknown>)[key]
        if (typeof child === 'object' && child !== null) next.push(child)
      }
    }
    level = next
  }
  return undefined
}
