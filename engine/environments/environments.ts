// The environments of this workstation as the picker shows them: found at once, probed in the background, resolved when a kernel starts.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Feed } from '../contract/feed.ts'
import { problem } from '../contract/problem.ts'
import type { Environment, EnvironmentsChange, EnvironmentsState } from '../contract/topics/kernels.ts'
import type { Notices } from '../notices/notices.ts'
import { writeAtomic } from '../support/atomic-file.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { findCommand, type Kernelspec, kernelspecFolders, pythonOfSpec, readKernelspecs } from './kernelspecs.ts'
import { type Found, locatePythons } from './locate.ts'
import { type Probe, ProbeCache, probePython } from './probe.ts'

/** What starts a kernel: an interpreter (ipykernel in it, or a kit beside it), or a foreign kernel's own command. */
export type ResolvedEnvironment = {
  readonly id: string
  readonly title: string
  readonly python?: string
  readonly kernelspec?: {
    readonly argv: readonly string[]
    readonly env: Readonly<Record<string, string>>
    readonly interrupt_mode: 'signal' | 'message'
    readonly dir: string
  }
}

export type EnvironmentsOptions = {
  readonly workspace: Workspace
  readonly notices: Notices
  readonly cacheFolder: string
  readonly stateFolder: string
  /** Interpreter of the base environment that the launcher made. */
  readonly basePython?: string | undefined
  /** Interpreter of the heavy tier, when it was made. */
  readonly torchPython?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly probeDeadlineMs?: number
}

const AT_ONCE = 2

export class Environments {
  readonly feed: Feed<EnvironmentsState, EnvironmentsChange>
  readonly #o: EnvironmentsOptions
  readonly #cache: ProbeCache
  readonly #closed = new AbortController()
  #specs = new Map<string, Kernelspec>()
  #added: string[] = []
  #uv: string | undefined
  #scan: Promise<void> | undefined
  #again = false

  constructor(options: EnvironmentsOptions) {
    this.#o = options
    this.#cache = new ProbeCache(options.cacheFolder)
    this.feed = new Feed<EnvironmentsState, EnvironmentsChange>(
      { list: [], scanning: true },
      (s, c) => ({ ...s, ...c.set }),
      randomUUID(),
    )
    options.workspace.onChange(() => void this.refresh())
  }

  async start(): Promise<void> {
    await this.#cache.open()
    const added: unknown = await readFile(join(this.#o.stateFolder, 'interpreters-added.json'), 'utf8').then(JSON.parse, () => [])
    this.#added = Array.isArray(added) ? added.filter((p): p is string => typeof p === 'string') : []
    await this.refresh()
  }

  /** One scan at a time; a wish during a scan is one more scan after it. */
  refresh(): Promise<void> {
    if (this.#scan) {
      this.#again = true
      return this.#scan
    }
    this.#scan = this.#look().finally(() => {
      this.#scan = undefined
      if (this.#again && !this.#closed.signal.aborted) {
        this.#again = false
        void this.refresh()
      }
    })
    return this.#scan
  }

  close(): void {
    this.#closed.abort()
  }

  /** For starting a kernel. Throws `missing`, `denied` (untrusted folder) or `invalid` (no kernel support), each with what to do. */
  async resolve(id: string): Promise<ResolvedEnvironment> {
    if (this.feed.state.list.length === 0) await this.#scan
    let env = this.feed.state.list.find((e) => e.id === id)
    // Still being probed: its own probe is short, the others' are not waited for.
    if (env?.state === 'probing' || env?.state === 'found') {
      await this.#probe(env)
      env = this.feed.state.list.find((e) => e.id === id)
    }
    if (!env)
      throw problem('missing', 'This environment is not on this machine any more.', {
        hint: 'Choose another one.',
        action: { title: 'Choose environment', command: 'ui.choose-environment' },
      })
    if (env.state === 'untrusted')
      throw problem('denied', `${env.title} lies in a folder that you have not trusted.`, {
        hint: 'Trust the folder to run its Python.',
        action: { title: 'Trust folder', command: 'ui.manage-trust' },
      })
    if (env.state === 'broken')
      throw problem('invalid', env.problem?.message ?? `${env.title} does not work.`, {
        ...(env.problem?.hint ? { hint: env.problem.hint } : {}),
        where: env.title,
      })
    if (env.state === 'needs-kernel') {
      throw problem('missing', `${env.title} has no ipykernel, which notebooks need.`, {
        hint: `It would be put there by: ${env.install?.command ?? ''}`,
        action: { title: 'Install ipykernel', command: 'environments.install-kernel', input: { environment: id } },
      })
    }
    const spec = this.#specs.get(id)
    return {
      id,
      title: env.title,
      ...(env.python === undefined ? {} : { python: env.python }),
      ...(spec && env.python === undefined
        ? { kernelspec: { argv: spec.argv, env: spec.env, interrupt_mode: spec.interruptMode, dir: spec.folder } }
        : {}),
    }
  }

  /** The environment a notebook names (its kernelspec), or the preferred one of the workspace. */
  async choose(kernelspec: { name?: string; language?: string }): Promise<string> {
    if (this.feed.state.list.length === 0) await this.#scan
    const { list, preferred } = this.feed.state
    const named = [...this.#specs].find(([, s]) => s.name === kernelspec.name)
    const isPython = kernelspec.language === undefined || kernelspec.language === '' || kernelspec.language === 'python'
    // "python3" is what every Python notebook says: it means the workspace's Python, not one machine's kernelspec of that name.
    if (named && !(isPython && /^python3?$/.test(kernelspec.name ?? ''))) return named[0]
    if (isPython && preferred !== undefined) return preferred
    const other = list.find((e) => this.#specs.get(e.id)?.language === kernelspec.language)
    if (other) return other.id
    throw problem('missing', `There is no kernel for ${kernelspec.language ?? 'this notebook'} on this machine.`, {
      hint: `Install a Jupyter kernel for it, then choose it.`,
    })
  }

  async add(python: string): Promise<string> {
    await probePython(python, this.#closed.signal).catch((error: unknown) => {
      throw problem('invalid', `${python} is no Python that works: ${error instanceof Error ? error.message : String(error)}.`)
    })
    this.#added = [...new Set([...this.#added, python])]
    await mkdir(this.#o.stateFolder, { recursive: true })
    await writeAtomic(join(this.#o.stateFolder, 'interpreters-added.json'), JSON.stringify(this.#added))
    await this.refresh()
    return `python:${python}`
  }

  async installKernel(id: string): Promise<void> {
    const env = this.feed.state.list.find((e) => e.id === id)
    if (!env?.install || env.python === undefined) throw problem('missing', 'There is nothing to install here.')
    const progress = this.#o.notices.progress(`Putting ipykernel into ${env.title}`, true)
    this.#set(id, { install: { ...env.install, running: true } })
    progress.phase(env.install.command)
    try {
      const [command = '', ...args] = installArgv(env.python, this.#uv)
      await new Promise<void>((resolve, reject) => {
        execFile(command, args, { timeout: 600_000, signal: progress.signal, maxBuffer: 8 << 20 }, (error, _out, stderr) =>
          error
            ? reject(
                problem('unreachable', `ipykernel could not be installed into ${env.title}.`, {
                  hint: 'Check the network, then try again.',
                  detail: stderr.slice(-2000),
                }),
              )
            : resolve(),
        )
      })
      progress.done(`${env.title} can run notebooks now.`)
    } catch (error) {
      progress.fail(error)
      throw error
    } finally {
      this.#set(id, { install: env.install })
      await this.refresh()
    }
  }

  async #look(): Promise<void> {
    const { workspace, env, home, basePython, torchPython } = this.#o
    this.#uv = await findCommand('uv', env['PATH'])
    this.feed.change({ type: 'environments-changed', set: { scanning: true } })
    const trusted = workspace.folder !== undefined && (await workspace.trust.isTrusted(workspace.folder))
    const found: Found[] = await locatePythons({ folder: workspace.folder, env, home, added: this.#added })
    const list: Environment[] = found.map((f) => ({
      id: `python:${f.python}`,
      kind: f.kind,
      title: f.title,
      python: f.python,
      packages: {},
      state: f.inWorkspace && !trusted ? 'untrusted' : 'found',
    }))
    const ours: Environment[] = []
    if (basePython)
      ours.push({ id: 'base', kind: 'base', title: 'Updraft base', python: basePython, packages: {}, state: 'found' })
    if (torchPython)
      ours.push({ id: 'torch', kind: 'torch', title: 'Updraft torch + vLLM', python: torchPython, packages: {}, state: 'found' })
    const inWorkspace = list.filter((_, i) => found[i]?.inWorkspace)
    const all = [
      ...inWorkspace,
      ...ours,
      ...list.filter((e) => !inWorkspace.includes(e) && e.python !== basePython && e.python !== torchPython),
    ]
    const specs = await readKernelspecs(kernelspecFolders(env, [], home))
    const known = new Map(all.map((e) => [e.python, e.id]))
    this.#specs = new Map()
    for (const spec of specs.specs) {
      const python = pythonOfSpec(spec)
      const same = python === undefined ? undefined : known.get(python)
      if (same !== undefined) this.#specs.set(same, spec)
      else all.push(await this.#specEnvironment(spec))
    }
    for (const b of specs.broken)
      all.push({
        id: `kernelspec:${b.folder}`,
        kind: 'kernelspec',
        title: b.folder.slice(b.folder.lastIndexOf('/') + 1),
        packages: {},
        state: 'broken',
        problem: { code: 'invalid', message: `${b.folder}/kernel.json can't be used: ${b.reason}.` },
      })
    const kept = await Promise.all(all.map((e) => this.#fromCache(e)))
    this.feed.change({ type: 'environments-changed', set: { list: kept, ...preferredOf(kept) } })
    const todo = kept.filter((e) => e.state === 'found' && e.python !== undefined)
    // Two at once: twenty interpreters starting together would take the cores from the first cell.
    const work = Array.from({ length: AT_ONCE }, async () => {
      for (let next = todo.shift(); next && !this.#closed.signal.aborted; next = todo.shift()) await this.#probe(next)
    })
    await Promise.all(work)
    await this.#cache.save().catch(() => undefined)
    this.feed.change({ type: 'environments-changed', set: { scanning: false, ...preferredOf(this.feed.state.list) } })
  }

  async #specEnvironment(spec: Kernelspec): Promise<Environment> {
    const id = `kernelspec:${spec.name}`
    this.#specs.set(id, spec)
    const command = await findCommand(spec.argv[0] ?? '', spec.env['PATH'] ?? this.#o.env['PATH'])
    const base = { id, kind: 'kernelspec', title: spec.displayName, packages: {} } as const
    if (command === undefined) {
      return {
        ...base,
        state: 'broken',
        problem: {
          code: 'missing',
          message: `The kernel "${spec.displayName}" starts ${spec.argv[0]}, which is not on this machine.`,
          hint: `Install it, or remove ${spec.folder}.`,
        },
      }
    }
    const python = pythonOfSpec(spec)
    return python === undefined
      ? { ...base, state: 'ready', path: { kind: 'bridge', reason: `${spec.language || 'this'} kernel` } }
      : { ...base, python: command, state: 'found' }
  }

  async #fromCache(env: Environment): Promise<Environment> {
    if (env.python === undefined || env.state !== 'found') return env
    const probe = await this.#cache.get(env.python)
    return probe ? described(env, probe, this.#uv) : env
  }

  async #probe(env: Environment): Promise<void> {
    if (env.python === undefined) return
    this.#set(env.id, { state: 'probing' })
    try {
      const probe = await probePython(env.python, this.#closed.signal, this.#o.probeDeadlineMs)
      await this.#cache.set(env.python, probe)
      this.#set(env.id, described(env, probe, this.#uv))
    } catch (error) {
      this.#set(env.id, {
        state: 'broken',
        problem: {
          code: 'invalid',
          message: `${env.title} does not start: ${error instanceof Error ? error.message : String(error)}.`,
        },
      })
    }
  }

  #set(id: string, change: Partial<Environment>): void {
    this.feed.change({
      type: 'environments-changed',
      set: { list: this.feed.state.list.map((e) => (e.id === id ? { ...e, ...change } : e)) },
    })
  }
}

function described(env: Environment, probe: Probe, uv: string | undefined): Environment {
  const has = probe.packages['ipykernel']
  const base = { ...env, version: probe.version, packages: probe.packages }
  if (tooOld(probe.version))
    return {
      ...base,
      state: 'broken',
      problem: { code: 'invalid', message: `Python ${probe.version} is too old: notebooks need 3.9 or newer.` },
    }
  if (has !== undefined) return { ...base, state: 'ready' }
  return { ...base, state: 'needs-kernel', install: { command: installArgv(env.python ?? 'python', uv).join(' ') } }
}

const tooOld = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major < 3 || (major === 3 && minor < 9)
}

const installArgv = (python: string, uv: string | undefined): string[] =>
  uv === undefined
    ? [python, '-m', 'pip', 'install', 'ipykernel>=6.29']
    : [uv, 'pip', 'install', '--python', python, 'ipykernel>=6.29']

/** The workspace's own environment if it can run, else ours, else the first that can. */
function preferredOf(list: readonly Environment[]): { preferred?: string } {
  const best = list.find((e) => e.state === 'ready' || (e.kind === 'base' && e.state !== 'broken'))
  return best ? { preferred: best.id } : {}
}
