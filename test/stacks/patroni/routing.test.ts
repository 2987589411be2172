import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reveal, Secret } from '../../../src/lib/secret.ts'
import { check } from '../../../src/stacks/patroni/check.ts'
import { connectionStrings } from '../../../src/cluster/connect.ts'
import { derive } from '../../../src/stacks/patroni/derive.ts'
import { addressLifetime } from '../../../src/stacks/patroni/routing.ts'
import { timingOf } from '../../../src/stacks/patroni/timing.ts'
import { createTemplates } from '../../../src/template/template.ts'
import { clusterOf, host, HOSTS } from './cluster.ts'

type Raw = Parameters<typeof clusterOf>[0]

const golden = (name: string): string => join(import.meta.dirname, 'golden', name)
const PLAIN = { etcd: { tls: false }, patroni: { rest: { tls: false } } }
const PROXIES = [
  ...HOSTS,
  host('lb1', '10.77.0.31', {}, ['proxy']),
  host('lb2', '10.77.0.32', { nic: 'ens3' }, ['proxy']),
]

/** A template as a host gets it. */
function render(template: string, raw: Raw = {}, hosts = HOSTS, name = 'pg1'): string {
  const cluster = clusterOf(raw, hosts)
  const rendered = createTemplates().render(
    readFileSync(join(import.meta.dirname, '../../../templates/patroni', `${template}.hbs`), 'utf8'),
    {
      inventory_hostname: name,
      address: hosts.find((each) => each.name === name)?.connection.address,
      secrets: {
        keepalived_password: new Secret('0123456789'),
        etcd_patroni_password: new Secret('for etcd'),
      },
      cluster: { ...cluster.vars, ...derive(cluster) },
    },
  )
  return reveal(rendered as string | Secret)
}

const routing = (raw: Raw, hosts = HOSTS) =>
  derive(clusterOf(raw, hosts))['ways'] as {
    readonly on: Readonly<Record<string, readonly string[]>>
    readonly off: Readonly<Record<string, readonly string[]>>
    readonly service_port: number
  }

describe('files of each way', () => {
  test.each([
    ['vip', {}],
    ['vip-callback', { patroni: { callbacks: { on_role_change: '/opt/tell', on_reload: '/opt/x' } } }],
    ['vip-service', {}],
    ['vip-sudoers', {}],
  ])('callback: %s', async (template, raw) => {
    await expect(render(template, raw)).toMatchFileSnapshot(golden(`${template}.txt`))
  })

  test('callback: a named interface, a label and no TLS', () => {
    const script = render('vip', {
      ...PLAIN,
      writer_vip: { address: '10.77.0.20/24', label: '1' },
    })
    expect(script).toContain('\nnic=eth0\nlabel=1\n')
    expect(script).toContain('\nurl=http://10.77.0.11:8008/primary\n')
    expect(script).not.toContain('--cacert')
    const bare = [host('pg1', '10.77.0.11', { nic: null }), ...HOSTS.slice(1)]
    expect(render('vip', {}, bare)).toContain('\nnic=\nlabel=\n')
  })

  test.each(['fast', 'normal', 'safe'])('haproxy, timing %s', async (timing) => {
    const raw = { routing: { by: 'haproxy' }, writer_vip: undefined, timing }
    await expect(render('haproxy.cfg', raw)).toMatchFileSnapshot(golden(`haproxy-${timing}.cfg`))
  })

  test('haproxy without TLS asks in the clear', () => {
    const raw = { routing: { by: 'haproxy' }, writer_vip: undefined, ...PLAIN }
    expect(render('haproxy.cfg', raw)).toContain('server pg1 10.77.0.11:5432 check port 8008\n')
  })

  test('keepalived on proxies of their own', async () => {
    const raw = { routing: { by: 'haproxy' }, writer_vip: { address: '10.77.0.20/24', label: 'w' } }
    const file = render('keepalived.conf', raw, PROXIES, 'lb2')
    await expect(file).toMatchFileSnapshot(golden('keepalived.conf'))
    expect(render('keepalived-alive', raw, PROXIES, 'lb2')).toContain('http://127.0.0.1:7000/')
  })

  test('vip-manager, with TLS and a password, and without', async () => {
    const raw = { routing: { by: 'vip-manager' } }
    await expect(render('vip-manager.yml', { ...raw, etcd: { auth: true } })).toMatchFileSnapshot(
      golden('vip-manager-tls.yml'),
    )
    const plain = { ...raw, ...PLAIN, patroni: { ...PLAIN.patroni, scope: 's', namespace: '/db/' } }
    await expect(render('vip-manager.yml', plain)).toMatchFileSnapshot(golden('vip-manager-plain.yml'))
  })

  test.each([
    'haproxy-service',
    'keepalived-service',
    'keepalived-check',
    'vip-manager-service',
    'vip-manager-keeper',
  ])('%s', async (template) => {
    await expect(render(template)).toMatchFileSnapshot(golden(`${template}.txt`))
  })
})

describe('one way at a time', () => {
  test.each([
    ['callback', ['callback']],
    ['vip-manager', ['vip_manager']],
    ['haproxy', ['haproxy', 'keepalived']],
    ['none', []],
  ])('%s: every host of the cluster is told to have it or not', (by, wanted) => {
    const { on, off } = routing({ routing: { by } }, PROXIES)
    const used = Object.entries(on).flatMap(([way, names]) => (names.length > 0 ? [way] : []))
    expect(used).toEqual(wanted)
    for (const way of Object.keys(on)) {
      expect([...(on[way] ?? []), ...(off[way] ?? [])].toSorted()).toEqual([
        'lb1',
        'lb2',
        'pg1',
        'pg2',
        'pg3',
      ])
    }
  })

  test('members are the proxies when no others are named, and keepalived is for an address only', () => {
    const { on } = routing({ routing: { by: 'haproxy' }, writer_vip: undefined })
    expect(on).toMatchObject({ haproxy: ['pg1', 'pg2', 'pg3'], keepalived: [] })
  })

  test('the port behind writer_vip is that of the proxy or of PostgreSQL', () => {
    expect(routing({ postgres: { port: 15_432 } }).service_port).toBe(15_432)
    expect(routing({ routing: { by: 'haproxy' } }, PROXIES).service_port).toBe(5000)
  })

  test("Patroni calls hactl's script where it carries the address, else the user's own only", () => {
    const callbacks = (raw: Raw) => derive(clusterOf(raw))['callbacks']
    const patroni = { callbacks: { on_role_change: '/opt/tell', on_reload: '/opt/reloaded' } }
    expect(callbacks({ patroni })).toMatchObject({
      on_reload: '/opt/reloaded',
      on_role_change: '/usr/local/lib/hactl/patroni-callback',
    })
    const none = { routing: { by: 'none' }, writer_vip: undefined }
    expect(callbacks({ ...none, patroni })).toEqual(patroni.callbacks)
    expect(callbacks(none)).toBeNull()
  })
})

test.each(['fast', 'normal', 'safe'] as const)(
  'the address outlives no lease: %s and the shortest times',
  (profile) => {
    for (const own of [{}, { ttl: 20, loop_wait: 1, retry_timeout: 9 }, { ttl: 20, retry_timeout: 3 }]) {
      const times = timingOf(profile, { ...(profile === 'fast' && own) })
      const { ttl, loopWait, retryTimeout } = times
      expect(addressLifetime(times)).toBeLessThan(ttl - loopWait - retryTimeout)
      expect(addressLifetime(times)).toBeGreaterThanOrEqual(2)
    }
  },
)

describe('connection strings', () => {
  const target = { port: 5432, database: 'app', user: 'app' }

  test('several hosts are searched for the primary', () => {
    expect(connectionStrings({ ...target, hosts: ['10.77.0.11', 'fd00::12'] })).toEqual({
      libpq:
        'host=10.77.0.11,fd00::12 port=5432,5432 dbname=app user=app target_session_attrs=read-write connect_timeout=3',
      uri: 'postgresql://app@10.77.0.11:5432,[fd00::12]:5432/app?target_session_attrs=read-write&connect_timeout=3',
      jdbc: 'jdbc:postgresql://10.77.0.11:5432,[fd00::12]:5432/app?user=app&targetServerType=primary&loginTimeout=5&connectTimeout=3',
      go: 'postgres://app@10.77.0.11:5432,[fd00::12]:5432/app?target_session_attrs=read-write&connect_timeout=3',
    })
  })

  test('one address needs no search', () => {
    expect(connectionStrings({ ...target, hosts: ['10.77.0.20'] }).libpq).toBe(
      'host=10.77.0.20 port=5432 dbname=app user=app',
    )
  })
})

describe('what a way needs of the inventory', () => {
  const found = (raw: Raw, hosts = HOSTS) =>
    check(clusterOf(raw, hosts)).map(({ code, severity }) => [code, severity])
  const NAMELESS = HOSTS.map(({ name, connection }) => host(name, connection.address, { nic: null }))

  test('vip-manager: the interface of every member', () => {
    const raw = { routing: { by: 'vip-manager' } }
    expect(found(raw)).toEqual([])
    expect(found(raw, NAMELESS).map(([code]) => code)).toEqual(Array(3).fill('patroni/no-interface'))
  })

  test('keepalived: the interface of every proxy; HAProxy alone and callbacks find their way', () => {
    const haproxy = { routing: { by: 'haproxy' } }
    expect(found(haproxy, NAMELESS).map(([code]) => code)).toEqual(Array(3).fill('patroni/no-interface'))
    expect(found({ ...haproxy, writer_vip: undefined }, NAMELESS)).toEqual([])
    expect(found({}, NAMELESS)).toEqual([])
  })

  test('an IPv6 address and a label too long for the kernel are refused', () => {
    expect(found({ writer_vip: { address: 'fd00::20/64' } })).toEqual([['patroni/no-ipv4', 'error']])
    const long = [host('pg1', '10.77.0.11', { nic: 'enp130s0f1' }), ...HOSTS.slice(1)]
    expect(found({ writer_vip: { address: '10.77.0.20/24', label: 'writer' } }, long)).toEqual([
      ['patroni/long-label', 'error'],
    ])
  })
})
