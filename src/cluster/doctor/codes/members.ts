import type { Catalog } from '../catalog.ts'
import { OF_A_STANDBY, OF_FEWER_STANDBYS, entry, standby } from './entry.ts'

/** Codes of roles, replication and addresses. */
export const MEMBER_CODES: Catalog = [
  entry(
    'primary/two',
    10,
    'Two servers accept writes: each has commits the other has not.',
    'Stop PostgreSQL on the side that the manager does not lead; its data is kept. Then `repair-standby`, which says what would be discarded.',
    { same: OF_A_STANDBY, any: ['vip/*', 'primary/*', ...OF_FEWER_STANDBYS, 'standby/*'] },
  ),
  entry(
    'wal/missing',
    22,
    'The primary no longer has the WAL that a standby needs next.',
    '`rebuild-standby` on it, or a restore_command that has the WAL.',
    standby,
  ),
  entry(
    'standby/unfinished',
    31,
    'A copy or rewind of a member was cut off: its data must not be started.',
    '`rebuild-standby`',
    { same: ['standby/*', 'failures/*', 'node/paused'], any: OF_FEWER_STANDBYS },
  ),
  entry(
    'standby/diverged',
    29,
    'A member has WAL that is not in the line of the primary: it cannot follow.',
    '`repair-standby` rewinds it, and refuses to discard commits without `--accept-data-loss`.',
    { same: ['standby/*', 'failures/*', 'cluster/not-running'], any: OF_FEWER_STANDBYS },
  ),
  entry('standby/no-data', 33, 'A member has no data directory.', '`rebuild-standby`', {
    same: ['standby/*', 'failures/*'],
    any: OF_FEWER_STANDBYS,
  }),
  entry(
    'node/paused',
    19,
    'An operator took a member out of service.',
    'Take it back when the work is done.',
    { same: ['standby/*', 'postgres/*', 'node/offline', 'failures/*'], any: OF_FEWER_STANDBYS },
  ),
  entry('primary/none', 60, 'No server accepts writes.', 'By cause; see the other findings.', {
    any: ['vip/*', 'sync/*', 'standby/*'],
  }),
  entry(
    'vip/writer-twice',
    15,
    'The writer VIP is on two hosts: clients reach either.',
    'Take it off the host that is not the primary.',
  ),
  entry('vip/reader-twice', 62, 'The reader VIP is on two hosts.', 'Take it off one of them.'),
  entry(
    'vip/writer-missing',
    62,
    'No host has the writer VIP: clients reach nobody.',
    'See what the manager says of it.',
  ),
  entry('vip/reader-missing', 64, 'No host has the reader VIP.', 'See what the manager says of it.'),
  entry(
    'vip/writer-misplaced',
    61,
    'The writer VIP is on a host that is not the primary.',
    'See what the manager says of it.',
  ),
  entry('sync/waits', 63, 'Commits wait for a standby that does not answer.', 'Bring it back.'),
  entry(
    'sync/degraded',
    66,
    'No standby confirms commits: after the loss of the primary nobody is promoted by itself.',
    'Bring a standby back.',
  ),
  entry('standby/stopped', 64, 'PostgreSQL does not run on a standby.', 'See why in the evidence.', {
    same: ['failures/*'],
    any: OF_FEWER_STANDBYS,
  }),
  entry(
    'standby/refused',
    63,
    'PostgreSQL was not allowed to start, or failed to.',
    'See why in the evidence.',
    { same: ['failures/*', 'standby/stopped'], any: OF_FEWER_STANDBYS },
  ),
  entry(
    'standby/old-timeline',
    65,
    'A standby is on an old timeline and does not stream.',
    '`repair-standby`',
    { any: OF_FEWER_STANDBYS },
  ),
  entry('standby/not-streaming', 65, 'A standby runs and does not stream.', 'See why in the evidence.', {
    any: OF_FEWER_STANDBYS,
  }),
  entry('standby/replay-paused', 67, 'Replay was paused on a standby.', '`pg_wal_replay_resume()`', {
    same: ['standby/lagging'],
  }),
]
