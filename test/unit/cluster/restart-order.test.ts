import { expect, test } from 'vitest'
import { restartOrder } from '../../../src/cluster/restart-order.ts'

const running = {
  max_connections: 60,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
}

test.each([
  ['nothing changes', { max_connections: 60 }, 'standbys-first', ''],
  ['raised', { max_connections: 80 }, 'standbys-first', 'max_connections 60 → 80'],
  ['lowered, as text', { max_connections: '40' }, 'primary-first', 'max_connections 60 → 40'],
  ['removed from the inventory: the default counts', {}, 'standbys-first', 'max_connections 60 → 100'],
  [
    'one up, one down',
    { max_connections: 80, max_wal_senders: 5 },
    'refused',
    'max_connections 60 → 80, max_wal_senders 10 → 5',
  ],
])('%s', (_, wanted, restart, moves) => {
  expect(restartOrder(running, wanted)).toEqual({ restart, moves })
})

test('without a running primary there is no order to keep', () => {
  expect(restartOrder({}, { max_connections: 10 })).toEqual({ restart: 'standbys-first', moves: '' })
})
