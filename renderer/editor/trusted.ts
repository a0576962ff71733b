// The only place that makes script URLs: our own worker files. Named in the page's `trusted-types` directive; without this policy Monaco's
// worker fails silently and its work runs on the main thread.

type Policy = { createScriptURL(url: string): string }
type Factory = { createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy }

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes
const policy = factory?.createPolicy('updraft-worker', {
  createScriptURL: (url) => {
    const at = new URL(url, location.href)
    if (at.origin !== location.origin) throw new TypeError('a worker of another origin')
    return at.href
  },
})

/** The address of a worker file of ours, in the form that the page's policy accepts. Throws for any other origin. */
export const workerUrl = (url: string): string => policy?.createScriptURL(url) ?? url
