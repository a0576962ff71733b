// The window's link to the engine: contract/link.ts over the browser's own WebSocket to the page's origin. What is shown while the
// engine is away is link-banner.tsx; hooks.tsx is how components ask and watch.
import { Link } from '../../engine/contract/link.ts'
import { problem } from '../../engine/contract/problem.ts'
import { socketWire } from '../../engine/contract/socket-wire.ts'
import type { Timers } from '../../engine/contract/timers.ts'
import type { Wire } from '../../engine/contract/wire.ts'

export type { FeedTap } from '../../engine/contract/view.ts'
export type EngineLink = Link

const OPEN_MS = 8000

const timers: Timers = {
  nowMs: () => performance.now(),
  after: (ms, run) => {
    const id = setTimeout(run, ms)
    return () => clearTimeout(id)
  },
}

/** After the next paint, so that a flood never runs ahead of what is shown. A hidden page paints nothing: then a timer does. */
function whenShown(seen: () => void): void {
  if (document.hidden) setTimeout(seen, 50)
  else requestAnimationFrame(() => setTimeout(seen, 0))
}

/** One link per window. It connects at once and stays connected until the page goes. */
export function openEngineLink(): EngineLink {
  const address = new URL('/wire', location.href)
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const link = new Link({ connect: (signal) => connect(address.href, signal), role: 'window', name: 'Updraft window', timers, whenShown })
  // The laptop woke up, or the tab came to the front: do not wait for the next planned attempt.
  document.addEventListener('visibilitychange', () => !document.hidden && link.retry())
  window.addEventListener('online', () => link.retry())
  return link
}

async function connect(address: string, signal: AbortSignal): Promise<Wire> {
  try {
    return await open(address, signal)
  } catch (error) {
    // A refused WebSocket says nothing about why, so the page is asked: it answers 401 to a window that is not (or no longer) signed in.
    const answer = await fetch('/', { method: 'HEAD', cache: 'no-store', signal: AbortSignal.timeout(OPEN_MS) }).catch(() => undefined)
    if (answer?.status === 401 || answer?.status === 403) {
      throw problem('denied', 'This window is not signed in any more.', {
        hint: 'Your notebooks and kernels are safe in the engine. Run `npm start` (or `./updraft.mjs serve`) again: it prints a new sign-in address.',
      })
    }
    throw error
  }
}

function open(address: string, signal: AbortSignal): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address)
    socket.binaryType = 'arraybuffer'
    const ours = socketWire({
      send: (data) => socket.readyState === WebSocket.OPEN && socket.send(data),
      close: (code, reason) => socket.close(code === 1002 ? 4002 : 1000, reason),
      bufferedBytes: () => socket.bufferedAmount,
    })
    const stop = (why: string) => {
      clearTimeout(timer)
      socket.close()
      reject(problem('unreachable', why))
    }
    const timer = setTimeout(() => stop('The engine did not answer.'), OPEN_MS)
    signal.addEventListener('abort', () => stop('Stopped.'), { once: true })
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => ours.receive(typeof event.data === 'string' ? event.data : new Uint8Array(event.data))
    socket.onclose = (event) => {
      clearTimeout(timer)
      ours.closed(event.reason || 'it closed the connection')
      reject(problem('unreachable', 'The engine does not answer.'))
    }
    socket.onopen = () => {
      clearTimeout(timer)
      resolve(ours.wire)
    }
  })
}
