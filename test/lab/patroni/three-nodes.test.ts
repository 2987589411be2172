import { afterAll, beforeAll, describe, expect } from 'vitest'
import { deployTests, newRecord, type Shape } from '../cluster/deploy.ts'
import { secretTests, type Hidden } from '../cluster/secrets.ts'
import { labOf, type Lab } from '../cluster/support.ts'
import { driftTests } from './drift.ts'

/** Bare hosts: the deploy installs the packages itself. */
const lab = labOf('pat3', {
  nodes: 3,
  vars: 'lab-patroni/cluster.yml',
  edits: [
    ['    databases:', "      - { name: report, password: '{{ secrets.app_password }}' }\n    databases:"],
  ],
})
const record = newRecord()

const SHAPE: Shape = {
  addresses: ['writer'],
  epoch: async (of: Lab) => {
    const show = 'patronictl -c /etc/patroni/config.yml show-config | sha256sum'
    const config = await of.sh(of.nodes[0] ?? '', show)
    expect(config).toMatch(/^[0-9a-f]{64}/)
    return config
  },
}

const HIDDEN: Hidden = {
  names: [
    'app_password',
    'ca_key',
    'etcd_patroni_password',
    'etcd_root_password',
    'keepalived_password',
    'patroni_rest_password',
    'replication_password',
    'rewind_password',
    'superuser_password',
  ],
  allowed: ['/etc/patroni/config.yml 640 root', '/var/lib/postgresql/.pgpass_patroni 600 postgres'],
}

beforeAll(() => lab.up())
afterAll(() => lab.down())

describe('three bare hosts, Patroni', () => {
  deployTests(lab, record, 'text', SHAPE)
  driftTests(lab)
  secretTests(lab, record, HIDDEN)
})
