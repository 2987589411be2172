import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { HactlError } from '../../src/diag/diagnostic.ts'
import { differences } from '../../src/engine/diff.ts'
import type { Action, Module } from '../../src/engine/module.ts'
import { NotYet } from '../../src/engine/probe.ts'
import type { Probe } from '../../src/engine/probe.ts'
import { createProber } from '../../src/engine/prober.ts'
import type { Step } from '../../src/engine/step.ts'
import { bare, program } from '../../src/lib/program.ts'
import { Secret } from '../../src/lib/secret.ts'
import { READINGS } from '../../src/modules/readings/index.ts'
import { fillDefaults } from '../../src/schema/build.ts'
import { fakeTransport } from '../../src/transport/fake.ts'
import type { FakeAnswer } from '../../src/transport/fake.ts'

/** What the host answers: to a command (`run`), or to a grouped reading of these keys (`read`). */
export interface Sight {
  readonly run?: readonly string[]
  readonly as?: string
  readonly read?: string
  readonly keys?: readonly string[]
  readonly code?: number
  readonly stdout?: string
  readonly stderr?: string
}

/** One YAML file: arguments, what the host answers, and what must follow. Values tagged `!secret` are Secrets. */
export interface Case {
  readonly about: string
  /** Where the answers were captured: system and tool versions. */
  readonly captured?: string
  /** Shell text that brought the host there, and what takes it away again; only read by `capture.ts`. */
  readonly prepare?: string
  /** Run in place of the steps: what a waiting action waits for. */
  readonly happens?: string
  readonly cleanup?: string
  readonly args: Readonly<Record<string, unknown>>
  readonly sees?: readonly Sight[]
  readonly changes?: readonly { field: string; from?: unknown; to?: unknown }[]
  readonly steps?: readonly Step[]
  /** Answers that differ after the steps: then nothing may be left to change. */
  readonly sees_after?: readonly Sight[]
  /** Code of the diagnostic with which the task fails. */
  readonly refuses?: string
  /** Part of the reason why it cannot be read yet. */
  readonly not_yet?: string
  /** Actions: whether it has already happened. */
  readonly done?: boolean
}

/** A value written `!secret text` in a case. */
export const SECRET = {
  tag: '!secret',
  identify: (value: unknown) => value instanceof Secret,
  resolve: (text: string) => new Secret(text),
  stringify: ({ value }: { value: unknown }) => JSON.stringify((value as Secret).reveal()),
}

/** A file below `files/` as it is sent, so that cases need not repeat it: `!program postgres/identify.sh`. */
export const PROGRAM = { tag: '!program', resolve: (name: string) => bare(program(name)) }

export const parseCase = (text: string): Case => parse(text, { customTags: [SECRET, PROGRAM] }) as Case
export const readCase = (file: string): Case => parseCase(readFileSync(file, 'utf8'))

/** The arguments of a grouped reading or a command. */
export function commandOf(sight: Sight): readonly string[] {
  if (sight.run) return sight.run
  const reading = READINGS.get(sight.read ?? '')
  if (!reading) throw new Error(`no reading is called ${sight.read}`)
  return reading.command(sight.keys ?? []).argv
}

const answer = ({ as, code, stdout, stderr, ...sight }: Sight): FakeAnswer => ({
  run: commandOf(sight),
  ...(as !== undefined && { as }),
  ...(code !== undefined && { code }),
  ...(stdout !== undefined && { stdout }),
  ...(stderr !== undefined && { stderr }),
})

export interface Outcome {
  readonly changes?: readonly { field: string; from: unknown; to: unknown }[]
  readonly steps?: readonly Step[]
  readonly refuses?: string
  readonly not_yet?: string
  readonly done?: boolean
}

/** The action that these arguments ask for, if they ask for one. */
export const actionOf = (entry: Module | Action, args: Readonly<Record<string, unknown>>) =>
  entry.kind === 'action' ? entry : entry.spec.event?.(args as never)

/** What the module makes of one look at a host: the part of the engine between reading and changing. */
export async function look(entry: Module | Action, args: Case['args'], probe: Probe): Promise<Outcome> {
  const full = fillDefaults(entry.spec.args, args) as never
  try {
    const action = actionOf(entry, full)
    if (action) return { done: await action.spec.done(probe, full), steps: action.spec.steps(full) }
    if (entry.kind === 'action') throw new Error('unreachable')
    const { spec } = entry
    const from = await spec.current(probe, full)
    const to = spec.desired(full, from)
    const changes = differences(from, to)
    const refused = changes.length > 0 ? spec.refuse?.(from, to, full) : undefined
    if (refused) return { refuses: refused.code, changes }
    return { changes, steps: changes.length > 0 ? spec.steps(from, to, full) : [] }
  } catch (error) {
    if (error instanceof NotYet) return { not_yet: error.why }
    if (error instanceof HactlError) return { refuses: error.diagnostics[0]?.code ?? '' }
    throw error
  }
}

/** Looks at the host of a case, before the steps or after them. */
export function lookAtCase(entry: Module | Action, spec: Case, after: boolean): Promise<Outcome> {
  const before = (spec.sees ?? []).map(answer)
  const answers = after ? [...(spec.sees_after ?? []).map(answer), ...before] : before
  return look(entry, spec.args, createProber(fakeTransport({ answers })).probe)
}
