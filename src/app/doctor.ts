import { diagnose } from '../cluster/doctor/diagnose.ts'
import type { Diagnosis } from '../cluster/doctor/finding.ts'
import { readAll } from '../cluster/doctor/read.ts'
import type { Reading } from '../cluster/doctor/read.ts'
import type { StackDoctor } from '../cluster/doctor/site.ts'
import { HactlError, problem } from '../diag/diagnostic.ts'
import type { Probe } from '../engine/probe.ts'
import type { Bench } from './bench.ts'

/** The doctor of a bench's stack. Throws HactlError when it has none. */
export function doctorOf({ target }: Bench): StackDoctor {
  if (target.stack?.doctor) return target.stack.doctor
  const hint = 'hactl status shows what is known'
  throw new HactlError(
    problem('doctor/no-doctor', `the stack ${target.stack?.name ?? ''} has no doctor`, { hint }),
  )
}

/** Reads everything the doctor wants to know. Never writes. */
export async function readBench(bench: Bench): Promise<Reading> {
  const { cluster } = bench.target
  if (!cluster) throw new Error('a doctor needs a cluster')
  const probes = new Map<string, Probe>()
  for (const [name, session] of bench.opened.sessions) {
    session.prober.invalidate(undefined)
    probes.set(name, session.prober.view().probe)
  }
  const reading = await readAll(doctorOf(bench), cluster, probes)
  const failed = [...bench.opened.failures].map(
    ([name, { summary }]) => [name, summary.replace(`${name}: `, '')] as const,
  )
  return { ...reading, unread: new Map(failed) }
}

/** Reads and judges one cluster. */
export async function examine(bench: Bench): Promise<Diagnosis> {
  const { cluster } = bench.target
  if (!cluster) throw new Error('a doctor needs a cluster')
  return diagnose(doctorOf(bench), cluster, await readBench(bench))
}
