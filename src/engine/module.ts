import type { Static, TObject } from 'typebox'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Impact } from './impact.ts'
import type { Prediction, Probe, Resource } from './probe.ts'
import type { Step } from './step.ts'

/** A state as fields; nested records are compared field by field (`settings.work_mem`), arrays as a whole. */
export type State = Readonly<Record<string, unknown>>

/** What a module author writes. The engine owns the diff, dry run, order, verification, retries and messages. */
export interface ModuleSpec<Args extends TObject, S extends State> {
  readonly name: string
  /** One sentence for `--help` and the docs. */
  readonly about: string
  /** Every property has a description; defaults are filled in before `current` is called. */
  readonly args: Args
  /** YAML examples for the generated docs: task bodies. */
  readonly examples?: readonly string[]
  /** The short name in plans: `service[postgresql]`. Default: the first of name, path, key, host. */
  label?(args: Static<Args>): string
  /** Reads only. May throw NotYet. */
  current(probe: Probe, args: Static<Args>): Promise<S>
  /** Pure. Only the fields that matter; what is left out is not compared. */
  desired(args: Static<Args>, current: S): Partial<S>
  /** Pure: effects as data. Called only when something differs, with whole states. */
  steps(from: S, to: Partial<S>, args: Static<Args>): readonly Step[]
  /** Pure. A reason not to do it although it differs; the task fails with it, in plan too. */
  refuse?(from: S, to: Partial<S>, args: Static<Args>): Diagnostic | undefined
  /** Impact to show beside one changed field (`settings.max_connections`), when worse than its step's. */
  fieldImpact?(field: string, from: S, args: Static<Args>): Impact | undefined
  /** The action to run instead when the arguments ask for an event (`state: restarted`), not for a state. Pure. */
  event?(args: Static<Args>): Action | undefined
  /** What a module that only shows something shows (`debug`); secrets are masked. Pure. */
  says?(args: Static<Args>): string
  /**
   * What the steps may change when the state is `from`, so that unrelated readings stay valid. Default, and undefined:
   * everything on the host.
   */
  touches?(args: Static<Args>, from: S): readonly Resource[] | undefined
  /**
   * Pure: exactly what the readings of what it touches will answer after the steps, so that a later task on the same
   * thing need not wait for a round trip. Its own steps must fail when that was wrong (PutStep's `expect` does).
   */
  predicts?(from: S, to: Partial<S>, args: Static<Args>): readonly Prediction[]
  /**
   * The module takes its `content` (Text) from a file: the engine looks `src` up (site folder first, then the
   * package's), renders it (`template`) or takes it as it is (`file`), and gives the module `content` in place of `src`. A `file` that
   * is no text or is big stays a `src`, now a path on this machine.
   */
  readonly source?: 'template' | 'file'
  /** Diffs of these fields are file contents, shown with `--diff` as unified diffs and else as `content`. */
  readonly textFields?: readonly string[]
  /** Longest time the steps of one task may take; default 10 min. */
  readonly timeoutMs?: number
}

/** An event with its own test of being done already. */
export interface ActionSpec<Args extends TObject> {
  readonly name: string
  readonly about: string
  readonly args: Args
  readonly examples?: readonly string[]
  label?(args: Static<Args>): string
  /** True: already happened, skipped. Polled after the steps until true or the deadline. May throw NotYet. */
  done(probe: Probe, args: Static<Args>): Promise<boolean>
  /** Without steps the action only waits until it is done. */
  steps(args: Static<Args>): readonly Step[]
  /** Said when the deadline passes: what to look at. Reads only. */
  explain?(probe: Probe, args: Static<Args>): Promise<string>
  touches?(args: Static<Args>): readonly Resource[]
  /** How long `done` is polled after the steps; default 60 s. A task's `timeout` overrides it. */
  readonly timeoutMs?: number
  /** The connection may end while it happens (a reboot): it is opened again until the deadline. */
  readonly reconnects?: boolean
  /** Only wanted when a handler notifies it (a restart): never "done" before. */
  readonly event?: boolean
}

/** A reading that `when:` and templates may ask for as `facts.<name>`; cached per host and run. */
export interface Fact<T = unknown> {
  readonly kind: 'fact'
  readonly name: string
  readonly about: string
  /** `vars`: the variables of the task's host (`cluster`, host variables …). May throw NotYet. */
  read(probe: Probe, vars: Readonly<Record<string, unknown>>): Promise<T>
}

/** What the engine runs: modules and actions with their types erased. */
export interface Module {
  readonly kind: 'module'
  readonly spec: ModuleSpec<TObject, State>
}
export interface Action {
  readonly kind: 'action'
  readonly spec: ActionSpec<TObject>
}

/** Everything tasks may name; `modules/index.ts` lists them. */
export interface Registry {
  readonly modules: ReadonlyMap<string, Module | Action>
  readonly facts: ReadonlyMap<string, Fact>
}

/** Declares a module; keeps its types inside. */
export const defineModule = <Args extends TObject, S extends State>(spec: ModuleSpec<Args, S>): Module => ({
  kind: 'module',
  spec: spec as unknown as ModuleSpec<TObject, State>,
})

/** Declares an action; keeps its types inside. */
export const defineAction = <Args extends TObject>(spec: ActionSpec<Args>): Action => ({
  kind: 'action',
  spec: spec as unknown as ActionSpec<TObject>,
})

/** Declares a fact. */
export const defineFact = <T>(spec: Omit<Fact<T>, 'kind'>): Fact<T> => ({ kind: 'fact', ...spec })
