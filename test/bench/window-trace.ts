// The tasks of a page's main thread while something happens, by Chromium's own trace: how long each took by the clock, and how long it
// worked. On a busy machine the two differ: a task that waits for a core blocks nobody's window but is not the window's doing.
import type { Browser } from 'playwright-core'

export type Task = { readonly wallMs: number; readonly cpuMs: number }
type Event = {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/** Runs `act`; answers the tasks of the renderer that had the most to do. */
export async function mainThreadTasks(browser: Browser, act: () => Promise<unknown>): Promise<readonly Task[]> {
  const session = await browser.newBrowserCDPSession()
  const events: Event[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as Event[])))
  const complete = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel'], excludedCategories: ['*'] },
  })
  try {
    await act()
  } finally {
    await session.send('Tracing.end')
    await complete
    await session.detach()
  }
  const threads = new Map<string, Task[]>()
  const of = (e: Event) => `${e.pid}:${e.tid}`
  for (const e of events) if (e.name === 'thread_name' && e.args?.name === 'CrRendererMain') threads.set(of(e), [])
  for (const e of events) {
    if (e.ph !== 'X' || !e.name.includes('RunTask') || e.dur === undefined || e.tdur === undefined) continue
    threads.get(of(e))?.push({ wallMs: e.dur / 1000, cpuMs: e.tdur / 1000 })
  }
  const work = (tasks: readonly Task[]) => tasks.reduce((sum, t) => sum + t.cpuMs, 0)
  const [busiest] = [...threads.values()].sort((a, b) => work(b) - work(a))
  if (busiest === undefined || busiest.length === 0) throw new Error('the trace names no task of a page')
  return busiest
}
