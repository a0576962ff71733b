// The tests by kind: house (what a compiler can't see), unit (beside their files), suites (real kernels, real Ray), e2e (a real
// browser). `npm test` runs them in this order; `npm test -- PATH` runs some. House and unit tests share a worker (a fresh one costs 377 ms
// for each file); suites don't, because kernels, engines and environment variables are global state.
import { defineConfig } from 'vitest/config'

const MINUTE_MS = 60_000
const node = { environment: 'node', pool: 'forks' } as const

export default defineConfig({
  test: {
    reporters: ['default', './test/house/story-reporter.ts'],
    maxWorkers: 2,
    projects: [
      { test: { ...node, name: 'house', isolate: false, include: ['test/house/**/*.test.ts'], testTimeout: MINUTE_MS } },
      {
        test: {
          ...node,
          name: 'unit',
          isolate: false,
          include: ['{kernels,engine,renderer,electron,setup}/**/*.test.{ts,tsx}'],
          testTimeout: MINUTE_MS / 2,
          hookTimeout: MINUTE_MS,
        },
      },
      {
        test: {
          ...node,
          name: 'suites',
          include: ['test/**/*.test.ts'],
          exclude: ['test/house/**', 'test/e2e/**', 'test/desktop/**', 'test/bench/**'],
          testTimeout: 2 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
        },
      },
      {
        test: {
          ...node,
          name: 'e2e',
          include: ['test/e2e/**/*.{test,spec}.ts', 'test/desktop/**/*.{test,spec}.ts'],
          // Not a test: it takes the README's pictures, when asked to (UPDRAFT_PICTURES=1).
          exclude: process.env['UPDRAFT_PICTURES'] ? [] : ['test/e2e/pictures.spec.ts'],
          fileParallelism: false,
          testTimeout: 3 * MINUTE_MS,
          hookTimeout: 3 * MINUTE_MS,
        },
      },
    ],
  },
})
