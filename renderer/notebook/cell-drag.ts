// Dragging cells by their number: a line shows where they will be, the list scrolls at its edges, Escape leaves everything as it was.
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'
import { chosenCells, moveAfter } from './cell-actions.ts'
import type { NotebookView } from './notebook-view.ts'
import type { VirtualLayout } from './virtual-layout.ts'

/** Between which rows a position lies: behind `after`, and where the line is drawn (list position). */
export type DropPlace = { readonly after: string | null; readonly y: number }

export function dropPlace(layout: VirtualLayout, y: number): DropPlace {
  const at = layout.find(Math.max(0, y))
  const below = y > layout.top(at) + layout.height(at) / 2
  const i = below ? at : at - 1
  return { after: i < 0 ? null : (layout.id(i) ?? null), y: layout.top(i + 1) }
}

const START_PX = 5
const EDGE_PX = 48

export function useCellDrag(
  view: NotebookView,
  box: RefObject<HTMLDivElement | null>,
  placeAt: (scrollY: number) => DropPlace,
): { drag: DropPlace | undefined; startDrag: (e: React.PointerEvent, cell: string) => void } {
  const [drag, setDrag] = useState<DropPlace>()
  const latest = useRef(placeAt)
  latest.current = placeAt
  const end = useRef<() => void>(() => {})
  useEffect(() => () => end.current(), [])

  const startDrag = useCallback(
    (start: React.PointerEvent, cell: string) => {
      if (start.button !== 0) return
      const handle = start.currentTarget as HTMLElement
      let place: DropPlace | undefined
      let y = start.clientY
      const put = (): void => {
        const el = box.current
        if (el === null) return
        const { top, bottom } = el.getBoundingClientRect()
        if (y < top + EDGE_PX) el.scrollTop -= 12
        else if (y > bottom - EDGE_PX) el.scrollTop += 12
        place = latest.current(el.scrollTop + y - top)
        setDrag(place)
      }
      let timer = 0
      const move = (e: PointerEvent): void => {
        y = e.clientY
        if (place === undefined && Math.abs(y - start.clientY) < START_PX) return
        if (place === undefined) {
          handle.setPointerCapture(start.pointerId)
          if (!chosenCells(view).includes(cell)) view.choose(cell)
          timer = window.setInterval(put, 30)
        }
        put()
      }
      const stop = (): void => {
        clearInterval(timer)
        setDrag(undefined)
        window.removeEventListener('pointermove', move)
        window.removeEventListener('pointerup', drop)
        window.removeEventListener('keydown', giveUp, true)
        end.current = () => {}
      }
      const drop = (): void => {
        stop()
        if (place === undefined) return
        const ids = chosenCells(view)
        // Behind one of the dragged cells is where they are already: take the first before them that stays.
        const { order } = view.doc
        let after = place.after
        while (after !== null && ids.includes(after)) after = order[order.indexOf(after) - 1] ?? null
        void moveAfter(view, ids, after)
      }
      const giveUp = (e: KeyboardEvent): void => {
        if (e.key !== 'Escape') return
        e.stopPropagation()
        stop()
      }
      end.current = stop
      window.addEventListener('pointermove', move)
      window.addEventListener('pointerup', drop)
      window.addEventListener('keydown', giveUp, true)
    },
    [view, box],
  )
  return { drag, startDrag }
}
