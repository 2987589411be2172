import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as corosync from '../../../src/parts/corosync/drills.ts'
import * as etcd from '../../../src/parts/etcd/drills.ts'

const STACKS = join(import.meta.dirname, '../../stacks')

interface Captured {
  readonly hosts: Readonly<
    Record<string, Readonly<Record<string, { readonly code: number; readonly stdout: string }>>>
  >
}

const captured = (path: string): Captured['hosts'] =>
  (JSON.parse(readFileSync(join(STACKS, path), 'utf8')) as Captured).hosts

const ENDPOINT = /^endpoint=(.*)$/m

test('of the nodes of Corosync one is the coordinator, whoever is asked', () => {
  const hosts = captured('pacemaker/captured/healthy-3.pacemaker-2.1.5.postgresql-15.json')
  const { command, isIt } = corosync.leads()
  expect(command('s1')?.argv[0]).toBe('crm_mon')
  const leaders = Object.entries(hosts).filter(([name, answers]) => {
    const { code = 1, stdout = '' } = answers['crm'] ?? {}
    return isIt(name, { code, stdout, stderr: '' })
  })
  expect(leaders).toHaveLength(1)
})

test('of the members of etcd one leads, by its own word', () => {
  const hosts = captured('patroni/captured/healthy-3.patroni-3.0.2.postgresql-15.json')
  const peers = Object.keys(hosts).map((name, n) => ({
    name,
    address: `10.77.0.1${n}`,
    client: `https://10.77.0.1${n}:2379`,
    peer: `https://10.77.0.1${n}:2380`,
  }))
  const { command, isIt } = etcd.leads({ peers, tls: true } as Parameters<typeof etcd.leads>[0])
  expect(command('pg1')?.env?.['ETCDCTL_ENDPOINTS']).toBe('https://10.77.0.10:2379')
  expect(command('lb1')).toBeUndefined()
  const leaders = Object.entries(hosts).filter(([name, answers]) => {
    const stdout = ENDPOINT.exec(answers['etcd']?.stdout ?? '')?.[1] ?? ''
    return isIt(name, { code: 0, stdout, stderr: '' })
  })
  expect(leaders).toHaveLength(1)
  expect(isIt('pg1', { code: 1, stdout: '', stderr: 'context deadline exceeded' })).toBe(false)
})
