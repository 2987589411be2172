import { LITTLE } from '../commands.ts'
import type { CaseFile, Disk, HostCase, Slot } from '../case.ts'
import type { Draft, Evidence } from '../finding.ts'
import type { Rule } from '../site.ts'

/** Less than a segment of WAL and its neighbour: PostgreSQL stops at the next one. */
const FULL_KB = 33_000
const FULL_INODES = 99

const size = (kb: number): string =>
  kb >= 1_048_576
    ? `${(kb / 1_048_576).toFixed(1)} GB`
    : kb >= 1024
      ? `${Math.round(kb / 1024)} MB`
      : `${kb} kB`

const isFull = ({ freeKb, inodes = 0 }: Disk): boolean => freeKb < FULL_KB || inodes > FULL_INODES
const isLow = ({ freeKb, sizeKb }: Disk): boolean => freeKb < LITTLE.kb || freeKb < sizeKb * LITTLE.share

const dfLine = (host: string, disk: Disk): Evidence => ({
  host,
  source: `df ${disk.path.replace(/\/\.$/, '')}`,
  saw: `${disk.device} on ${disk.mount}: ${size(disk.freeKb)} of ${size(disk.sizeKb)} free${(disk.inodes ?? 0) > 90 ? `, ${disk.inodes}% of inodes used` : ''}`,
})

/** The folders and files that take most, without those that only contain another one of the list. */
function fillers(
  { facts }: HostCase,
  { mount }: Disk,
): readonly { readonly path: string; readonly kb: number }[] {
  const inside = mount === '/' ? '/' : `${mount}/`
  const all = (facts?.fills ?? [])
    .filter(({ path }) => path.startsWith(inside))
    .toSorted((a, b) => b.kb - a.kb)
  const leaves = all.filter(
    ({ path, kb }) => !all.some((other) => other.path.startsWith(`${path}/`) && other.kb > kb * 0.8),
  )
  return leaves.slice(0, 4)
}

const worst = (disks: readonly Disk[]): Disk | undefined =>
  disks
    .filter(({ path }) => path !== '/')
    .toSorted((a, b) => a.freeKb - b.freeKb)
    .at(0)

function diskDraft(host: HostCase, disk: Disk, { say, site }: CaseFile): Draft {
  const { name } = host
  const filling = fillers(host, disk)
  const [most] = filling
  const full = isFull(disk)
  const isData = site.members.some((member) => member.name === name)
  const what = full ? 'is full' : `has ${size(disk.freeKb)} left`
  const inWal = most?.path.endsWith('/pg_wal') === true
  const failed = host.log.findLast(({ line }) => line.includes('No space left'))
  return {
    severity: full && isData ? 'critical' : 'warning',
    code: full ? 'disk/full' : 'disk/low',
    summary: `The file system ${disk.mount} of ${name} ${what}${most ? `: ${most.path} takes ${size(most.kb)}` : ''}.`,
    detail: inWal
      ? 'Never delete files in pg_wal: see which slot or standby still needs them, or enlarge the file system.'
      : 'Move or remove what is no data of PostgreSQL, or enlarge the file system.',
    member: name,
    evidence: [
      dfLine(name, disk),
      ...filling.map(({ path, kb }) => ({ host: name, source: 'du', saw: `${size(kb)} ${path}` })),
      ...(failed ? [{ host: name, source: failed.file, saw: failed.line }] : []),
    ],
    next: [say.ssh(name, `du -xk --max-depth=4 ${disk.mount}`)],
  }
}

/** File systems that PostgreSQL writes to, and what fills them. */
export const disks: Rule = (file) =>
  [...file.hosts.values()].flatMap((host) => {
    const disk = worst(host.facts?.disks ?? [])
    return disk && (isFull(disk) || isLow(disk)) ? [diskDraft(host, disk, file)] : []
  })

/** Much for a slot that nobody reads. */
const MUCH = 1_073_741_824

/** A member's slot is named after it. */
const ownerOf = (slot: string, { site }: CaseFile): string | undefined =>
  site.members.find(({ name }) => name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_') === slot)?.name

function lostSlot({ name: on, server }: HostCase, slot: Slot, file: CaseFile): Draft {
  const owner = ownerOf(slot.name, file)
  const most = server?.settings['max_slot_wal_keep_size'] ?? 'unknown'
  return {
    severity: 'warning',
    code: 'slots/lost',
    summary: `Slot ${slot.name} on ${on} has lost its WAL: its reader cannot go on from where it is.`,
    detail: `max_slot_wal_keep_size is ${most} MB there.`,
    ...(owner !== undefined && { member: owner }),
    evidence: slotEvidence(on, slot),
    next: [owner === undefined ? file.say.ssh(on) : file.say.run('rebuild-standby', `--on ${owner}`)],
  }
}

const slotEvidence = (on: string, { name, active, wal, held }: Slot): readonly Evidence[] => [
  {
    host: on,
    source: 'pg_replication_slots',
    saw: `${name}: ${active ? 'active' : 'inactive'}, wal_status ${wal ?? 'unknown'}, keeps ${size((held ?? 0) / 1024)}`,
  },
]

function slotDraft(host: HostCase, slot: Slot, file: CaseFile): Draft | undefined {
  if (slot.wal === 'lost') return lostSlot(host, slot, file)
  const { name: on, facts } = host
  const held = slot.held ?? 0
  const isTight = (facts?.disks ?? []).some((disk) => disk.path !== '/' && isLow(disk))
  if (slot.active || held < (isTight ? MUCH / 16 : MUCH)) return undefined
  return {
    severity: 'warning',
    code: 'slots/holds-wal',
    summary: `Slot ${slot.name} on ${on} keeps ${size(held / 1024)} of WAL for a reader that is not there.`,
    member: on,
    evidence: slotEvidence(on, slot),
    next: [file.say.watch],
  }
}

/** Slots that lost their WAL, or that keep too much of it. */
export const slots: Rule = (file) =>
  [...file.hosts.values()].flatMap((host) =>
    (host.server?.slots ?? []).flatMap((slot) => slotDraft(host, slot, file) ?? []),
  )
