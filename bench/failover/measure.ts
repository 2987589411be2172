import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startClient, type DrillClient } from '../../src/cluster/drill/client.ts'
import { acknowledged, type Ledger } from '../../src/cluster/drill/ledger.ts'
import { parseSnapshot, readSql, tablesSql } from '../../src/cluster/drill/tables.ts'
import { longest, writeGaps } from '../../src/cluster/drill/timing.ts'
import { compare } from '../../src/cluster/drill/verdict.ts'
import { poll } from '../../src/lib/poll.ts'
import type { Fault } from './faults.ts'
import type { Lab } from './lab.ts'
import type { System } from './systems.ts'

const CONNECTIONS = 8
const RATE = 100
/** Writes count as going on after so long at half their rate. */
const STEADY_MS = 5000
/** Longer than any of these systems needs when it helps itself. */
const PATIENCE_MS = 90_000

/** What clients saw of one fault. */
export interface Measured {
  /** The longest time without an acknowledged write; undefined when nobody could write until the fault was undone. */
  readonly silenceMs: number | undefined
  readonly acknowledged: number
  /** Acknowledged and absent once all members were back. */
  readonly lost: number
}

const psql = (lab: Lab, node: string, statement: string): string =>
  lab.sh(
    node,
    `cd /; runuser -u postgres -- psql -XAtqw -v ON_ERROR_STOP=1 -h /var/run/postgresql -d app <<'SQL'\n${statement};\nSQL`,
  )

function clientOf(lab: Lab, system: System, ledger: string): DrillClient {
  const config = {
    ledger,
    writers: system.clients,
    readers: [],
    user: 'app',
    password: system.password(lab),
    database: 'app',
    rate: RATE,
    connections: CONNECTIONS,
    readRate: 0,
    connectTimeoutMs: 1000,
    answerTimeoutMs: 2000,
    endsAfterMs: 900_000,
  }
  return startClient(config, ['nsenter', `--net=/run/netns/hactl-${lab.name}`])
}

const since = (client: DrillClient, from: number): number =>
  acknowledged(client.ledger()).filter(({ answeredAt }) => answeredAt >= from).length

async function waitFor(what: string, timeoutMs: number, test: () => boolean): Promise<void> {
  const seen = await poll(() => Promise.resolve(test() ? true : undefined), { timeoutMs, intervalMs: 200 })
  if (!seen) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
}

/** Whether clients write again, steadily, after an interruption that began at the fault or a little later. */
async function writesGoOn(client: DrillClient, faultAt: number): Promise<boolean> {
  const seen = await poll(
    () => {
      const now = Date.now()
      const enough = since(client, now - STEADY_MS) > (RATE * STEADY_MS) / 2000
      return Promise.resolve(enough && now - faultAt > STEADY_MS ? true : undefined)
    },
    { timeoutMs: PATIENCE_MS, intervalMs: 200 },
  )
  return seen === true
}

async function healed(lab: Lab, system: System): Promise<void> {
  const whole = (ms: number) =>
    poll(() => Promise.resolve(system.healthy(lab) ? true : undefined), { timeoutMs: ms, intervalMs: 500 })
  if (await whole(60_000)) return
  for (let round = 0; round < 3; round++) {
    system.mend(lab)
    if (await whole(60_000)) return
  }
  throw new Error(`${system.name} is not healthy again`)
}

/** One fault on a healthy system, from warm clients to the comparison after every member is back. */
export async function measure(lab: Lab, system: System, fault: Fault): Promise<Measured> {
  await healed(lab, system)
  const primary = system.primary(lab)
  if (primary === undefined) throw new Error(`${system.name} has no primary`)
  const dir = mkdtempSync(join(tmpdir(), 'hactl-failover-'))
  psql(lab, primary, tablesSql('app', CONNECTIONS))
  const client = clientOf(lab, system, join(dir, 'ledger'))
  let ended: Promise<Ledger> | undefined
  const stop = (): Promise<Ledger> => (ended ??= client.stop())
  try {
    await waitFor('clients write', 30_000, () => since(client, Date.now() - 3000) > RATE * 1.5)
    const faultAt = Date.now()
    fault.inject(lab, system, primary)
    const back = await writesGoOn(client, faultAt)
    const over = Date.now()
    fault.heal?.(lab)
    await healed(lab, system)
    const ledger = await stop()
    const lead = system.primary(lab) ?? ''
    const verdict = compare(ledger, parseSnapshot(lead, psql(lab, lead, readSql)))
    const gaps = writeGaps(ledger, over).filter(({ from, to }) => to >= faultAt && from <= over)
    return {
      silenceMs: back ? (longest(gaps)?.ms ?? 0) : undefined,
      acknowledged: verdict.acknowledged,
      lost: verdict.lost.length,
    }
  } finally {
    await stop()
    rmSync(dir, { recursive: true })
  }
}
