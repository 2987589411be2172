import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ClusterStatus, Problem } from '../../src/cluster/status.ts'
import { startWriter } from './cluster/client.ts'
import {
  eventually,
  expectCode,
  expectEmptyPlan,
  hactl,
  labOf,
  LAYER,
  measured,
  must,
  roles,
  seconds,
} from './cluster/support.ts'
import { membersOf } from '../../src/cluster/members.ts'

/** A primary that is lost under a writing client, and its way back by the command that status names. */
const lab = labOf('rbstack', { nodes: 3, with: LAYER })

beforeAll(async () => {
  await lab.up()
  expectCode(await lab.apply('--yes'), 0)
})
afterAll(() => lab.down())

/** A crash behind a commit that nobody else has, and the mark of the start that the lock refused. */
const COMMITS = `cd /var/lib/postgresql/15/main; rm -f postmaster.pid standby.signal
runuser -u postgres -- sh -euc '
  PATH=/usr/lib/postgresql/15/bin:$PATH
  file=/etc/postgresql/15/main/postgresql.conf
  pg_ctl -D . -w -o "-c config_file=$file -c synchronous_standby_names= -c port=5999" start
  psql -Xq -p 5999 -d postgres -c "create table only_here ()"
  pg_ctl -D . -m immediate stop
  touch standby.signal' >/dev/null`

/** Healthy, with or without directories set aside. */
async function recovered(): Promise<ClusterStatus> {
  await eventually('the cluster is healthy', async () => (await lab.status()).health === 'healthy', 120_000)
  return lab.status()
}

/** Breaks the primary while a client writes; resolves with its name when another one takes writes. */
async function lose(fault: string, ...options: readonly string[]): Promise<string> {
  const { primary } = roles(await recovered())
  const writer = await startWriter(lab)
  await writer.writes(20)
  await lab.lab('break', fault, primary, ...options)
  await eventually(
    'another primary',
    async () => {
      const now = (await lab.status()).primary
      return now !== undefined && now !== primary
    },
    90_000,
  )
  await writer.writes(20)
  const { acknowledged, gapMs, lost } = await writer.stop()
  expect(lost).toEqual([])
  measured(`${fault}: longest time without a write`, `${gapMs} ms, ${acknowledged} rows, 0 lost`)
  return primary
}

/** The problem of a member for which status has a runbook of its own. */
async function problemOf(member: string): Promise<Problem> {
  let found: Problem | undefined
  await eventually(`status names a command for ${member}`, async () => {
    const { problems } = await lab.status()
    found = problems.find((each) => each.member === member && / re\w+-standby /.test(each.next ?? ''))
    return found !== undefined
  })
  return found as Problem
}

describe('a primary that is lost', () => {
  test('whose PostgreSQL is killed is out until rebuild-standby copies it anew and keeps its old data', async () => {
    const former = await lose('kill-process', '--opt', 'name=postgres')
    const { code } = await problemOf(former)
    expect(code).toBe('standby/lock-left')
    const status = await hactl('status', lab.inventory)
    expectCode(status, 1)
    expect(status.stdout).toContain('degraded')
    expect(status.stdout).toContain(`hactl run repair-standby ${lab.inventory} --on ${former}`)

    const { primary } = roles(await lab.status())
    const refused = await hactl('run', 'rebuild-standby', lab.inventory, '--yes', '--on', primary)
    expectCode(refused, 5)

    const { ms } = await must(0, 'run', 'rebuild-standby', lab.inventory, '--yes', '--on', former)
    measured('rebuild-standby', seconds(ms))
    const after = await recovered()
    const aside = after.problems.filter((each) => each.code === 'data/aside')
    expect(aside.map((each) => each.member)).toEqual([former])
    expect(await lab.sh(former, 'ls -d /var/lib/postgresql/15/main.*')).toMatch(/^\S+main\.\d{8}T\d{6}Z$/)
    await expectEmptyPlan(lab)
  })

  test('that loses power comes back by the command that status names, and loses commits only with consent', async () => {
    const former = await lose('power-off')
    await lab.lab('heal', former)
    const { next = '' } = await problemOf(former)
    const [, ...words] = next.split(' ')
    await lab.sh(former, COMMITS)
    const refused = await hactl(...words, '--yes')
    expectCode(refused, 1)
    expect(refused.stdout + refused.stderr).toMatch(/has [1-9]\d* commits? in more than [1-9]\d* bytes/)
    const { ms } = await must(0, ...words, '--yes', '--accept-data-loss')
    measured(`${words[1]} with consent`, seconds(ms))
    const found = `cd /; runuser -u postgres -- psql -XAtqd postgres -c "select to_regclass('only_here') is null"`
    expect(await lab.sh(former, found)).toBe('t')
    const members = membersOf(await recovered())
    expect(members.find((member) => member.name === former)?.replication?.state).toBe('streaming')
    await expectEmptyPlan(lab)
  })
})
