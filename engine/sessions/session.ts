// What the rest of the engine may ask of one running kernel, wherever it runs. Implemented over the outpost's stream by outpost-session.ts.
// Everything that leaves a kernel is one ordered log: each event says where in the log it ends, and whoever folds events stores that
// position in the same write as what it made of them, so that a restarted engine goes on exactly there.
import type { Feed } from '../contract/feed.ts'
import type { JsonObject } from '../contract/json.ts'
import type { KernelSummary } from '../contract/topics/notebook.ts'

/**
 * A place in a run's log: `log` names the log (a restarted kernel has another), `offset` is the byte after the event's record. Long text comes
 * in pieces: until the last one `offset` is the record's begin and `skip` says how many bytes of its text have been given. Store it whole.
 */
export type LogPosition = { readonly log: string; readonly offset: number; readonly skip?: number }

/** A Jupyter message as the log holds it. `parent` is the msg_id of the request it answers ('' = none). */
export type KernelMessage = {
  readonly type: string
  readonly id: string
  readonly parent: string
  readonly content: JsonObject
  readonly metadata: JsonObject
  readonly buffers: readonly Uint8Array[]
}

export type KernelEvent = { readonly position: LogPosition } & (
  | { readonly type: 'accepted'; readonly request: string; readonly again: boolean }
  /** Raw bytes of stdout or stderr of the request (undefined: printed by nobody's cell). May cut a UTF-8 sequence. */
  | {
      readonly type: 'text'
      readonly stream: 'stdout' | 'stderr'
      readonly request: string | undefined
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'message'
      readonly channel: 'iopub' | 'shell' | 'control' | 'stdin'
      readonly request: string | undefined
      readonly message: KernelMessage
    }
  | { readonly type: 'ready'; readonly pid: number; readonly info: JsonObject }
  | { readonly type: 'lost'; readonly bytes: number }
  | {
      readonly type: 'exit'
      readonly code: number | null
      readonly signal: string | null
      readonly oom: boolean
      readonly clean: boolean
      readonly stderrTail: string
    }
)

export type AheadEvent =
  | { readonly type: 'busy' | 'idle'; readonly request: string }
  | { readonly type: 'error'; readonly request: string; readonly name: string; readonly value: string }
  | { readonly type: 'exit' }

export type ExecuteRequest = {
  /** The msg_id: made and journaled by the caller before this call. Sending it again is safe: it is answered `accepted, again`. */
  readonly id: string
  readonly code: string
  readonly silent?: boolean
  readonly storeHistory?: boolean
  readonly stopOnError?: boolean
  readonly allowStdin?: boolean
}

export interface KernelSession {
  readonly id: string
  readonly summary: Feed<KernelSummary, Partial<KernelSummary>>
  /** The log of the kernel that runs now; changes with `restart`. */
  readonly log: string
  /**
   * Events in order from `since` on (or from now). One consumer at a time: a second call ends the first. It is awaited per event batch, which
   * is the back-pressure, so it must not wait for an answer of `request`. It goes on over a restart: the old log ends with an `exit` event,
   * then the new log comes from its begin (what of a flood was not read by then is said by a `lost` event). Resolves when `signal` aborts, when another consumer takes over, or after `detach`.
   */
  follow(
    since: LogPosition | 'now',
    onEvents: (events: readonly KernelEvent[]) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  execute(request: ExecuteRequest): void
  /** Any other request on shell or control; resolves with its reply. Completion and inspection go to control, so they work while busy. */
  request(type: string, content: JsonObject, channel: 'shell' | 'control', signal: AbortSignal): Promise<KernelMessage>
  sendComm(content: JsonObject, buffers: readonly Uint8Array[], type?: 'comm_msg' | 'comm_open' | 'comm_close'): void
  answerInput(request: string, text: string): void
  /** SIGINT to the kernel's group (or interrupt_request). Resolves when delivered, not when the cell ended. */
  interrupt(): Promise<void>
  /** Everything up to here is stored by the consumer: the spool may delete it (whole segments of 64 MiB). */
  stored(position: LogPosition): void
  /** Told out of band, ahead of the log (which stays the truth): for showing "interrupted" or "dead" at once, also behind a flood. */
  onAhead(listener: (event: AheadEvent) => void): () => void
  /** A new kernel under the same session id: from the warm spare where one fits. When it can't be started the old one goes on. */
  restart(signal: AbortSignal): Promise<void>
  shutdown(): Promise<void>
  /** Stop following, leave the kernel running. */
  detach(): void
}

export type StartKernel = {
  /** Session id: stable per notebook, so that a restarted engine finds its kernel again. */
  readonly id: string
  readonly environment: string
  readonly cwd: string
  readonly title: string
  readonly notebook?: string
  /** Added to the kernel's environment; secrets are allowed here and nowhere else. */
  readonly env?: Readonly<Record<string, string>>
}

export interface Sessions {
  /** Starts a kernel, or adopts the one that already runs under this id. */
  start(request: StartKernel, signal: AbortSignal): Promise<KernelSession>
  /** The session that survived (engine restart), without starting anything. */
  adopt(id: string, signal: AbortSignal): Promise<KernelSession | undefined>
}
