// The whole API on one page: every call and every feed, and the types that both ends of the wire share.
import type { ChangeOf, InputOf, KeyOf, OutputOf, StateOf } from './define.ts'
import { engineCalls, engineFeeds } from './topics/engine.ts'
import { kernelCalls, kernelFeeds } from './topics/kernels.ts'
import { logCalls, logFeeds } from './topics/logs.ts'
import { notebookCalls, notebookFeeds } from './topics/notebook.ts'
import { noticeCalls, noticeFeeds } from './topics/notices.ts'
import { rayCalls, rayFeeds } from './topics/ray.ts'
import { settingsCalls, settingsFeeds } from './topics/settings.ts'
import { tableFeeds } from './topics/tables.ts'
import { terminalCalls, terminalFeeds } from './topics/terminals.ts'
import { workspaceCalls, workspaceFeeds } from './topics/workspace.ts'

export const calls = {
  ...engineCalls,
  ...kernelCalls,
  ...logCalls,
  ...notebookCalls,
  ...noticeCalls,
  ...rayCalls,
  ...settingsCalls,
  ...terminalCalls,
  ...workspaceCalls,
}
export const feeds = {
  ...engineFeeds,
  ...kernelFeeds,
  ...logFeeds,
  ...notebookFeeds,
  ...noticeFeeds,
  ...rayFeeds,
  ...settingsFeeds,
  ...tableFeeds,
  ...terminalFeeds,
  ...workspaceFeeds,
}

export type Calls = typeof calls
export type Feeds = typeof feeds
export type CallName = keyof Calls
export type FeedName = keyof Feeds
export type CallInput<N extends CallName> = InputOf<Calls[N]>
export type CallOutput<N extends CallName> = OutputOf<Calls[N]>
export type FeedKey<N extends FeedName> = KeyOf<Feeds[N]>
export type FeedState<N extends FeedName> = StateOf<Feeds[N]>
export type FeedChange<N extends FeedName> = ChangeOf<Feeds[N]>

/** Who asks: one per wire. `signal` aborts when the wire closes or the call is cancelled. */
export type Asker = { readonly id: string; readonly role: 'window' | 'cli' | 'test'; readonly signal: AbortSignal }
/** What the engine's rooms offer: one answer per call. Rooms give a part each; the composition root joins them. */
export type Answers = { readonly [N in CallName]: (input: CallInput<N>, asker: Asker) => Promise<CallOutput<N>> }
