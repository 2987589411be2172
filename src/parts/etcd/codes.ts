import type { Catalog } from '../../cluster/doctor/catalog.ts'
import { entry } from '../../cluster/doctor/codes/entry.ts'

/** Codes of etcd. */
export const CODES: Catalog = [
  entry(
    'dcs/alarm',
    24,
    'etcd raised an alarm (NOSPACE, CORRUPT) and takes no writes.',
    'See the alarm; for NOSPACE compact, defragment, disarm.',
    { any: ['primary/none', 'quorum/lost', 'dcs/space'] },
  ),
  entry(
    'dcs/member-lost',
    41,
    'One member of etcd is lost, the others go on.',
    '`start` when its service is stopped, else `replace-etcd-member`.',
  ),
  entry('dcs/not-a-member', 41, 'etcd does not count a host of the inventory.', '`replace-etcd-member`'),
  entry('dcs/unknown-member', 73, 'etcd counts a member that the inventory does not have.', '`hactl apply`'),
  entry('dcs/space', 73, 'The database of etcd has reached half of its quota.', 'Compact and defragment it.'),
]
