// What the engine and the terminal host say to each other over a 0600 unix socket: one JSON object per line, terminal bytes as base64.
// Base64 costs a third on a local socket and keeps one framing; a terminal is paused long before that matters.

export type ToHost =
  | { readonly do: 'hello' }
  | {
      readonly do: 'open'
      readonly id: string
      readonly shell: string
      readonly args: readonly string[]
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      readonly rows: number
      readonly columns: number
      readonly scrollbackBytes: number
    }
  | { readonly do: 'write'; readonly id: string; readonly text: string }
  | { readonly do: 'resize'; readonly id: string; readonly rows: number; readonly columns: number }
  | { readonly do: 'attach'; readonly id: string; readonly since: number }
  | { readonly do: 'detach'; readonly id: string }
  /** The engine has handed everything below `upTo` on: credit. */
  | { readonly do: 'seen'; readonly id: string; readonly upTo: number }
  | { readonly do: 'close'; readonly id: string }
  /** The engine ends in good order: a host without a running shell ends too. */
  | { readonly do: 'leave' }
  | { readonly do: 'stop' }

export type HostTerminal = {
  readonly id: string
  readonly title: string
  readonly cwd: string
  readonly pid: number
  readonly rows: number
  readonly columns: number
  readonly exitCode?: number
  readonly from: number
  readonly to: number
}

export type FromHost =
  | { readonly say: 'hello'; readonly pid: number; readonly terminals: readonly HostTerminal[] }
  | { readonly say: 'opened'; readonly terminal: HostTerminal }
  | { readonly say: 'failed'; readonly id: string; readonly reason: string }
  /** Bytes from offset `seq`. A jump in `seq` means that many bytes are no longer kept. */
  | { readonly say: 'data'; readonly id: string; readonly seq: number; readonly base64: string }
  | { readonly say: 'ended'; readonly id: string; readonly exitCode: number }

/** Lines out of a byte stream; a line above 4 MB ends the connection (nothing of ours is that long). */
export function lineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    if (rest.length > 4 << 20) throw new RangeError('line too long')
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString('utf8')
      rest = rest.subarray(end + 1)
      if (line !== '') onLine(line)
    }
  }
}
