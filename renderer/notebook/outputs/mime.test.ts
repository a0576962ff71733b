import { describe, expect, it } from 'vitest'
import { choices, imageAddress, isPlainTable, unknownForms } from './mime.ts'

describe('choosing a form of an output', () => {
  it('takes the richest that is known and names the rest', () => {
    const data = { 'text/plain': 'x', 'image/png': 'iVBO', 'application/vnd.widget': {} }
    expect([choices(data).map((c) => c.view), unknownForms(data)]).toEqual([['image', 'text'], ['application/vnd.widget']])
  })
  it('makes a picture of nothing but base64 or a blob', () => {
    expect(imageAddress('image/png', 'iVBO\nRw==')).toBe('data:image/png;base64,iVBORw==')
    expect(imageAddress('image/png', '"><script>')).toBe(undefined)
    expect(imageAddress('image/png', { blob: 'ab/../c', sizeBytes: 3 })).toBe('/blob/ab%2F..%2Fc?type=image%2Fpng')
  })
  it('knows a table that needs no HTML of the notebook', () => {
    expect([isPlainTable('<style>x</style><table><tr><td>1'), isPlainTable('<table onclick=x>'), isPlainTable('<p>')]).toEqual([
      true,
      false,
      false,
    ])
  })
})
