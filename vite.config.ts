// Builds the window (renderer/) into dist/renderer. Target chrome108: the oldest Chromium we test in, so one build serves every browser and shell.
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'renderer',
  plugins: [react()],
  build: {
    target: 'chrome108',
    outDir: process.env['UPDRAFT_OUT'] ?? '../dist/renderer',
    emptyOutDir: true,
    chunkSizeWarningLimit: 9999,
    // Inlined assets become data: addresses, and the page's policy (font-src 'self') refuses a font that comes as one.
    assetsInlineLimit: 0,
  },
  worker: { format: 'es' },
})
