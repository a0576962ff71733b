// axe on the page as it is now: what is serious or critical, one printed line each. The script comes through the debugger, because the
// page's own policy (no eval, no inline script) would refuse it; that it does is a test of its own.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Violation = { id: string; impact?: string | null; nodes: { html: string; any: { message: string }[] }[] }

export async function seriousFaults(page: Page): Promise<string[]> {
  const debug = await page.context().newCDPSession(page)
  await debug.send('Runtime.evaluate', { expression: `window.axe || (function () { ${source} })()` })
  await debug.detach()
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(root: Document, options: object): Promise<{ violations: Violation[] }> } }
    return (await axe.run(document, { resultTypes: ['violations'] })).violations
  })
  return violations
    .filter((v) => v.impact === 'serious' || v.impact === 'critical')
    .flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 140)} (${n.any[0]?.message.slice(0, 140) ?? ''})`))
}
