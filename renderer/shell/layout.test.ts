import { expect, test } from 'vitest'
import { defaultLayout, readLayout, writeLayout } from './layout.ts'

test('a remembered layout comes back as it was', () => {
  const frame = { ...defaultLayout, side: 'search', sideWidth: 300, bottom: true, bottomTab: 'terminal' as const }
  const dock = { global: {}, borders: [], layout: { type: 'row' as const, children: [] } }
  expect(readLayout(writeLayout(frame, dock))).toEqual({ frame, dock })
})

test('a layout of another version, or a damaged one, is the default and never a crash', () => {
  expect(readLayout(undefined).frame).toEqual(defaultLayout)
  expect(readLayout({ version: 2 }).frame).toEqual(defaultLayout)
  expect(readLayout({ version: 1, frame: { side: 'x', sideWidth: 1e9, bottomHeight: 'tall', bottomTab: 7 }, dock: [] })).toEqual({
    frame: { ...defaultLayout, sideWidth: 640 },
    dock: undefined,
  })
})
