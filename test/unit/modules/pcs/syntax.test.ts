import { expect, test } from 'vitest'
import {
  clearMoves,
  clusterSetup,
  colocationAdd,
  defaultsUpdate,
  hostAuth,
  linkAdd,
  linkRemove,
  movePromoted,
  nodeAdd,
  nodeStandby,
  orderAdd,
  parsePcsVersion,
  promotable,
  removal,
  roleWord,
  totemUpdate,
} from '../../../../src/modules/pcs/syntax.ts'
import type { PcsVersion } from '../../../../src/modules/pcs/syntax.ts'

test.each([
  ['0.9.169', 9],
  ['0.10.8\n', 10],
  ['0.11.5', 11],
  ['0.12.0.2', 12],
  ['0.13.1', 12],
  ['1.0', 12],
  ['0.8.5', undefined],
  ['pcs: command not found', undefined],
])('pcs --version %j', (text, version) => {
  expect(parsePcsVersion(text)).toBe(version)
})

const HOSTS = [
  { name: 'pg1', addresses: ['10.0.0.1', '10.1.0.1'] },
  { name: 'pg2', addresses: ['10.0.0.2', '10.1.0.2'] },
]
const SETUP = {
  name: 'c',
  hosts: HOSTS,
  transport: 'knet',
  totem: { token: '3000' },
  quorum: { wait_for_all: '1' },
  start: true,
  enable: true,
}
const write = (argv: readonly string[] | undefined): string => argv?.join(' ') ?? 'impossible'

/** One command in the words of pcs 0.9, 0.10, 0.11, 0.12; the help of the last three was read on Debian 11 to 13. */
const FORMS: readonly [
  what: string,
  make: (pcs: PcsVersion) => readonly string[] | undefined,
  forms: readonly [string, string, string, string],
][] = [
  [
    'authentication',
    (pcs) => hostAuth(pcs, HOSTS, 'hacluster'),
    [
      'pcs cluster auth pg1 pg2 -u hacluster --force',
      'pcs host auth pg1 addr=10.0.0.1 pg2 addr=10.0.0.2 -u hacluster',
      'pcs host auth pg1 addr=10.0.0.1 pg2 addr=10.0.0.2 -u hacluster',
      'pcs host auth pg1 addr=10.0.0.1 pg2 addr=10.0.0.2 -u hacluster',
    ],
  ],
  [
    'setup',
    (pcs) => clusterSetup(pcs, SETUP),
    [
      'pcs cluster setup --name c pg1,10.1.0.1 pg2,10.1.0.2 --transport udpu --token=3000 --wait_for_all=1 --start --enable',
      ...(Array(3).fill(
        'pcs cluster setup c pg1 addr=10.0.0.1 addr=10.1.0.1 pg2 addr=10.0.0.2 addr=10.1.0.2 transport knet totem token=3000 quorum wait_for_all=1 --start --enable',
      ) as [string, string, string]),
    ],
  ],
  [
    'totem',
    (pcs) => totemUpdate(pcs, { token: '3000', hold: '' }),
    [
      'impossible',
      ...(Array(3).fill('pcs cluster config update totem token=3000 hold=') as [string, string, string]),
    ],
  ],
  [
    'a link',
    (pcs) => linkAdd(pcs, { pg1: '10.1.0.1', pg2: '10.1.0.2' }),
    [
      'impossible',
      ...(Array(3).fill('pcs cluster link add pg1=10.1.0.1 pg2=10.1.0.2') as [string, string, string]),
    ],
  ],
  [
    'no link',
    (pcs) => linkRemove(pcs, [1, 2]),
    ['impossible', ...(Array(3).fill('pcs cluster link remove 1 2') as [string, string, string])],
  ],
  [
    'a node',
    (pcs) => nodeAdd(pcs, { name: 'pg3', addresses: ['10.0.0.3', '10.1.0.3'] }, ['--start']),
    [
      'pcs cluster node add pg3,10.1.0.3 --start',
      ...(Array(3).fill('pcs cluster node add pg3 addr=10.0.0.3 addr=10.1.0.3 --start') as [
        string,
        string,
        string,
      ]),
    ],
  ],
  [
    'standby',
    (pcs) => nodeStandby(pcs, 'pg1', true),
    ['pcs cluster standby pg1', ...(Array(3).fill('pcs node standby pg1') as [string, string, string])],
  ],
  [
    'resource defaults',
    (pcs) => defaultsUpdate(pcs, 'resource', { 'resource-stickiness': '1' }),
    [
      'pcs resource defaults resource-stickiness=1',
      'pcs resource defaults resource-stickiness=1',
      'pcs resource defaults update resource-stickiness=1',
      'pcs resource defaults update resource-stickiness=1',
    ],
  ],
  [
    'operation defaults',
    (pcs) => defaultsUpdate(pcs, 'op', { timeout: '30s' }),
    [
      'pcs resource op defaults timeout=30s',
      'pcs resource op defaults timeout=30s',
      'pcs resource op defaults update timeout=30s',
      'pcs resource op defaults update timeout=30s',
    ],
  ],
  [
    'a promotable clone',
    (pcs) => promotable(pcs, 'pgsql', 'pgsql-clone', { 'promoted-max': '1', notify: 'true' }),
    [
      'pcs resource master pgsql-clone pgsql master-max=1 notify=true',
      'pcs resource promotable pgsql pgsql-clone promoted-max=1 notify=true',
      'pcs resource promotable pgsql pgsql-clone promoted-max=1 notify=true',
      'pcs resource promotable pgsql pgsql-clone meta promoted-max=1 notify=true',
    ],
  ],
  [
    'a colocation',
    (pcs) => colocationAdd(pcs, 'vip', 'pgsql-clone', { withRole: 'Promoted', score: 'INFINITY' }),
    [
      'pcs constraint colocation add vip with Master pgsql-clone INFINITY',
      'pcs constraint colocation add vip with Master pgsql-clone INFINITY',
      'pcs constraint colocation add vip with Promoted pgsql-clone INFINITY',
      'pcs constraint colocation add vip with Promoted pgsql-clone score=INFINITY',
    ],
  ],
  [
    'a move of the promoted role',
    (pcs) => movePromoted(pcs, 'pgsql-clone', 'pg2'),
    [
      'pcs resource move pgsql-clone pg2 --master lifetime=PT5M',
      'pcs resource move pgsql-clone pg2 --master lifetime=PT5M',
      'pcs resource move pgsql-clone pg2 --promoted --wait=120',
      'pcs resource move pgsql-clone pg2 --promoted --wait=120',
    ],
  ],
  ['the other role', (pcs) => [roleWord(pcs, 'Unpromoted')], ['Slave', 'Slave', 'Unpromoted', 'Unpromoted']],
]

test.each(FORMS)('%s in the words of each pcs', (_, make, forms) => {
  expect(([9, 10, 11, 12] as const).map((pcs) => write(make(pcs)))).toEqual(forms)
})

test('some commands are the same for all', () => {
  expect(write(clearMoves('pgsql-clone'))).toBe('pcs resource clear pgsql-clone')
  expect(write(removal('stonith', 'f1'))).toBe('pcs stonith delete f1')
  expect(write(orderAdd(['promote', 'a'], ['start', 'b'], { kind: 'Mandatory', symmetrical: 'false' }))).toBe(
    'pcs constraint order promote a then start b kind=Mandatory symmetrical=false',
  )
})
