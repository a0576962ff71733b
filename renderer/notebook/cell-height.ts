// How high a cell will be before it was ever drawn. Exact for code (so nothing moves when it comes into view), a fair guess for the rest.
import type { Cell } from '../../engine/contract/topics/notebook.ts'
import type { Output } from '../../engine/contract/topics/outputs.ts'
import { CODE_LINE_PX } from '../editor/monaco.ts'

/** Padding and border of a code box, its lane, the gap below: as notebook.css has them. */
const CODE_FRAME_PX = 20 + 26 + 10
const OUTPUT_LINE_PX = 18

export function lineCount(text: string): number {
  let n = 1
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) n++
  return n
}

export function estimateHeight(cell: Cell | undefined, source: string): number {
  if (cell === undefined) return 0
  const lines = lineCount(source)
  if (cell.kind === 'markdown') return 14 + lines * 22
  if (cell.kind === 'raw') return CODE_FRAME_PX - 26 + lines * CODE_LINE_PX
  let height = CODE_FRAME_PX + lines * CODE_LINE_PX
  if (cell.outputs.length > 0) height += 4
  for (const output of cell.outputs) height += outputHeight(output)
  return height
}

function outputHeight(output: Output): number {
  switch (output.type) {
    case 'stream': {
      if (output.content.log !== undefined) return Math.min(24, output.content.lines) * OUTPUT_LINE_PX + 8 + 26
      const lines = lineCount(output.content.text.replace(/\n$/, ''))
      return lines > 32 ? 24 * OUTPUT_LINE_PX + 8 + 26 : lines * OUTPUT_LINE_PX + 8
    }
    case 'error':
      return 28 + Math.min(8, output.traceback.length * 6) * OUTPUT_LINE_PX + 26
    default: {
      const mimes = Object.keys(output.data)
      if (mimes.some((m) => m.startsWith('image/'))) return 320
      if (mimes.some((m) => m.includes('plotly') || m.includes('vega'))) return 400
      if (mimes.includes('text/html')) return 200
      const text = output.data['text/plain']
      return 8 + OUTPUT_LINE_PX * (typeof text === 'string' ? Math.min(24, lineCount(text)) : 2)
    }
  }
}
