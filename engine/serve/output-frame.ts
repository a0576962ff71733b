// The page in which notebook HTML lives: another host name, an opaque origin, nothing to reach. It gets what it shows through one
// MessagePort that the app hands it at birth, and says back only how high it is, which link was clicked and what broke.
// See README.md in this folder for the messages.

export const framePage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Output</title><style>
html,body{margin:0;padding:0;background:transparent}body{overflow:auto;font:13px/1.45 system-ui,sans-serif;color:#1f2328}
#root{display:flow-root}img,svg,canvas,video{max-width:100%}table{border-collapse:collapse}th,td{padding:3px 8px;text-align:right}
</style></head><body><div id="root"></div><script src="/frame.js"></script></body></html>`

/** `appOrigin`: the only page whose first message is taken. */
export function frameScript(appOrigin: string): string {
  return `'use strict'
;(() => {
  const appOrigin = ${JSON.stringify(appOrigin)}
  const root = document.getElementById('root')
  let port
  const say = (message) => port && port.postMessage(message)
  const begin = (event) => {
    // The first and only message that is taken from a window: from our parent, of the app's origin, with a port.
    if (event.source !== parent || event.origin !== appOrigin || !event.data || event.data.t !== 'updraft-frame' || event.ports.length !== 1) return
    removeEventListener('message', begin)
    event.stopImmediatePropagation()
    port = event.ports[0]
    port.onmessage = (e) => take(e.data)
    say({ t: 'ready' })
  }
  addEventListener('message', begin)
  const take = async (m) => {
    if (!m || typeof m !== 'object') return
    if (m.t === 'theme') {
      for (const name of Object.keys(m.variables || {})) if (/^--[a-z0-9-]+$/i.test(name)) document.documentElement.style.setProperty(name, String(m.variables[name]))
      document.documentElement.style.colorScheme = m.dark ? 'dark' : 'light'
      document.body.style.color = String(m.color || '')
    }
    if (m.t === 'html') {
      root.innerHTML = String(m.html)
      // innerHTML never runs a script. Where the page's policy allows scripts, each is made anew, in order, waiting for those with a src.
      for (const old of root.querySelectorAll('script')) {
        const script = document.createElement('script')
        for (const a of old.attributes) script.setAttribute(a.name, a.value)
        script.textContent = old.textContent
        const loaded = script.src && !script.async && script.type !== 'module' ? new Promise((done) => { script.onload = done; script.onerror = done; setTimeout(done, 10000) }) : undefined
        old.replaceWith(script)
        await loaded
      }
      measure()
      say({ t: 'shown', serial: m.serial })
    }
    if (m.t === 'script') {
      const script = document.createElement('script')
      script.textContent = String(m.code)
      document.body.append(script)
      measure()
    }
  }
  let last = -1
  const measure = () => {
    const height = Math.ceil(Math.max(root.getBoundingClientRect().height, root.scrollHeight))
    if (height !== last) say({ t: 'height', px: (last = height) })
  }
  new ResizeObserver(measure).observe(root)
  addEventListener('load', measure, true)
  // A link leads nowhere from here: the app shows where it would go and asks.
  addEventListener('click', (event) => {
    const a = event.target instanceof Element ? event.target.closest('a[href],area[href]') : null
    if (!a) return
    const href = a.getAttribute('href') || ''
    if (href.startsWith('#')) return
    event.preventDefault()
    say({ t: 'link', href: href.slice(0, 4096) })
  }, true)
  addEventListener('submit', (event) => event.preventDefault(), true)
  addEventListener('error', (event) => { if (event.message) say({ t: 'error', message: String(event.message).slice(0, 2000) }) })
  addEventListener('unhandledrejection', (event) => say({ t: 'error', message: String(event.reason).slice(0, 2000) }))
  document.addEventListener('securitypolicyviolation', (event) => say({ t: 'blocked', what: event.effectiveDirective, url: String(event.blockedURI).slice(0, 200) }))
  // Keys that the app must still hear while the frame has the focus.
  addEventListener('keydown', (event) => { if (event.key === 'Escape') say({ t: 'escape' }) }, true)
})()
`
}
