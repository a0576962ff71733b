// The frame that notebook HTML lives in, seen from the app: its address on the other host, the first message with the port, and what it
// may say back. Everything that comes through the port is somebody else's: each message is checked and bounded. No verb here does more
// than a height, a question about a link, a word.

export type FrameMessage =
  | { readonly t: 'ready' }
  | { readonly t: 'height'; readonly px: number }
  | { readonly t: 'shown' }
  | { readonly t: 'link'; readonly href: string }
  | { readonly t: 'error'; readonly message: string }
  | { readonly t: 'blocked'; readonly what: string }
  | { readonly t: 'escape' }

export const FRAME_HEIGHT_LIMIT_PX = 2400
const MESSAGES_PER_SECOND = 60

/** What a message of the frame means, or undefined for anything that is not exactly one of ours. */
export function readFrameMessage(data: unknown): FrameMessage | undefined {
  if (typeof data !== 'object' || data === null || !('t' in data)) return undefined
  const m = data as { readonly [key: string]: unknown }
  const text = (value: unknown, limit: number): string => (typeof value === 'string' ? value.slice(0, limit) : '')
  switch (m['t']) {
    case 'ready':
    case 'shown':
    case 'escape':
      return { t: m['t'] }
    case 'height':
      return typeof m['px'] === 'number' && Number.isFinite(m['px'])
        ? { t: 'height', px: Math.min(FRAME_HEIGHT_LIMIT_PX, Math.max(0, m['px'])) }
        : undefined
    case 'link':
      return typeof m['href'] === 'string' ? { t: 'link', href: text(m['href'], 4096) } : undefined
    case 'error':
      return { t: 'error', message: text(m['message'], 2000) }
    case 'blocked':
      return { t: 'blocked', what: text(m['what'], 100) }
    default:
      return undefined
  }
}

/** The other host: `updraft-1a2b.localhost:4000` has its outputs on `updraft-1a2b-out.localhost:4000`. */
export function frameAddress(
  page: { readonly protocol: string; readonly hostname: string; readonly port: string },
  scripts: boolean,
): string {
  const [label, ...rest] = page.hostname.split('.')
  const host = [`${label}-out`, ...rest].join('.')
  return `${page.protocol}//${host}${page.port === '' ? '' : `:${page.port}`}/${scripts ? 'frame' : 'inert'}.html`
}

/** Hands the frame its port once it is loaded; returns the way to speak and to stop. A frame that talks too much is not heard. */
export function speakWithFrame(
  frame: HTMLIFrameElement,
  hear: (message: FrameMessage) => void,
): { send(message: object): void; stop(): void } {
  const { port1, port2 } = new MessageChannel()
  let second = 0
  let heard = 0
  port1.onmessage = (e: MessageEvent<unknown>) => {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) {
      second = now
      heard = 0
    }
    if (heard++ > MESSAGES_PER_SECOND) return
    const message = readFrameMessage(e.data)
    if (message !== undefined) hear(message)
  }
  // The frame's origin is opaque, so '*' is the only address there is; what goes through it is the notebook's own output and a port.
  frame.contentWindow?.postMessage({ t: 'updraft-frame' }, '*', [port2])
  return { send: (message) => port1.postMessage(message), stop: () => port1.close() }
}
