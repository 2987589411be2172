import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseLedger } from '../../src/cluster/drill/ledger.ts'
import type { DrillResult, RunResult } from '../../src/cluster/drill/result.ts'
import type { Verified } from '../../src/cluster/drill/verify.ts'
import { checkSchema } from '../../src/schema/validate.ts'
import { parseYaml } from '../../src/schema/yaml.ts'
import { stackLab } from './contract/stack.ts'
import { PATRONI } from '../stacks/patroni/lab.ts'
import { expectCode, MAIN, measured, must, ROOT, seconds, start } from './support/programs.ts'
import { eventually } from './support/wait.ts'
import { membersOf } from '../../src/cluster/members.ts'

/** Times are not what is tested here: the machine may be shared. */
const PATIENCE = ['--patience', '4']

/** Debian's own certificate, which the account postgres may read. */
const TLS = `
      ssl: 'on'
      ssl_cert_file: /etc/ssl/certs/ssl-cert-snakeoil.pem
      ssl_key_file: /etc/ssl/private/ssl-cert-snakeoil.key`

// Clients are let in with TLS only: those of a drill must use it.
const lab = stackLab(PATRONI, 'drill', {
  edits: [
    ['- host all all', '- hostssl all all'],
    ['    settings:', `    settings:${TLS}`],
  ],
})

beforeAll(async () => {
  await lab.up()
  expectCode(await lab.apply('--yes'), 0)
  await lab.healthy()
})
afterAll(() => lab.down())

const schema = JSON.parse(readFileSync(join(ROOT, 'schemas/drill.schema.json'), 'utf8')) as object

async function drill(...args: readonly string[]): Promise<DrillResult> {
  const ended = await must(0, 'drill', ...args, lab.inventory, '--format', 'json', ...PATIENCE)
  const result = JSON.parse(ended.stdout) as DrillResult
  const { where } = parseYaml(ended.stdout, 'result.json')
  expect(checkSchema(schema, result, { area: 'drill', where })).toEqual([])
  return result
}

/** The folder of the newest drill. */
const folder = (): string => {
  const drills = join(lab.dir, '.hactl/drills')
  return join(drills, readdirSync(drills).toSorted().at(-1) ?? '')
}

function tell({ outage, rejoin, scenario, verdicts }: RunResult): void {
  const parts = outage?.parts.map(({ parts: names, ms }) => `${names.join('+')} ${seconds(ms)}`)
  measured(`${scenario}: no writes for`, `${seconds(outage?.ms ?? 0)} (${parts?.join(', ')})`)
  measured(
    `${scenario}: acknowledged, ghosts`,
    `${verdicts.rejoin?.acknowledged}, ${verdicts.rejoin?.ghosts}`,
  )
  measured(
    `${scenario}: rejoined after`,
    `${seconds(rejoin?.ms ?? 0)}, ${rejoin?.helped.join(', ') || 'alone'}`,
  )
}

const psql = (node: string, sql: string): Promise<string> =>
  lab.sh(node, `cd /; runuser -u postgres -- psql -XAtqw -v ON_ERROR_STOP=1 -d app <<'SQL'\n${sql}\nSQL`)

describe('drills on a real cluster', () => {
  test('a cluster that no lab wrote is left alone without its name', async () => {
    const copy = join(lab.dir, 'copy.yml')
    await lab.healthy()
    writeFileSync(copy, readFileSync(lab.inventory, 'utf8'))
    const refused = await must(5, 'drill', 'kill-postgres', copy)
    expect(refused.stderr).toContain('--on-real-hosts labcluster')
    const real = ['--on-real-hosts', 'labcluster']
    expect((await must(5, 'drill', 'power-off', copy, ...real)).stderr).toContain('only in a lab')
    expect((await must(5, 'drill', 'cut-primary', copy, ...real)).stderr).toContain('needs --destructive')
    const clock = await must(5, 'drill', 'clock-jump', lab.inventory)
    expect(clock.stderr).toContain("this driver cannot: a container shares this machine's clock")
  })

  test('hactl is killed during a cut: the host heals it by itself', async () => {
    await lab.healthy()
    const argv = [process.execPath, MAIN, 'drill', 'cut-standby', lab.inventory, '--undo-after', '15s']
    const drilling = start([...argv, ...PATIENCE])
    const left = async (): Promise<string> =>
      [
        ...(
          await lab.shAll('nft list tables; systemctl list-timers --all | grep hactl-drill || true')
        ).values(),
      ]
        .join('\n')
        .trim()
    await eventually('the standby is cut off', async () => (await left()).includes('hactl_drill_0'))
    drilling.kill('SIGKILL')
    expect((await drilling.ended).code).toBe(null)
    await eventually('nothing of the drill is left', async () => (await left()) === '', 45_000)
    await lab.healthy()
  })

  test('the primary is powered off: no acknowledged write is lost, and all is as it was', async () => {
    const before = await lab.healthy()
    const { runs, passed, loss } = await drill('power-off')
    const [run] = runs
    if (run === undefined) throw new Error('no run')
    tell(run)
    expect(run.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(passed).toBe(true)
    expect(run.primary).toBe(before.primary)
    expect(run.after).not.toBe(before.primary)
    expect(run.verdicts.failover?.lost).toEqual([])
    expect(run.verdicts.rejoin?.lost).toEqual([])
    expect(run.verdicts.rejoin?.acknowledged).toBeGreaterThan(200)
    expect(new Set(Object.values(run.checksums)).size).toBe(1)
    expect(Object.keys(run.checksums)).toEqual(lab.nodes)
    expect(run.outage?.parts.at(-1)?.parts).toContain('reconnect')
    expect(loss).toMatchObject({ runs: 1, withLoss: 0 })
    const left = await psql(
      run.after ?? '',
      "select count(*) from pg_namespace where nspname = 'hactl_drill'",
    )
    expect(left).toBe('0')
    expect((await must(0, 'history', lab.inventory)).stdout).toContain('drill power-off')
  })

  test('a planted loss, duplicate and diverged standby are found', async () => {
    const { runs } = await drill('kill-postgres', '--keep')
    const [run] = runs
    if (run === undefined) throw new Error('no run')
    tell(run)
    // A member that had to be copied anew keeps its old data beside; status says so until somebody removes it.
    await lab.shAll('rm -rf /var/lib/postgresql/15/main.[0-9]*')
    const verify = async (code: number): Promise<Verified> => {
      const args = ['--verify', folder(), '--format', 'json']
      return JSON.parse((await must(code, 'drill', lab.inventory, ...args)).stdout) as Verified
    }
    expect((await verify(0)).checks.filter(({ ok }) => !ok)).toEqual([])

    const status = await lab.healthy()
    const primary = status.primary ?? ''
    const standby =
      membersOf(status).find(({ name }) => name !== primary && name !== status.candidate)?.name ?? ''
    // The standby gets the heap of a copy of the table that lacks a row: its WAL, its position and its checksums of
    // pages stay right, only what it holds is not what the primary holds.
    const missing = await psql(primary, 'select min(id) from hactl_drill.writes')
    await psql(
      primary,
      `create table hactl_drill.other as select * from hactl_drill.writes where id <> ${missing}; checkpoint`,
    )
    // A standby replays from its last restart point: what it replays again would mend the file.
    const redo = 'select redo_lsn from pg_control_checkpoint()'
    await eventually('a restart point at the checkpoint of the primary', async () => {
      // Asked for each time: the primary may make a further checkpoint meanwhile, as after its promotion.
      const point = await psql(primary, redo)
      return (await psql(standby, `checkpoint; ${redo}`)) === point
    })
    const paths = await psql(
      primary,
      "select pg_relation_filepath('hactl_drill.other') || ' ' || pg_relation_filepath('hactl_drill.writes')",
    )
    await lab.sh(standby, 'systemctl stop patroni')
    await lab.sh(
      standby,
      `cd /var/lib/postgresql/15/main && set -- ${paths} && cp -- "$1" "$2" && rm -f "$2_vm" "$2_fsm"`,
    )
    await lab.sh(standby, 'systemctl start patroni')
    await lab.healthy()
    const diverged = await verify(1)
    expect(diverged.divergences).toEqual([
      { member: standby, missing: [Number(missing)], extra: [], different: [] },
    ])
    expect(diverged.verdict.lost).toEqual([])

    // Plain rows: one that steps a counter would miss there too.
    const ledger = parseLedger(readFileSync(join(folder(), run.ledger), 'utf8'))
    const rows = [...ledger.writes.values()].filter(({ kind, result }) => kind === 'row' && result === 'ack')
    const [lost = 0, twice = 0] = rows.slice(20).map(({ id }) => id)
    await psql(
      primary,
      `delete from hactl_drill.writes where id = ${lost};
insert into hactl_drill.writes (id, part, worker) select id, part, worker from hactl_drill.writes where id = ${twice};
insert into hactl_drill.writes (id, part, worker) values (99999999, 0, 0);
update hactl_drill.counters set n = n + 1 where worker = 2`,
    )
    const planted = await verify(1)
    expect(planted.verdict.lost.map(({ id }) => id)).toEqual([lost])
    expect(planted.verdict.duplicates).toEqual([twice])
    expect(planted.verdict.impossible).toEqual([99_999_999])
    expect(planted.verdict.counters.map(({ worker }) => worker)).toEqual([2])
    const text = await must(1, 'drill', lab.inventory, '--verify', folder())
    expect(text.stdout).toContain('✗ no acknowledged write is lost: 1 acknowledged writes are lost')
    expect(text.stdout).toContain(`✗ every member holds the same: ${standby} differs`)

    await psql(primary, 'drop schema hactl_drill cascade')
    await must(0, 'run', 'rebuild-standby', lab.inventory, '--on', standby, '--yes')
  })
})
