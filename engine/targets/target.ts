// A place where code runs. One interface for every place: the rest of the engine knows only this, and no place's name appears outside its
// own folder. So far what sessions need: a stream to the place's outpost, and the leases of what was started there.
import type { Dial } from '../../kernels/index.ts'
import type { Leases } from './leases.ts'

export interface Target {
  /** Stable, e.g. `local`. */
  readonly id: string
  readonly title: string
  /** Opens a stream to the place's outpost, bringing it up when it is not there. Throws ProblemError with reason and remedy. */
  readonly dial: Dial
  readonly leases: Leases
}
