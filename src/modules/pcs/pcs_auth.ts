import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { mapText } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { secretText } from '../args.ts'
import { askCib, section } from './cib.ts'
import { CLUSTER_FILES, hostList, readCorosync, readPcsVersion } from './host.ts'
import { hostAuth } from './syntax.ts'
import type { PcsVersion } from './syntax.ts'

const args = Type.Object({
  hosts: hostList('All members; pcs talks to the first address of each.'),
  password: secretText('Password of the account; it goes to pcs on standard input.'),
  username: Type.String({ description: 'The account of pcsd on the members.', default: 'hacluster' }),
  verify: Type.Boolean({
    description: 'Also ask pcsd on every member whether the stored token still holds (about 1 s).',
    default: false,
  }),
})
type Args = Static<typeof args>

interface AuthState {
  readonly [field: string]: unknown
  /** `stock` while the package's own corosync.conf is there; pcs stores no token then. */
  readonly corosync_conf: 'stock' | 'own' | 'none'
  /** Address and port of every host for which this one holds a token. */
  readonly hosts: Readonly<Record<string, string>>
  readonly resources: number
  readonly pcs: PcsVersion | undefined
}

/** Prints the files in which pcs keeps tokens, without the tokens. */
const SCRIPT = `cd /var/lib/pcsd 2>/dev/null || exit 0
if [ -f known-hosts ]; then sed 's/"token": *"[^"]*"/"token": ""/' known-hosts
elif [ -f tokens ]; then sed 's/": *"[^"]*"/": ""/' tokens; fi`

interface TokenFile {
  readonly known_hosts?: Readonly<Record<string, { readonly dest_list?: readonly Destination[] }>>
  /** pcs 0.9: no addresses, the name is what it connects to. */
  readonly tokens?: Readonly<Record<string, string>>
}
interface Destination {
  readonly addr: string
  readonly port: number
}

/** Hosts of pcs' own list: name → `address:port`; with pcs 0.9 the name alone. */
export const parseKnownHosts = (json: string): Readonly<Record<string, string>> => {
  if (json.trim() === '') return {}
  const file = JSON.parse(json) as TokenFile
  const old = Object.keys(file.tokens ?? {}).map((name) => [name, name] as const)
  const now = Object.entries(file.known_hosts ?? {}).map(([name, { dest_list }]) => {
    const [first] = dest_list ?? []
    return [name, first ? `${first.addr}:${first.port}` : ''] as const
  })
  return Object.fromEntries([...old, ...now])
}

/** Hosts that `pcs status pcsd` calls Online. */
export const onlineHosts = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*(\S+): Online$/gm)].map((match) => match[1] ?? '')

const destination = ({ addresses }: Args['hosts'][number]): string => {
  const address = addresses[0] ?? ''
  return /:\d+$/.test(address) && !/:.*:/.test(address) ? address : `${address}:2224`
}

const wantedHosts = ({ hosts }: Args, pcs: PcsVersion | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(hosts.map((host) => [host.name, pcs === 9 ? host.name : destination(host)]))

async function authorised(probe: Probe, { hosts, verify }: Args) {
  const { stdout } = await probe.run(['sh', '-c', SCRIPT], { dependsOn: [...CLUSTER_FILES] })
  const known = parseKnownHosts(stdout)
  if (!verify || Object.keys(known).length === 0) return known
  const names = hosts.map(({ name }) => name)
  const answer = await probe.run(['pcs', 'status', 'pcsd', ...names], { dependsOn: [...CLUSTER_FILES] })
  const online = new Set(onlineHosts(answer.stdout))
  return Object.fromEntries(
    Object.entries(known).map(([name, at]) => [
      name,
      online.has(name) || !names.includes(name) ? at : 'not authorised',
    ]),
  )
}

/** pcs' tokens for the members, stored on this host. */
export const pcsAuth = defineModule<typeof args, AuthState>({
  name: 'pcs_auth',
  about:
    "Let pcs on this host command pcsd on all members; removes the distribution's example cluster first. Run it on every member.",
  args,
  examples: [
    `pcs_auth:
  hosts:
    - { name: pg1, addresses: [10.77.0.11] }
    - { name: pg2, addresses: [10.77.0.12] }
  password: "{{ secrets.hacluster }}"`,
  ],
  label: ({ hosts }) => hosts.map(({ name }) => name).join(' '),
  async current(probe, all) {
    const [corosync, cib, hosts] = await Promise.all([
      readCorosync(probe),
      askCib(probe),
      authorised(probe, all),
    ])
    const missing = all.hosts.some((host) => hosts[host.name] !== destination(host))
    const resources = cib.kind === 'cib' ? (section(cib.root, 'resources')?.children.length ?? 0) : 0
    return {
      corosync_conf: corosync ? (corosync.stock ? 'stock' : 'own') : 'none',
      hosts,
      resources,
      pcs: missing ? await readPcsVersion(probe) : undefined,
    }
  },
  desired: (all, from) => ({
    ...(from.corosync_conf === 'stock' && { corosync_conf: 'none' as const }),
    hosts: wantedHosts(all, from.pcs),
  }),
  refuse({ corosync_conf, resources }) {
    if (corosync_conf !== 'stock' || resources === 0) return undefined
    return problem(
      'pcs/example-cluster-used',
      `the example cluster "debian" on this host has ${resources} resources, so somebody uses it`,
      { hint: 'look at: pcs status; if nobody needs it, remove it by hand: pcs cluster destroy' },
    )
  },
  steps: (from, _, all) => [...change(from, all)],
  touches: () => CLUSTER_FILES,
})

function* change(from: AuthState, all: Args): Generator<Step> {
  if (from.corosync_conf === 'stock') {
    yield runWith({ timeoutMs: 120_000 }, 'pcs', 'cluster', 'destroy', '--force')
  }
  const wanted = wantedHosts(all, from.pcs)
  if (from.pcs === undefined || Object.entries(wanted).every(([name, at]) => from.hosts[name] === at)) return
  const stdin = mapText(all.password, (plain) => `${plain}\n`)
  yield runWith({ stdin, timeoutMs: 120_000 }, ...hostAuth(from.pcs, all.hosts, all.username))
}
