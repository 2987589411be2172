import { parseOwner } from '../../../engine/lock.ts'
import type { CaseFile, HostCase } from '../case.ts'
import { serverEvidence } from '../evidence.ts'
import type { Draft } from '../finding.ts'
import type { Rule } from '../site.ts'

/** Seconds by which clocks may differ before leases, certificates and logs are in doubt. */
const SKEW = 2

/** Hosts whose clocks differ from the others', as far as the time of asking lets one tell. */
export const clocks: Rule = ({ hosts, say }) => {
  const read = [...hosts.values()].flatMap(({ name, clock }) => (clock ? [{ name, ...clock }] : []))
  const middle =
    read.map(({ ahead }) => ahead).toSorted((a, b) => a - b)[Math.floor((read.length - 1) / 2)] ?? 0
  const off = read.filter(({ ahead, within }) => Math.abs(ahead - middle) - within > SKEW)
  if (off.length === 0 || read.length < 2) return []
  const list = off.map(({ name, ahead }) => {
    const by = ahead - middle
    return `${name} is ${Math.abs(by).toFixed(1)} s ${by > 0 ? 'ahead' : 'behind'}`
  })
  return [
    {
      severity: 'warning',
      code: 'clock/skew',
      summary: `The clocks differ: ${list.join(', ')}.`,
      ...(off.length === 1 && off[0] && { member: off[0].name }),
      evidence: read.map(({ name, ahead, within }) => ({
        host: name,
        source: 'date',
        saw: `${ahead >= 0 ? '+' : ''}${ahead.toFixed(1)} s of the controller's, within ${within.toFixed(1)} s`,
      })),
      next: off.map(({ name }) => say.ssh(name, 'timedatectl')),
    },
  ]
}

/** PostgreSQL there hangs: it answers nobody, its own host neither. */
const hangs = (host: HostCase | undefined): boolean => /timeout expired/.test(host?.refusal ?? '')

/** Pairs of hosts that the controller reaches and that do not reach each other. */
export const cuts: Rule = ({ hosts, site, say }) => {
  const silent = [...hosts.values()].flatMap(({ name, peers }) =>
    [...peers].flatMap(([peer, { silent: isSilent }]) =>
      isSilent && hosts.has(peer) && !hangs(hosts.get(peer)) ? [[name, peer] as const] : [],
    ),
  )
  if (silent.length === 0) return []
  const lost = (name: string): number =>
    new Set(silent.flatMap((pair) => (pair.includes(name) ? pair : []))).size - 1
  const alone = site.members
    .filter(({ name }) => lost(name) >= site.members.length - 1)
    .map(({ name }) => name)
  const isAlone = alone.length === 1 && site.members.length > 2
  const pairs = [...new Set(silent.map((pair) => pair.toSorted().join(' and ')))]
  return [
    {
      severity: 'warning',
      code: 'network/cut',
      summary: isAlone
        ? `${alone[0]} is cut off from the other members; the controller still reaches it.`
        : `Members do not reach each other: ${pairs.join('; ')}.`,
      ...(isAlone && alone[0] !== undefined && { member: alone[0] }),
      evidence: silent.map(([from, to]) => ({
        host: from,
        source: `pg_isready of ${to}`,
        saw: 'no packet comes back within 3 s',
      })),
      next: [...new Set(silent.map(([from]) => from))]
        .slice(0, 1)
        .map((from) => say.ssh(from, 'ip -br addr')),
    },
  ]
}

/** Processes that were frozen. */
export const stopped: Rule = ({ hosts, site, say }) =>
  [...hosts.values()].flatMap((host): readonly Draft[] => {
    const names = (host.facts?.stopped ?? []).filter((name) =>
      site.processes.some((each) => name.startsWith(each)),
    )
    const [first] = names
    if (first === undefined) return []
    const { name } = host
    return [
      {
        severity: 'critical',
        code: 'process/stopped',
        summary: `Processes of ${names.join(', ')} on ${name} are frozen: they neither work nor die.`,
        detail: 'A frozen primary that goes on after another was promoted can take its place back.',
        member: name,
        evidence: [
          ...names.map((each) => ({ host: name, source: '/proc/*/stat', saw: `${each}: state T (stopped)` })),
          ...serverEvidence(host),
        ],
        next: [say.watch, say.ssh(name)],
      },
    ]
  })

function lockDraft({ name, facts }: HostCase): Draft | undefined {
  const lock = facts?.lock
  if (!lock) return undefined
  const owner = parseOwner(lock.owner)
  const whose = owner
    ? `run ${owner.run} of ${owner.by} from ${owner.from}, since ${owner.at}`
    : 'nobody known'
  return {
    severity: 'note',
    code: lock.alive ? 'hactl/locked' : 'hactl/stale-lock',
    summary: lock.alive
      ? `A run of hactl works on ${name}: ${whose}.`
      : `A dead run of hactl left its lock on ${name}: ${whose}.`,
    evidence: [
      { host: name, source: '/run/hactl', saw: `${whose}; its session ${lock.alive ? 'lives' : 'is gone'}` },
    ],
    next: [],
  }
}

/** postmaster.pid of a server that is gone; one whose number another process has keeps PostgreSQL from starting. */
function pidDraft({ name, server, facts }: HostCase, { site, say }: CaseFile): Draft | undefined {
  const { pidFile } = facts ?? {}
  if (server || !pidFile || pidFile.process?.folder === site.dataDir) return undefined
  const { pid, process } = pidFile
  const source = `${site.dataDir}/postmaster.pid`
  if (!process) {
    const saw = `names pid ${pid}, which is gone`
    return {
      severity: 'note',
      code: 'postgres/stale-pid-file',
      summary: `postmaster.pid of a dead server is left on ${name}; it ${saw}.`,
      member: name,
      evidence: [{ host: name, source, saw }],
    }
  }
  const saw = `names pid ${pid}, which is ${process.name} in ${process.folder}`
  return {
    severity: 'warning',
    code: 'postgres/pid-file',
    summary: `postmaster.pid on ${name} ${saw}: PostgreSQL takes it for its own and does not start.`,
    member: name,
    evidence: [{ host: name, source, saw }],
    next: [say.ssh(name, `cat ${source}`)],
  }
}

/** What a dead server or a run of hactl left behind. */
export const leftovers: Rule = (file) => {
  const hosts = [...file.hosts.values()]
  const locks = hosts.flatMap((host) => lockDraft(host) ?? [])
  const pids = hosts.flatMap((host) => pidDraft(host, file) ?? [])
  // One run locks every host: once is enough.
  return [...locks.slice(0, 1), ...pids]
}
