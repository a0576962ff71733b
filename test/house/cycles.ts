// Circles among imports, each told once from its alphabetically first file.
import type { Import } from './tree.ts'

export function cycles(imports: readonly Import[]): string[] {
  const uses = new Map<string, Set<string>>()
  for (const { from, to } of imports) uses.set(from, (uses.get(from) ?? new Set()).add(to))
  const found = new Set<string>()
  const done = new Set<string>()
  const walk = (file: string, path: string[]): void => {
    const seenAt = path.indexOf(file)
    if (seenAt >= 0) {
      const circle = path.slice(seenAt)
      const first = circle.indexOf([...circle].sort()[0] as string)
      const turned = [...circle.slice(first), ...circle.slice(0, first)]
      found.add([...turned, turned[0]].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const next of uses.get(file) ?? []) walk(next, [...path, file])
    done.add(file)
  }
  for (const file of [...uses.keys()].sort()) walk(file, [])
  return [...found].sort()
}
