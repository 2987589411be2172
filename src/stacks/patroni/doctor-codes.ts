import type { Catalog } from '../../cluster/doctor/catalog.ts'
import { entry, OF_FEWER_STANDBYS } from '../../cluster/doctor/codes/entry.ts'

const standby = { same: ['standby/*'], any: OF_FEWER_STANDBYS }

/** Codes that only this stack says. */
export const catalog: Catalog = [
  entry(
    'failsafe/active',
    27,
    'etcd is gone; the primary goes on while every member answers it.',
    'Bring etcd back: `start`.',
  ),
  entry(
    'dcs/config-drift',
    56,
    "The configuration all members share is not the inventory's.",
    '`hactl apply`',
  ),
  entry(
    'settings/lease-timing',
    52,
    'The times of the lease do not fit: it can end while the primary still tries to keep it.',
    '`hactl apply`',
    { any: ['dcs/config-drift'] },
  ),
  entry(
    'primary/unseen',
    31,
    'The holder of the leader key cannot be read: whether it accepts writes is not known.',
    'Look at that host before anything is promoted.',
    { any: ['vip/*'] },
  ),
  entry(
    'primary/no-lock',
    31,
    'A server accepts writes without the leader key.',
    'Just after a failover this passes by itself.',
    { any: ['vip/*'] },
  ),
  entry(
    'member/unmanaged',
    30,
    'PostgreSQL runs without Patroni: when the lease of a primary ends, another is promoted beside it.',
    '`start`',
    { any: ['vip/*', 'primary/no-lock'], same: ['freeze/*'] },
  ),
  entry('member/not-deployed', 34, 'A member has no configuration of Patroni.', '`hactl apply`', standby),
  entry('member/tags', 74, "The tags Patroni acts on are not the inventory's.", '`hactl apply`'),
  entry(
    'vip/writer-without-primary',
    61,
    'The writer VIP is on a member although there is no primary.',
    'See what is said of the primary.',
  ),
  entry(
    'sync/fewer',
    66,
    'Fewer standbys confirm commits than the inventory asks for.',
    'Bring standbys back.',
  ),
  entry('standby/starting', 67, 'PostgreSQL is starting.', 'Wait.', { any: OF_FEWER_STANDBYS }),
  entry('standby/copying', 60, 'The data of a standby is being copied.', 'Wait.', standby),
  entry(
    'standby/rewinding',
    60,
    "Patroni takes a former primary back to the primary's line.",
    'Wait.',
    standby,
  ),
  entry(
    'standby/lagging',
    68,
    'A standby is further behind than Patroni accepts of one that it promotes by itself.',
    'See what slows it.',
  ),
  entry('slots/at-risk', 69, 'A slot is about to lose its WAL.', 'Bring its reader back soon.'),
  entry(
    'watchdog/missing',
    47,
    'The inventory requires a watchdog, and a member has no working one: it is never promoted.',
    '`hactl apply`',
  ),
  entry(
    'freeze/lock',
    48,
    'Patroni before 3.0.3 can take its lock back after a freeze: commits acknowledged since are lost.',
    '`hactl apply` brings the guard.',
  ),
  entry(
    'freeze/no-fence',
    48,
    'Nothing stops PostgreSQL when Patroni hangs.',
    '`hactl apply` brings the fence.',
  ),
  entry(
    'versions/differ',
    75,
    'etcd, Patroni or PostgreSQL has different versions on the hosts.',
    '`minor-upgrade`',
  ),
  entry('switchover/scheduled', 82, 'A switchover waits for its time.', '`cancel-switchover` takes it back.'),
  entry('restart/scheduled', 82, 'A restart waits for its time.', 'Nothing.'),
]
