import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['{kernels,engine,renderer,electron,test}/**/*.test.{ts,tsx}'], isolate: false, testTimeout: 30_000, hookTimeout: 60_000 } })
