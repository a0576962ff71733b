// What the window may ask of the shell, each with a checker: a request that does not fit is refused before anything is done with it.
// The page is ours, but it shows other people's notebooks: these few verbs are all it could be made to say.

export type Asked = {
  'open-folder': { readonly startIn?: string | undefined }
  'open-files': { readonly startIn?: string | undefined }
  'save-file': { readonly suggested: string }
  notify: { readonly id: number; readonly title: string; readonly body: string; readonly tag: string }
  'open-external': { readonly address: string }
  'read-secret': { readonly name: string }
  'write-secret': { readonly name: string; readonly value?: string | undefined }
  'add-recent': { readonly path: string }
  'set-title': { readonly title: string }
  'set-badge': { readonly count: number }
}
export type Verb = keyof Asked

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most && !value.includes('\0')
const optional = (value: unknown, most: number): value is string | undefined => value === undefined || isText(value, most)
const PATH = 4096
const SECRET_NAME = /^[A-Za-z0-9_.:@/-]{1,200}$/

const checks: { readonly [V in Verb]: (input: Record<string, unknown>) => boolean } = {
  'open-folder': (i) => optional(i['startIn'], PATH),
  'open-files': (i) => optional(i['startIn'], PATH),
  'save-file': (i) => isText(i['suggested'], PATH),
  notify: (i) => Number.isInteger(i['id']) && isText(i['title'], 200) && isText(i['body'], 1000) && isText(i['tag'], 200),
  'open-external': (i) => isText(i['address'], 8192) && safeAddress(i['address']) !== undefined,
  'read-secret': (i) => typeof i['name'] === 'string' && SECRET_NAME.test(i['name']),
  'write-secret': (i) => typeof i['name'] === 'string' && SECRET_NAME.test(i['name']) && optional(i['value'], 65_536),
  'add-recent': (i) => isText(i['path'], PATH) && i['path'].startsWith('/'),
  'set-title': (i) => isText(i['title'], 500),
  'set-badge': (i) => Number.isInteger(i['count']) && Number(i['count']) >= 0,
}

export const isVerb = (name: unknown): name is Verb => typeof name === 'string' && Object.hasOwn(checks, name)

/** The input as its type, or undefined when it does not fit. */
export function checkAsked<V extends Verb>(verb: V, input: unknown): Asked[V] | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined
  return checks[verb](input as Record<string, unknown>) ? (input as Asked[V]) : undefined
}

/** A web or mail address in its canonical form (punycode shown), or undefined: nothing else ever leaves the app. */
export function safeAddress(address: unknown): string | undefined {
  if (typeof address !== 'string') return undefined
  try {
    const url = new URL(address)
    return url.protocol === 'https:' || url.protocol === 'http:' || url.protocol === 'mailto:' ? url.href : undefined
  } catch {
    return undefined
  }
}
