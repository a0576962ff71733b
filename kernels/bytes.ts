// Bytes to text and back, and the little joining that can't be avoided.
const encoder = new TextEncoder()
// ignoreBOM: a byte order mark in the middle of output is the user's own character, not ours to swallow.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export const toBytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)
export const toText = (bytes: Uint8Array): string => decoder.decode(bytes)

export function join(parts: readonly Uint8Array[]): Uint8Array {
  const only = parts[0]
  if (parts.length === 1 && only !== undefined) return only
  let size = 0
  for (const part of parts) size += part.length
  const out = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
