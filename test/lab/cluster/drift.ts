import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { postmasterStart } from './snapshot.ts'
import {
  differences,
  expectCode,
  expectEmptyPlan,
  measured,
  roles,
  seconds,
  type Lab,
  type RunJson,
} from './support.ts'

/** One difference: where it is made, how, and what the plan must say of it. */
interface Seed {
  readonly what: string
  readonly node: string
  readonly script: string
  /** Host, task and impact as the plan shows them. */
  readonly shows: readonly (readonly [host: string, task: string, impact: string])[]
}

const sql = (text: string): string => `runuser -u postgres -- psql -XAtqw -d postgres -c "${text}"`
const CONF = '/etc/postgresql/15/main/conf.d/hactl.conf'

function seedsFor(lab: Lab, primary: string, [one = '', two = '']: readonly string[]): readonly Seed[] {
  const [first = ''] = lab.nodes
  return [
    {
      what: 'a setting edited in its file',
      node: one,
      script: `sed -i "s/^wal_retrieve_retry_interval.*/wal_retrieve_retry_interval = '7s'/" ${CONF}; ${sql('select pg_reload_conf()')}`,
      shows: [[one, "Every member has the cluster's settings", 'reload']],
    },
    {
      what: 'a role dropped',
      node: primary,
      script: sql('drop role report'),
      shows: [[primary, 'Applications have their roles', 'none']],
    },
    {
      what: 'a line of pg_hba.conf edited',
      node: two,
      script: "sed -i 's/^\\(host all all 10.77.0.0.24\\) .*/\\1 trust/' /etc/postgresql/15/main/pg_hba.conf",
      shows: [[two, 'Every member lets standbys and clients in', 'reload']],
    },
    {
      what: 'a unit stopped',
      node: two,
      script: 'systemctl stop pcsd',
      shows: [[two, 'pcsd runs', 'none']],
    },
    {
      what: 'a wrong mode',
      node: one,
      script: 'chmod 0600 /etc/postgresql-common/createcluster.d/hactl.conf',
      shows: [[one, "PostgreSQL's packages make no cluster of their own", 'none']],
    },
    {
      what: 'a constraint removed',
      node: first,
      script: `pcs constraint delete "$(cibadmin --query --xpath '//constraints/rsc_location[@rsc="vip-reader"]' | sed -n 's/.*<rsc_location id="\\([^"]*\\)".*/\\1/p' | head -1)"`,
      shows: [[first, 'The VIPs follow the roles', 'none']],
    },
    {
      what: 'a cluster property changed',
      node: first,
      script: 'pcs property set cluster-recheck-interval=77s',
      shows: [[first, 'The cluster has its properties', 'none']],
    },
    {
      what: 'a package removed',
      node: one,
      script: 'DEBIAN_FRONTEND=noninteractive apt-get remove -y -q pcs >/dev/null',
      shows: [
        [one, 'Corosync, Pacemaker, pcs and PostgreSQL are installed', 'none'],
        [one, 'pcsd runs', 'none'],
      ],
    },
    {
      what: '/etc/hosts edited',
      node: two,
      script: `sed -i '/10.77.0.11/d' /etc/hosts`,
      shows: [[two, 'Every member is in /etc/hosts', 'none']],
    },
    {
      what: 'ALTER SYSTEM',
      node: primary,
      script: `${sql("alter system set wal_receiver_status_interval = '9s'")}; ${sql('select pg_reload_conf()')}`,
      shows: [[primary, "Every member has the cluster's settings", 'reload']],
    },
  ]
}

const shown = (run: RunJson): readonly string[] =>
  run.results
    .flatMap((result) =>
      result.status === 'changed' || result.status === 'unknown'
        ? [`${result.host} | ${result.name} | ${result.impact}`]
        : [],
    )
    .toSorted()

/** Drift is found, shown with what mending it interrupts, and mended without a restart that was not announced. */
export function driftTests(lab: Lab): void {
  test('ten seeded differences: plan shows exactly these, apply mends them, the primary is not restarted', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const started = await postmasterStart(lab, primary)
    const seeds = seedsFor(lab, primary, standbys)
    expect(seeds).toHaveLength(10)
    for (const { node, script } of seeds) await lab.sh(node, `set -e\n${script}`)
    const plan = await lab.plan('--exit-code')
    expect(plan.code).toBe(3)
    const wanted = seeds.flatMap((seed) => seed.shows.map((show) => show.join(' | '))).toSorted()
    expect(shown(plan)).toEqual(wanted)
    const ended = await lab.apply('--yes')
    expectCode(ended, 0)
    expect(ended.stdout).toContain('second plan empty')
    await expectEmptyPlan(lab)
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    expect(await postmasterStart(lab, primary)).toBe(started)
    measured('differences shown, mended in', `${wanted.length}, ${seconds(ended.ms)}`)
  })

  test('a setting that needs a restart is refused with exit 5 and changes nothing until it is allowed', async () => {
    const { primary, standbys } = roles(await lab.healthy())
    const before = await Promise.all(lab.nodes.map((node) => postmasterStart(lab, node)))
    const text = readFileSync(lab.inventory, 'utf8')
    expect(text).toContain('max_connections: 60')
    writeFileSync(lab.inventory, text.replace('max_connections: 60', 'max_connections: 70'))
    const plan = await lab.plan()
    expect(plan.summary?.impact).toBe('restart-primary')
    const impacts = new Set(
      plan.results.flatMap((each) => ('impact' in each && each.host ? [`${each.impact}`] : [])),
    )
    expect([...impacts]).toContain('restart-primary')
    const refused = await lab.apply()
    expectCode(refused, 5)
    expect(refused.stdout + refused.stderr).toContain('--allow restart-primary')
    expect(await Promise.all(lab.nodes.map((node) => postmasterStart(lab, node)))).toEqual(before)
    expect(differences(await lab.plan())).toEqual(differences(plan))
    const ended = await lab.apply('--allow', 'restart-primary')
    expectCode(ended, 0)
    const after = new Map<string, string>()
    for (const node of lab.nodes) after.set(node, await postmasterStart(lab, node))
    for (const [index, node] of lab.nodes.entries()) expect(after.get(node)).not.toBe(before[index])
    for (const node of standbys)
      expect(Date.parse(after.get(node) ?? '')).toBeLessThan(Date.parse(after.get(primary) ?? ''))
    const status = await lab.healthy()
    expect(status.primary).toBe(primary)
    for (const node of lab.nodes) expect(await lab.sh(node, sql('show max_connections'))).toBe('70')
    await expectEmptyPlan(lab)
    measured('restart of every member', seconds(ended.ms))
  })
}

/** Leaves the cluster with another profile: the last test of a lab. */
export function profileTests(lab: Lab): void {
  // Pacemaker restarts PostgreSQL for a changed attribute of its resource, seconds after it was changed.
  test('another timing profile restarts PostgreSQL, and apply ends when it serves again', async () => {
    await lab.healthy()
    const text = readFileSync(lab.inventory, 'utf8')
    expect(text).toContain('timing: fast')
    writeFileSync(lab.inventory, text.replace('timing: fast', 'timing: normal'))
    expect((await lab.plan()).summary?.impact).toBe('restart-primary')
    const ended = await lab.apply('--allow', 'restart-primary')
    const status = await lab.status()
    expectCode(ended, 0)
    expect(ended.stdout).toContain('second plan empty')
    expect(status.health).toBe('healthy')
    measured('another timing', seconds(ended.ms))
  })
}
