import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openBench } from '../../../src/app/bench.ts'
import { nobody } from '../../../src/app/caller.ts'
import { doctorOf, readBench } from '../../../src/app/doctor.ts'
import { openCluster } from '../../../src/app/target.ts'
import { diagnose } from '../../../src/cluster/doctor/diagnose.ts'
import type { Diagnosis } from '../../../src/cluster/doctor/finding.ts'
import type { Reading } from '../../../src/cluster/doctor/read.ts'
import type { RawHost } from '../../../src/cluster/doctor/site.ts'
import { poll } from '../../../src/lib/poll.ts'
import type { Lab } from '../support/lab.ts'
import { roles } from '../support/plans.ts'
import { hactl } from '../support/programs.ts'
import { membersOf } from '../../../src/cluster/members.ts'

/** Who is who when an incident is staged. */
export interface Cast {
  readonly lab: Lab
  readonly primary: string
  /** The standby that is hit: not the one that confirms commits, where there is another. */
  readonly standby: string
  readonly other: string
}

/** Something that goes wrong, and what the doctor must say first. */
export interface Incident {
  readonly name: string
  readonly code: string
  readonly stage: (cast: Cast) => Promise<unknown>
  readonly heal: (cast: Cast) => Promise<unknown>
  /** What the first finding must contain, beside its code. */
  readonly says?: (cast: Cast) => RegExp
  /** The next incident goes on with what this one leaves; nobody waits for health. */
  readonly goesOn?: true
}

interface Examined {
  readonly reading: Reading
  readonly diagnosis: Diagnosis
}

/** Reads and judges a lab's cluster as the verb does; the reading is kept beside the diagnosis. */
export async function examineLab(lab: Lab): Promise<Examined> {
  const target = await openCluster(lab.inventory, {}, nobody())
  const bench = await openBench(target, { verbose: 0 }, nobody())
  try {
    const reading = await readBench(bench)
    return { reading, diagnosis: diagnose(doctorOf(bench), target.cluster, reading) }
  } finally {
    await bench.opened.close()
  }
}

const KEPT = [
  'name',
  'replication',
  'timing',
  'writer_vip',
  'reader_vip',
  'guard',
  'routing',
  'patroni',
  'etcd',
  'failure',
]

const LOG_LINES = 25

/** The last lines of a log are what a verdict is made of. */
function shortened(raw: RawHost | undefined): RawHost | null {
  if (!raw) return null
  const { log } = raw
  if (!log) return raw
  const stdout = `${log.stdout.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}\n`
  return { ...raw, log: { ...log, stdout } }
}

/** With HACTL_DOCTOR_RECORD, what was read becomes a case for test/stacks/doctor. */
async function record(lab: Lab, incident: Incident, { reading }: Examined): Promise<void> {
  const folder = process.env['HACTL_DOCTOR_RECORD']
  if (folder === undefined) return
  const { cluster } = await openCluster(lab.inventory, {}, nobody())
  const vars = JSON.parse(JSON.stringify(cluster.vars)) as Record<string, unknown>
  const { version, settings } = vars['postgres'] as Record<string, unknown>
  const kept = Object.fromEntries(KEPT.flatMap((key) => (vars[key] === undefined ? [] : [[key, vars[key]]])))
  const hosts = Object.fromEntries(
    cluster.hosts.map(({ name, groups, connection }) => [
      name,
      { address: connection.address, groups, raw: shortened(reading.hosts.get(name)) },
    ]),
  )
  mkdirSync(folder, { recursive: true })
  const content = {
    incident: incident.name,
    code: incident.code,
    at: reading.at,
    cluster: { ...kept, stack: cluster.stack, postgres: { version, settings } },
    unread: Object.fromEntries(reading.unread),
    hosts,
  }
  writeFileSync(
    join(folder, `${cluster.stack}-${incident.name}.json`),
    `${JSON.stringify(content, null, 1)}\n`,
  )
}

/** Stages an incident and asks the doctor until its first verdict is right, or the time is over. */
export async function verdictOf(incident: Incident, cast: Cast, timeoutMs = 75_000): Promise<Examined> {
  await incident.stage(cast)
  let last: Examined | undefined
  const right = await poll(
    async () => {
      last = await examineLab(cast.lab)
      const [first] = last.diagnosis.findings
      const says = incident.says?.(cast)
      const isSaid = !says || says.test(JSON.stringify(first))
      return first?.code === incident.code && isSaid ? last : undefined
    },
    { timeoutMs, intervalMs: 1000 },
  )
  const found = right ?? last
  if (!found) throw new Error(`${incident.name}: nothing was read`)
  if (right) await record(cast.lab, incident, right)
  return found
}

/** The roles for the next incident. */
export async function castOf(lab: Lab): Promise<Cast> {
  const status = await lab.healthy(180_000)
  const { primary, standbys } = roles(status)
  const isSync = (name: string): boolean =>
    /^(sync|quorum)$/.test(membersOf(status).find((member) => member.name === name)?.replication?.sync ?? '')
  const [other = '', standby = other] = standbys.toSorted((a, b) => Number(isSync(b)) - Number(isSync(a)))
  return { lab, primary, standby, other }
}

/** A runbook, whatever it asks. */
export const runbook = (lab: Lab, name: string, ...args: readonly string[]): Promise<unknown> =>
  hactl('run', name, lab.inventory, '--yes', '--allow', 'destructive', ...args)

/** SQL on a member, as the superuser. */
export const sql = (lab: Lab, node: string, ...statements: readonly string[]): Promise<string> =>
  lab.sh(
    node,
    `cd /; runuser -u postgres -- psql -XAtq -d postgres ${statements.map((each) => `-c "${each}"`).join(' ')}`,
  )
