import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Session } from '../../src/engine/context.ts'
import type { EngineEvent, RunSummary } from '../../src/engine/events.ts'
import { loadPlaybook } from '../../src/engine/playbook.ts'
import { createProber } from '../../src/engine/prober.ts'
import { runPlaybook } from '../../src/engine/run.ts'
import { openHosts } from '../../src/engine/sessions.ts'
import type { Opened } from '../../src/engine/sessions.ts'
import { loadInventory } from '../../src/inventory/load.ts'
import type { LoadedInventory } from '../../src/inventory/load.ts'
import { nspawn } from '../../src/lab/nspawn/driver.ts'
import { Secret } from '../../src/lib/secret.ts'
import { REGISTRY } from '../../src/modules/index.ts'
import { createTemplates } from '../../src/template/template.ts'
import { connect } from '../../src/transport/connect.ts'

const LAB = 'mpcs'
const NODES = ['pg1', 'pg2'] as const
const PASSWORD = new Secret('lab-only-Pw1')
const PACKAGES = ['pacemaker', 'corosync', 'pcs', 'pacemaker-cli-utils', 'resource-agents', 'fence-agents']
const quiet = (): void => undefined

let loaded: LoadedInventory
let opened: Opened

/** What is wanted; every test compares the real cluster with it. */
const WANTED = `
  - name: Authentication
    hosts: all
    tasks:
      - name: pcs may command both
        pcs_auth: &auth
          hosts:
            - { name: pg1, addresses: "{{ hosts.pg1.links }}" }
            - { name: pg2, addresses: "{{ hosts.pg2.links }}" }
          password: "{{ secrets.hacluster }}"
  - name: Cluster
    hosts: pg1
    tasks:
      - name: The cluster exists
        pcs_cluster:
          name: labcluster
          hosts:
            - { name: pg1, addresses: "{{ hosts.pg1.links }}" }
            - { name: pg2, addresses: "{{ hosts.pg2.links }}" }
          totem: { token: 2000 }
      - name: Both are in it
        pcs_wait: { online: [pg1, pg2] }
        timeout: 90s
      - name: Properties
        pcs_property: { properties: { stonith-enabled: false, no-quorum-policy: ignore, cluster-recheck-interval: 60s } }
      - name: Defaults
        pcs_defaults: { resource: { resource-stickiness: 100 }, operation: { timeout: 30s } }
      - name: A promotable resource
        pcs_resource:
          name: st
          type: ocf:pacemaker:Stateful
          attributes: { envfile: /run/st.env }
          operations:
            - { name: monitor, interval: 10s, timeout: 20s }
            - { name: monitor, interval: 9s, timeout: 20s, role: Promoted }
          promotable: { name: st-clone, meta: { promoted-max: 1, notify: true } }
      - name: A resource beside it
        pcs_resource: { name: d, type: "ocf:pacemaker:Dummy", operations: [{ name: monitor, interval: 5s }] }
      - name: Constraints
        pcs_constraint:
          constraints:
            - { kind: colocation, resource: d, with: st-clone, with_role: Promoted }
            - { kind: order, first: st-clone, first_action: promote, next: d, next_action: start, symmetrical: false }
            - { kind: location, resource: d, rule: "#uname eq pg1", score: 10 }
      - name: The second node takes part
        pcs_node: { node: pg2, standby: false, maintenance: false, attributes: { data-status: LATEST } }
      - name: It is promoted
        pcs_wait: { resource: st-clone, role: Promoted }
        timeout: 60s
`

interface Outcome {
  readonly summary: RunSummary
  /** `task: field field` of every state that would change or has changed; waiting is no change. */
  readonly changes: readonly string[]
  readonly codes: readonly string[]
  /** Round trips of pg1 in this run. */
  readonly trips: number
}

const tripsOf = (node: string): number => opened.sessions.get(node)?.transport.stats().roundTrips ?? 0

async function go(mode: 'plan' | 'apply', plays = WANTED): Promise<Outcome> {
  const dir = mkdtempSync(join(tmpdir(), 'hactl-pcs-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  const file = join(dir, 'playbook.yml')
  writeFileSync(file, `name: test\nplays:${plays}`)
  const events: EngineEvent[] = []
  const before = tripsOf('pg1')
  const sessions = new Map<string, Session>(
    [...opened.sessions].map(([name, { transport }]) => [
      name,
      { transport, prober: createProber(transport) },
    ]),
  )
  const summary = await runPlaybook(
    {
      registry: REGISTRY,
      templates: createTemplates(),
      hosts: loaded.inventory.hosts,
      groups: loaded.inventory.groups,
      select: (pattern) => NODES.filter((name) => pattern === 'all' || pattern === name),
      sessions,
      failures: opened.failures,
      vars: { secrets: { hacluster: PASSWORD } },
      lookup: () => undefined,
      emit: (event) => events.push(event),
      mask: (text) => text,
      forks: 2,
      verbose: 0,
      allowed: 'destructive',
    },
    { playbook: loadPlaybook(file, REGISTRY), mode },
  )
  const results = events.filter((event) => event.kind === 'task-result')
  return {
    summary,
    trips: tripsOf('pg1') - before,
    changes: results.flatMap(({ task, result }) =>
      result.status === 'changed' && result.changes.length > 0
        ? [`${task.name}: ${result.changes.map(({ field }) => field).join(' ')}`]
        : [],
    ),
    codes: results.flatMap(({ result }) => ('error' in result ? [result.error.code] : [])),
  }
}

async function on(node: (typeof NODES)[number], script: string, stdin?: Secret): Promise<string> {
  const command = { argv: ['sh', '-ec', script], ...(stdin && { stdin }) }
  const [result] = (await opened.sessions.get(node)?.transport.batch([command])) ?? []
  if (result?.code !== 0) throw new Error(`${node}: ${script}: ${result?.code} ${result?.stderr}`)
  return result.stdout
}

const epoch = async (): Promise<string> =>
  /epoch="\d+" num_updates/.exec(await on('pg1', 'cibadmin --query'))?.[0] ?? 'none'

beforeAll(async () => {
  await nspawn.down(LAB, quiet)
  const state = await nspawn.up({ name: LAB, nodes: NODES, release: 'bookworm', packages: PACKAGES }, quiet)
  loaded = await loadInventory(state.inventory)
  opened = await openHosts([...loaded.inventory.hosts.values()], { connect, forks: 2 })
  if (opened.failures.size > 0) throw new Error(JSON.stringify([...opened.failures]))
  const login = PASSWORD.map((plain) => `hacluster:${plain}\n`)
  for (const node of NODES) await on(node, 'chpasswd; systemctl enable --now pcsd >/dev/null 2>&1', login)
})

afterAll(async () => {
  await opened?.close()
  await nspawn.down(LAB, quiet)
})

test('a first apply makes the cluster and everything in it', async () => {
  const { summary, codes } = await go('apply')
  expect(codes).toEqual([])
  expect(summary.outcome).toBe('done')
  expect(await on('pg2', 'crm_mon -1')).toMatch(/Promoted: \[ pg[12] \]/)
})

test('a second apply finds no difference and leaves the CIB and corosync.conf as they are', async () => {
  const look = async () => [await epoch(), await on('pg1', 'sha256sum /etc/corosync/corosync.conf')]
  const before = await look()
  const { summary, changes } = await go('apply')
  expect(changes).toEqual([])
  expect(summary.outcome).toBe('done')
  expect(await look()).toEqual(before)
})

test('all tasks on the cluster share one reading of it', async () => {
  // Readings side by side, then the waits, whose second look depends on the first.
  expect((await go('plan')).trips).toBeLessThanOrEqual(4)
})

test.each([
  [
    'a property',
    'crm_attribute --type crm_config --name no-quorum-policy --update freeze',
    'Properties: properties.no-quorum-policy',
  ],
  [
    'a default',
    'crm_attribute --type rsc_defaults --name resource-stickiness --delete',
    'Defaults: resource.resource-stickiness',
  ],
  [
    'an attribute of an agent',
    'crm_resource --resource st --set-parameter envfile --parameter-value /tmp/x',
    'A promotable resource: attributes.envfile',
  ],
  [
    'an operation',
    'pcs resource update st op monitor interval=10s timeout=99s',
    'A promotable resource: operations.monitor 10s.timeout',
  ],
  [
    'a meta attribute of the clone',
    'crm_resource --resource st-clone --meta --set-parameter notify --parameter-value false',
    'A promotable resource: clone_meta.notify',
  ],
  [
    'a constraint that is gone',
    `cibadmin --delete --xpath '//rsc_colocation[@rsc="d"]'`,
    'Constraints: constraints.colocation d with Promoted st-clone',
  ],
  [
    'a score and a stray of its own',
    'pcs constraint location add hactl.stray d pg2 5',
    'Constraints: constraints.location d on pg2',
  ],
  [
    'a node in standby',
    'crm_attribute --node pg2 --name standby --update on',
    'The second node takes part: standby',
  ],
  [
    'the token of totem',
    'pcs cluster config update totem token=1000 >/dev/null 2>&1',
    'The cluster exists: totem.token',
  ],
])('%s that differs is the only difference, and is mended', async (_, drift, expected) => {
  await on('pg1', drift)
  expect((await go('plan')).changes).toEqual([expected])
  const { summary, changes } = await go('apply')
  expect(summary.outcome).toBe('done')
  expect(changes).toEqual([expected])
  expect((await go('plan')).changes).toEqual([])
})

const promoted = async (): Promise<string> =>
  /Promoted: \[ (pg\d) \]/.exec(await on('pg1', 'crm_mon -1'))?.[1] ?? 'none'
const bans = async (): Promise<unknown> => {
  const session = opened.sessions.get('pg1')
  if (!session) throw new Error('pg1 is not open')
  return REGISTRY.facts.get('pcs.left_bans')?.read(createProber(session.transport).probe, {})
}
const move = (node: string): string => `
  - name: Move
    hosts: pg1
    tasks:
      - name: The role is there
        pcs_move: { resource: st-clone, node: ${node} }
`

test('a move puts the role on the node and leaves no constraint; again it does nothing', async () => {
  const target = (await promoted()) === 'pg1' ? 'pg2' : 'pg1'
  expect((await go('apply', move(target))).summary).toMatchObject({ outcome: 'done', changed: 1 })
  expect(await promoted()).toBe(target)
  expect(await bans()).toEqual([])
  expect((await go('apply', move(target))).summary).toMatchObject({ outcome: 'done', changed: 0 })
})

test('a ban that a killed move left behind is found, and the next move removes it', async () => {
  const target = await promoted()
  const other = target === 'pg1' ? 'pg2' : 'pg1'
  await on('pg1', `crm_resource --ban --resource st-clone --node ${other} --promoted`)
  expect(await bans()).toMatchObject([
    { id: `cli-ban-st-clone-on-${other}`, resource: 'st-clone', node: other },
  ])
  expect((await go('plan')).changes).toEqual([])
  expect((await go('apply', move(target))).summary.outcome).toBe('done')
  expect(await bans()).toEqual([])
})

test('a cluster of another name is refused and not touched', async () => {
  const before = await epoch()
  const { codes, summary } = await go('apply', WANTED.replace('name: labcluster', 'name: othercluster'))
  expect(codes).toEqual(['pcs/other-cluster'])
  expect(summary.outcome).not.toBe('done')
  expect(await epoch()).toBe(before)
})
