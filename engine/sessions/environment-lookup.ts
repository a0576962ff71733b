// What a session asks about an environment before it starts a kernel in it. Answered by engine/environments; this room only needs the
// interpreter or the kernelspec, never how it was found.

export type KernelEnvironment = {
  readonly id: string
  /** What the user calls it, e.g. `Python 3.11 (.venv)`. */
  readonly title: string
  /** Absolute path of the interpreter: its kernels run directly where its ipykernel allows. */
  readonly python?: string
  /** Any other kernel: runs over the bridge. `{connection_file}` in argv. */
  readonly kernelspec?: {
    readonly argv: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly interrupt_mode?: 'signal' | 'message'
    readonly dir?: string
  }
  /** Laid over the place's environment, e.g. PATH of a conda environment. No secrets. */
  readonly env?: Readonly<Record<string, string>>
}

export interface EnvironmentLookup {
  /** Throws ProblemError: `missing` when there is no such environment, `denied` when its folder is not trusted. */
  resolve(id: string, signal: AbortSignal): Promise<KernelEnvironment>
}
