// Errors with the user's frame first. IPython prints the outermost frame first and the reason last, so in a Ray or torch error the line that the
// user wrote stands a screen away from the reason. Pure; the frames themselves are not changed, only their order.

const ANSI = /\u001b\[[0-9;]*m/g
const isCellFrame = (frame: string): boolean =>
  /^(Cell |File <ipython-input|<ipython-input|Input )/.test(frame.replace(ANSI, '').trimStart())
const isChain = (frame: string): boolean =>
  /^(The above exception was the direct cause|During handling of the above exception)/.test(frame.replace(ANSI, '').trim())

/**
 * The traceback with the user's frame of the final error directly behind the header. Left as it is where there is none, where the frames can't
 * be told apart (one piece of text), or where it stands first already.
 */
export function userFrameFirst(traceback: readonly string[]): readonly string[] {
  // In a chain the last part is the error that reached the cell; its causes keep their places before it.
  const from = traceback.findLastIndex(isChain) + 1
  const user = traceback.findLastIndex((frame, i) => i >= from && isCellFrame(frame))
  if (user < 0) return traceback
  const header = traceback.findIndex((frame) => /Traceback \(most recent call last\)/.test(frame)) + 1
  if (user === header) return traceback
  const frame = traceback[user] ?? ''
  const rest = traceback.filter((_, i) => i !== user)
  return [...rest.slice(0, header), frame, ...rest.slice(header)]
}
