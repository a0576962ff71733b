// The same ipykernel as a foreign kernelspec: what sends it over the bridge.
import type { KernelEnvironment } from '../../engine/sessions/environment-lookup.ts'

export const bridgeEnvironment = (python: string): Partial<KernelEnvironment> => ({
  kernelspec: { argv: [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}'], interrupt_mode: 'signal' },
})
