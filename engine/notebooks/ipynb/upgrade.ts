// nbformat 1, 2 and 3 as 4.5: the same steps as nbformat's own converters (nbformat/v4/convert.py). Only members that 4.5 knows are made,
// so that what is written validates; what an old cell held beside them is dropped from the copy (the original stays).
import { createHash } from 'node:crypto'
import type { Json, JsonObject } from '../../contract/json.ts'
import { textOf } from './ipynb-read.ts'
import { splitLines } from './outputs-write.ts'

/** 1, 2 or 3, if the notebook is of such a format. */
export function formatOf(notebook: JsonObject): number | undefined {
  const said = notebook['nbformat']
  if (typeof said === 'number') return said >= 1 && said < 4 ? Math.floor(said) : undefined
  return Array.isArray(notebook['worksheets']) ? 3 : undefined
}

export function upgraded(old: JsonObject): JsonObject {
  const sheets = listOf(old['worksheets']).flatMap((sheet) => listOf(objectOf(sheet)['cells']))
  const cells = (sheets.length > 0 ? sheets : listOf(old['cells'])).map((cell, i) => upgradedCell(objectOf(cell), i))
  const minor = old['nbformat_minor']
  const metadata = {
    ...objectOf(old['metadata']),
    orig_nbformat: formatOf(old) ?? 3,
    ...(typeof minor === 'number' ? { orig_nbformat_minor: minor } : {}),
  }
  return { cells, metadata, nbformat: 4, nbformat_minor: 5 }
}

/** An old or half-known cell as one of 4.5. `index` makes its id differ from that of an equal cell. */
export function upgradedCell(cell: JsonObject, index: number): JsonObject {
  const type = cell['cell_type']
  const source = textOf(cell['source'] ?? cell['input'] ?? cell['code'] ?? cell['text'])
  const own = cell['id']
  const id =
    typeof own === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(own)
      ? own
      : createHash('sha1').update(`${index}\0${source}`).digest('hex').slice(0, 8)
  const metadata = objectOf(cell['metadata'])
  if (type === 'code') {
    const collapsed = typeof cell['collapsed'] === 'boolean' ? { collapsed: cell['collapsed'] } : {}
    const count = cell['execution_count'] ?? cell['prompt_number']
    return {
      cell_type: 'code',
      execution_count: whole(count),
      id,
      metadata: { ...metadata, ...collapsed },
      outputs: listOf(cell['outputs']).flatMap((o) => upgradedOutput(objectOf(o))),
      source: splitLines(source),
    }
  }
  if (type === 'raw') return { cell_type: 'raw', id, metadata, source: splitLines(source) }
  const level = cell['level']
  const text =
    type === 'heading'
      ? `${'#'.repeat(typeof level === 'number' ? Math.min(Math.max(level, 1), 6) : 1)} ${source.split(/\r?\n/).join(' ')}`
      : source
  const attachments = cell['attachments'] === undefined ? {} : { attachments: objectOf(cell['attachments']) }
  return { ...attachments, cell_type: 'markdown', id, metadata, source: splitLines(text) }
}

const MIME: { readonly [key: string]: string } = {
  text: 'text/plain',
  html: 'text/html',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpeg: 'image/jpeg',
  latex: 'text/latex',
  json: 'application/json',
  javascript: 'application/javascript',
}
const NOT_DATA = new Set(['output_type', 'execution_count', 'prompt_number', 'metadata', 'data'])

function upgradedOutput(output: JsonObject): JsonObject[] {
  const type = output['output_type']
  if (type === 'stream') {
    const name = output['name'] ?? output['stream']
    return [{ name: typeof name === 'string' ? name : 'stdout', output_type: 'stream', text: splitLines(textOf(output['text'])) }]
  }
  if (type === 'pyerr' || type === 'error') {
    return [
      {
        ename: textOf(output['ename']),
        evalue: textOf(output['evalue']),
        output_type: 'error',
        traceback: listOf(output['traceback']).map(textOf),
      },
    ]
  }
  const data: { [mime: string]: Json } = {}
  for (const [key, value] of Object.entries({ ...output, ...objectOf(output['data']) })) {
    const mime = MIME[key] ?? key
    if (NOT_DATA.has(key) || !mime.includes('/')) continue
    data[mime] = mime === 'application/json' && typeof value === 'string' ? parsed(value) : value
  }
  const metadata = Object.fromEntries(Object.entries(objectOf(output['metadata'])).map(([k, v]) => [MIME[k] ?? k, v]))
  if (type !== 'pyout' && type !== 'execute_result') return [{ data, metadata, output_type: 'display_data' }]
  return [
    {
      data,
      execution_count: whole(output['execution_count'] ?? output['prompt_number']),
      metadata,
      output_type: 'execute_result',
    },
  ]
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

const whole = (value: Json | undefined): number | null =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null
const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
const listOf = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [])
