import { describe, expect, it } from 'vitest'
import { FRAME_HEIGHT_LIMIT_PX, frameAddress, readFrameMessage } from './frame.ts'

describe('what the output frame may say', () => {
  it('is heard only in the known words, and bounded', () => {
    expect(readFrameMessage({ t: 'height', px: 1e9 })).toEqual({ t: 'height', px: FRAME_HEIGHT_LIMIT_PX })
    expect(readFrameMessage({ t: 'height', px: Number.NaN })).toBe(undefined)
    expect(readFrameMessage({ t: 'link', href: 'x'.repeat(9000) })).toEqual({ t: 'link', href: 'x'.repeat(4096) })
    for (const bad of [null, 1, 'ready', {}, { t: 'call', name: 'engine.stop' }, { t: 'link' }, { t: ['ready'] }])
      expect(readFrameMessage(bad)).toBe(undefined)
  })
  it('lives on another host than the page', () => {
    const page = { protocol: 'http:', hostname: 'updraft-00ff.localhost', port: '4001' }
    expect([frameAddress(page, true), frameAddress(page, false)]).toEqual([
      'http://updraft-00ff-out.localhost:4001/frame.html',
      'http://updraft-00ff-out.localhost:4001/inert.html',
    ])
  })
})
