import type { Catalog } from '../../cluster/doctor/catalog.ts'
import { entry, OF_FEWER_STANDBYS } from '../../cluster/doctor/codes/entry.ts'

/** Codes of Corosync and Pacemaker. */
export const CODES: Catalog = [
  entry(
    'failures/given-up',
    40,
    'Pacemaker has given PostgreSQL up on a member: the fail count reached its limit.',
    '`cleanup` once the cause is gone.',
    {
      same: ['failures/counted', 'standby/stopped', 'standby/refused'],
      any: OF_FEWER_STANDBYS,
    },
  ),
  entry(
    'failures/hidden',
    19,
    'Pacemaker counts failures that it no longer shows, and never starts PostgreSQL on that member.',
    '`cleanup` forgets them.',
    { same: ['standby/*', 'failures/*'], any: OF_FEWER_STANDBYS },
  ),
  entry(
    'failures/counted',
    68,
    'Failures were counted on a member; they are forgotten after a while.',
    '`cleanup` forgets them.',
  ),
  entry(
    'constraint/leftover',
    37,
    'A ban or preference that a move left keeps a resource away from a member.',
    '`cleanup` removes it.',
    {
      same: ['standby/*', 'failures/*'],
      any: ['vip/*', 'primary/none', 'sync/degraded'],
    },
  ),
  entry(
    'node/unclean',
    29,
    'The cluster does not know what a member does, and nobody fenced it.',
    'See to it that it is off, or bring it back.',
  ),
  entry(
    'node/silent',
    28,
    'A member reaches only some of the others, has lost the quorum, and keeps silent towards Corosync for their sake.',
    'Mend its network; it comes back by itself.',
    {
      same: ['standby/*', 'failures/*', 'postgres/*', 'node/*', 'cluster/*'],
      any: [...OF_FEWER_STANDBYS, 'vip/*'],
    },
  ),
  entry('node/offline', 58, 'A member is not in the cluster.', '`start`, or mend its network.', {
    same: ['standby/*'],
    any: OF_FEWER_STANDBYS,
  }),
  entry(
    'resource/blocked',
    38,
    'A stop or demote failed: Pacemaker leaves the resource alone until somebody looks.',
    'See why, then `cleanup`.',
    { any: ['failures/*', 'standby/stopped'] },
  ),
]
