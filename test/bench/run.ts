// `npm run bench [-- kernel|ray|window …]`: takes the figures, prints them beside their budgets, writes test/results/bench.json.
// Exits 1 when a budget is missed: for a ratio its interval's bad end is judged.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Figure, fixed, machine } from './measure.ts'

const here = import.meta.dirname
const budgets = JSON.parse(readFileSync(join(here, 'budgets.json'), 'utf8')) as Record<string, number>
const parts: Record<string, () => Promise<Figure[]>> = {
  kernel: async () => (await import('./kernel.ts')).kernelFigures(),
  ray: async () => (await import('./ray.ts')).rayFigures(),
  window: async () => (await import('./window.ts')).windowFigures(),
}

delete process.env['PYTHONUNBUFFERED']
delete process.env['PYTHONDONTWRITEBYTECODE']
const asked = process.argv.slice(2).filter((a) => !a.startsWith('-'))
const figures: Figure[] = []
let missed = 0
console.log(`bench on ${machine()}`)
for (const [name, take] of Object.entries(parts)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  for (const figure of await take()) {
    figures.push(figure)
    const budget = budgets[figure.name]
    const judged = figure.interval?.[1] ?? figure.value
    const ok = budget === undefined || judged <= budget
    if (!ok) missed++
    const interval = figure.interval ? ` [${fixed(figure.interval[0])}, ${fixed(figure.interval[1])}]` : ''
    console.log(
      `${budget === undefined ? '  ' : ok ? 'ok' : 'NO'}  ${figure.name}: ${fixed(figure.value)} ${figure.unit}${interval}${budget === undefined ? '' : `, budget ${budget}`}${figure.against ? `, against ${figure.against}` : ''}${figure.detail ? ` (${figure.detail})` : ''}`,
    )
  }
}
mkdirSync(join(here, '..', 'results'), { recursive: true })
writeFileSync(join(here, '..', 'results', 'bench.json'), JSON.stringify({ machine: machine(), figures }, null, 2))
console.log(missed === 0 ? 'every budget is held' : `${missed} budgets are missed`)
// zeromq keeps the process alive after its sockets are closed.
process.exit(missed === 0 ? 0 : 1)
