// What IPython wants to be read beside the notebook: `name?`, `name??`, `%pinfo`, `%psource`, `%history -p` answer with a page in the
// reply of the cell, not with an output. Only text: a page never carries a script.
import type { JsonObject } from '../../contract/json.ts'

/** Help on a whole module's source may be megabytes; nobody reads them in a panel, and each window gets the text. */
const PAGE_MAX = 200_000

/** The pages of an execute_reply as one text; undefined when there are none. */
export function readPage(reply: { readonly [name: string]: unknown }): string | undefined {
  const payload = reply['payload']
  if (!Array.isArray(payload)) return undefined
  const texts = (payload as JsonObject[]).flatMap((entry) => {
    if (entry?.['source'] !== 'page' || typeof entry['data'] !== 'object' || entry['data'] === null) return []
    const text = (entry['data'] as JsonObject)['text/plain']
    return typeof text === 'string' && text !== '' ? [text] : []
  })
  const whole = texts.join('\n\n')
  if (whole === '') return undefined
  return whole.length <= PAGE_MAX
    ? whole
    : `${whole.slice(0, PAGE_MAX)}\n[${(whole.length - PAGE_MAX).toLocaleString('en')} more characters are not shown]`
}
