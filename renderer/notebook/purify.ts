// DOMPurify under a policy name of our own. Monaco brings a DOMPurify with it, and the page allows each Trusted Types name once: with the
// usual name, whichever of the two came second could draw nothing any more.
import DOMPurify, { type Config } from 'dompurify'

type Policy = NonNullable<Config['TRUSTED_TYPES_POLICY']>
type Factory = {
  createPolicy(name: string, rules: { createHTML: (html: string) => string; createScriptURL: (url: string) => string }): Policy
}

const policy = (globalThis as { trustedTypes?: Factory }).trustedTypes?.createPolicy('updraft-html', {
  // Only DOMPurify's inert parser ever sees this; its result is taken as nodes.
  createHTML: (html) => html,
  createScriptURL: () => {
    throw new TypeError('no script comes from notebook text')
  },
})

/** Clean nodes of somebody's HTML: nothing in them runs. What else may stay is up to the caller's `config`. */
export function purify(html: string, config: Config): DocumentFragment {
  return DOMPurify.sanitize(html, {
    ...config,
    RETURN_DOM_FRAGMENT: true,
    ...(policy === undefined ? {} : { TRUSTED_TYPES_POLICY: policy }),
  })
}
