// How a topic says what can be asked (a call) and what can be watched (a feed). Input is checked by zod/mini where it is answered;
// outputs and changes are ours and are typed only.
import type * as z from 'zod/mini'

export type CallDef<Input, Output> = {
  readonly kind: 'call'
  readonly input: z.ZodMiniType<Input>
  /** Only a type: never read. */
  readonly output?: Output
}

export type FeedDef<Key, State, Change> = {
  readonly kind: 'feed'
  readonly key: z.ZodMiniType<Key>
  /** Pure and total: no clock, no randomness, an unknown change leaves the state as it is. */
  readonly reduce: (state: State, change: Change) => State
}

/** `call<Output>()(inputSchema)`: the output is given, the input is inferred. */
export const call =
  <Output>() =>
  <Input>(input: z.ZodMiniType<Input>): CallDef<Input, Output> => ({ kind: 'call', input })

export const feed = <Key, State, Change>(
  key: z.ZodMiniType<Key>,
  reduce: (state: State, change: Change) => State,
): FeedDef<Key, State, Change> => ({
  kind: 'feed',
  key,
  reduce,
})

export type AnyCall = CallDef<never, unknown> | CallDef<unknown, unknown>
export type InputOf<D> = D extends CallDef<infer I, infer _> ? I : never
export type OutputOf<D> = D extends CallDef<infer _, infer O> ? O : never
export type KeyOf<D> = D extends FeedDef<infer K, infer _S, infer _C> ? K : never
export type StateOf<D> = D extends FeedDef<infer _K, infer S, infer _C> ? S : never
export type ChangeOf<D> = D extends FeedDef<infer _K, infer _S, infer C> ? C : never
