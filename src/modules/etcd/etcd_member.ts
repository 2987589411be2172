import { problem, type Diagnostic } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { run, runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { etcdctl } from './etcdctl.ts'
import {
  memberArgs,
  memberTouches,
  ownEntry,
  readMember,
  selfOf,
  type MemberArgs,
  type MemberState,
} from './member-state.ts'

/** Sets aside what is in the data directory; it is kept. */
const ASIDE = `aside() {
  [ -e "$1/member" ] || return 0
  systemctl stop etcd.service
  mv -- "$1" "$1.hactl-$(date -u +%Y%m%dT%H%M%SZ)"
}
has_log() { for log in "$1"/member/wal/*.wal; do [ -f "$log" ] && return; done; return 1; }
`

/** The data of the cluster that the package started by itself. */
const SET_ASIDE = `set -eu
${ASIDE}aside "$1"`

/**
 * A first member waits for the others, so nobody waits for its start; but its log is there before another host may
 * take it for one that has lost its data. What a start that failed has left is no data.
 */
const START = `set -eu
${ASIDE}has_log "$1" || aside "$1"
systemctl reset-failed etcd.service 2>/dev/null || true
systemctl start --no-block etcd.service
for try in $(seq 100); do
  ! has_log "$1" || break
  sleep 0.1
done`

/**
 * Starts a member that the cluster expects. `existing` holds for this start only: with it in its settings, a member
 * that loses its data would later come back empty and vote as if it had never voted before.
 */
const JOIN = `set -eu
${ASIDE}unit=/run/systemd/system/etcd.service.d/hactl-join.conf
trap 'rm -f "$unit" "$unit.env"; systemctl daemon-reload' EXIT
trap 'exit 1' HUP INT TERM
aside "$1"
mkdir -p "\${unit%/*}"
printf 'ETCD_INITIAL_CLUSTER=%s\\nETCD_INITIAL_CLUSTER_STATE=existing\\n' "$2" >"$unit.env"
printf '[Service]\\nEnvironmentFile=%s\\n' "$unit.env" >"$unit"
systemctl daemon-reload
systemctl reset-failed etcd.service 2>/dev/null || true
systemctl restart etcd.service`

const othersOf = ({ peers, name }: MemberArgs) => peers.filter((peer) => peer.name !== name)

/** The members as a joining one must be told them, in etcd's form `name=url,…`. */
function initialCluster({ listed }: MemberState, all: MemberArgs): string {
  const self = selfOf(all)
  const rest = listed.filter(
    ({ name, peerUrls }) => name !== all.name && !peerUrls.includes(self?.peer ?? ''),
  )
  const entries = rest.flatMap(({ name, peerUrls }) => peerUrls.map((url) => `${name}=${url}`))
  return [...entries, `${all.name}=${self.peer}`].join(',')
}

/** Takes a member that has lost its data out of the cluster and announces it anew: it must not vote twice. */
function* announce(from: MemberState, all: MemberArgs): Generator<Step> {
  const self = selfOf(all)
  const urls = othersOf(all).map(({ client }) => client)
  const send = (...words: readonly string[]): Step => {
    const { argv, ...options } = etcdctl(all, urls, words)
    return runWith({ ...options, timeoutMs: 60_000 }, ...argv)
  }
  const old = ownEntry(from.listed, self)
  if (from.known === 'member' && old) yield send('member', 'remove', old.id)
  yield send('member', 'add', all.name, `--peer-urls=${self.peer}`)
}

/** Into a cluster that runs: as the member it expects, or announced first. */
function* join(from: MemberState, all: MemberArgs): Generator<Step> {
  if (from.service === 'running') yield run('systemctl', 'stop', 'etcd.service')
  if (from.known !== 'joining') yield* announce(from, all)
  yield runWith({ timeoutMs: 120_000 }, 'sh', '-c', JOIN, 'join', all.data_dir, initialCluster(from, all))
}

const differs = (from: MemberState, to: Partial<MemberState>, field: 'service' | 'settings'): boolean =>
  to[field] !== undefined && from[field] !== to[field]

function* change(from: MemberState, to: Partial<MemberState>, all: MemberArgs): Generator<Step> {
  const isStray = from.data === "the package's own cluster"
  if (isStray) yield runWith({ timeoutMs: 120_000 }, 'sh', '-c', SET_ASIDE, 'set-aside', all.data_dir)
  const isEmpty = isStray || from.data === 'absent'
  if (isEmpty && from.known !== 'nobody answers') yield* join(from, all)
  else if (isStray || differs(from, to, 'service')) {
    yield runWith({ timeoutMs: 60_000 }, 'sh', '-c', START, 'start', all.data_dir)
  } else if (differs(from, to, 'settings')) {
    yield runWith({ impact: 'reload', timeoutMs: 180_000 }, 'systemctl', 'restart', 'etcd.service')
  }
}

function refuseData(from: MemberState, all: MemberArgs): Diagnostic | undefined {
  const { data_dir: folder } = all
  if (from.data === 'damaged') {
    return problem('etcd/data-damaged', `${folder} holds data of etcd that cannot be read`, {
      hint: `move it aside, then: hactl run replace-etcd-member --on ${all.name}`,
    })
  }
  if (from.data === 'another cluster') {
    return problem('etcd/other-cluster', `${folder} holds the data of another etcd cluster`, {
      hint: 'if it is this one with all its members stopped, start them with `systemctl start etcd`; if nobody needs it, move it aside',
    })
  }
  if (from.used) {
    return problem(
      'etcd/package-cluster-used',
      'the etcd that the package started has keys, so somebody uses it',
      {
        hint: `look at: etcdctl get --prefix --keys-only ''; if nobody needs it: systemctl stop etcd, and move ${folder} aside`,
      },
    )
  }
  return undefined
}

/** A member without data. */
function refuseEmpty(from: MemberState, all: MemberArgs): Diagnostic | undefined {
  if (from.known === 'joining') return undefined
  const command = `hactl run replace-etcd-member --on ${all.name}`
  if (from.known === 'nobody answers') {
    if (!from.marked) return undefined
    return problem(
      'etcd/lost-data',
      `${all.name} has been a member of etcd, its data is gone, and no other member answers`,
      { hint: `start etcd on the other members first, then: ${command}` },
    )
  }
  if (all.replace) return refuseUnhealthy(from, all, 'replace')
  return from.known === 'member'
    ? problem('etcd/lost-data', `${all.name} is a member of etcd, but its data directory is gone`, {
        hint: command,
      })
    : problem('etcd/not-a-member', `etcd runs without ${all.name}`, { hint: `to add it: ${command}` })
}

function refuseUnhealthy(from: MemberState, all: MemberArgs, what: string): Diagnostic | undefined {
  if (from.unhealthy.length === 0) return undefined
  const names = from.unhealthy.join(', ')
  const verb = what === 'replace' ? 'cannot be replaced' : 'must be restarted'
  return problem('etcd/others-unhealthy', `etcd on ${all.name} ${verb} while ${names} is not healthy`, {
    hint: `mend etcd on ${names} first: journalctl -u etcd`,
  })
}

function refuseAddress(from: MemberState, all: MemberArgs): Diagnostic | undefined {
  const wanted = selfOf(all).peer
  if (from.peer_urls.length === 0 || from.peer_urls.includes(wanted)) return undefined
  const summary = `etcd knows ${all.name} as ${from.peer_urls.join(', ')}, the inventory as ${wanted}`
  return problem('etcd/other-address', summary, {
    hint: 'addresses, ports and TLS between members are not changed while etcd runs: put them back',
  })
}

function refuse(from: MemberState, to: Partial<MemberState>, all: MemberArgs): Diagnostic | undefined {
  const unsafe = refuseData(from, all)
  if (unsafe) return unsafe
  if (from.data !== 'this cluster') return refuseEmpty(from, all)
  // One that is not healthy serves nobody: its restart interrupts nothing.
  const interrupts = from.healthy && differs(from, to, 'settings')
  return refuseAddress(from, all) ?? (interrupts ? refuseUnhealthy(from, all, 'restart') : undefined)
}

/** This host's member of the etcd cluster. */
export const etcdMember = defineModule({
  name: 'etcd_member',
  about:
    "Keep this host's member of an etcd cluster running. The first start forms the cluster; a member that has lost its data comes back only as a new one; data of another cluster is never touched.",
  args: memberArgs,
  examples: [
    `etcd_member:
  name: "{{ inventory_hostname }}"
  peers: "{{ cluster.dcs.peers }}"
  token: pgcluster
  data_dir: /var/lib/etcd/default
  settings: /etc/default/etcd
  marker: /etc/hactl/etcd-member`,
  ],
  label: ({ name }) => name,
  current: readMember,
  desired: (all, from): Partial<MemberState> => ({
    data: from.data === 'absent' && from.known === 'nobody answers' ? 'absent' : 'this cluster',
    ...(all.restart ? { settings: 'current' as const } : { service: 'running' as const }),
  }),
  refuse,
  steps: (from, to, all) => [...change(from, to, all)],
  touches: memberTouches,
  timeoutMs: 300_000,
})
