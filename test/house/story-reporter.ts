// Writes what a step of `npm test` came to, for the launcher's last line: counts, and every skipped test with its reason.
// Only when UPDRAFT_RESULTS names a file; a developer's own vitest run is told by the default reporter alone.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

interface Results {
  passed: number
  failed: number
  skipped: { title: string; reason: string }[]
}

function count(modules: readonly TestModule[], results: Results): void {
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    // A file that fails to load, or whose hook fails outside of a test, has no failed test to show for it.
    if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) results.failed++
    for (const test of tests) {
      const result = test.result()
      if (result.state === 'passed') results.passed++
      else if (result.state === 'failed') results.failed++
      else {
        const reason = result.state === 'skipped' ? result.note : 'it did not run to its end'
        results.skipped.push({ title: `${module.relativeModuleId} > ${test.fullName}`, reason: reason ?? 'no reason given' })
      }
    }
  }
}

export class StoryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['UPDRAFT_RESULTS']
    if (!file) return
    const results: Results = { passed: 0, failed: 0, skipped: [] }
    count(modules, results)
    if (errors.length > 0 && results.failed === 0) results.failed = errors.length
    writeFileSync(file, JSON.stringify(results))
  }
}

// vitest loads a reporter by path and takes its default export.
// biome-ignore lint/style/noDefaultExport: see above
export default StoryReporter
