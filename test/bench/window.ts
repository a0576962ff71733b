// Figures of what the user sees: opening, scrolling and typing in a large notebook, a flood of output, a second start. A real engine, the
// built page, a real Chromium. Absolute times are those of a machine with nothing else to do.
import type { Figure } from './measure.ts'
import { floodFigures, writeFloodFiles } from './window-flood.ts'
import { openFigures, writeOpenFiles } from './window-open.ts'
import { windowRig } from './window-rig.ts'
import { startFigures } from './window-start.ts'

export async function windowFigures(): Promise<Figure[]> {
  const figures: Figure[] = []
  // A part of it is named by UPDRAFT_BENCH_WINDOW: open, flood or start.
  const only = process.env['UPDRAFT_BENCH_WINDOW']
  const wanted = (part: string) => only === undefined || only === part
  if (wanted('open') || wanted('flood')) {
    const rig = await windowRig((folder) => {
      if (wanted('open')) writeOpenFiles(folder)
      if (wanted('flood')) writeFloodFiles(folder)
    })
    try {
      if (wanted('open')) figures.push(...(await openFigures(rig)))
      if (wanted('flood')) figures.push(...(await floodFigures(rig)))
    } finally {
      await rig.close()
    }
  }
  if (wanted('start')) figures.push(...(await startFigures()))
  return figures
}
