import type { Static } from 'typebox'
import type { Probe, Resource } from '../../engine/probe.ts'
import type { Text } from '../../lib/secret.ts'
import { joinText, reveal } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import type { CommandResult } from '../../transport/transport.ts'
import { absolutePath, secretText } from '../args.ts'

/** How a member is reached; the same list for every module, as the inventory gives it. */
export const peerSchema = Type.Object({
  name: Type.String({ description: 'Name of the member.' }),
  address: Type.String({ description: 'Its address.' }),
  client: Type.String({ description: 'Its client URL.', pattern: '^https?://' }),
  peer: Type.String({ description: 'Its peer URL.', pattern: '^https?://' }),
})
export type Peer = Static<typeof peerSchema>

/** Arguments of every module that talks to etcd. */
export const clientArgs = {
  peers: Type.Array(peerSchema, { description: 'All members of the cluster.', minItems: 1 }),
  tls: Type.Optional(
    Type.Object(
      {
        ca: absolutePath('Certificate of the CA.'),
        cert: absolutePath("This host's certificate."),
        key: absolutePath("This host's private key."),
      },
      { description: 'With what etcdctl proves itself where client URLs are https.' },
    ),
  ),
  root_password: Type.Optional(
    secretText('Password of the etcd user `root`; empty or left out without authentication.'),
  ),
} as const
const clientSchema = Type.Object(clientArgs)
export type Client = Static<typeof clientSchema>
export interface Access extends Pick<Client, 'tls' | 'root_password'> {
  /** Who asks instead of root. */
  readonly as?: { readonly name: string; readonly password: Text }
}

/** Anything of etcd that a change on this or another host may have changed. */
export const ETCD: readonly Resource[] = ['etcd:', 'unit:etcd.service']

export const FLAGS = ['--dial-timeout=2s', '--command-timeout=4s']

/** As environment, because the names of the variables are the same in etcd 3.3 to 3.6. */
export function environment({ tls }: Access, urls: readonly string[]): Readonly<Record<string, string>> {
  const isSecure = urls.some((url) => url.startsWith('https:'))
  return {
    ETCDCTL_API: '3',
    ...(tls && isSecure && { ETCDCTL_CACERT: tls.ca, ETCDCTL_CERT: tls.cert, ETCDCTL_KEY: tls.key }),
  }
}

/** The line that names the user for `AS_USER`; undefined when nobody is named. */
function loginOf({ root_password: password, as }: Access): Text | undefined {
  if (as) return joinText([as.name, ':', as.password, '\n'])
  return password === undefined || reveal(password) === '' ? undefined : joinText(['root:', password, '\n'])
}

/**
 * The user comes on standard input and reaches etcdctl in its environment, never as an argument. While authentication
 * is not enabled yet, etcd refuses whoever names a user. A serializable read asks one member: no majority is needed.
 */
const AS_USER = `read -r user
case $(etcdctl "$1" "$2" "$3" get --consistency=s --keys-only --limit=1 hactl 2>&1) in
*'user name is empty'* | *'permission denied'*) export ETCDCTL_USER="$user" ;;
esac
`
const CALL = 'exec etcdctl "$@"'

/** For five seconds after members have connected, etcd calls itself too unhealthy to change its members. */
const PATIENT_CALL = `for try in $(seq 40); do
  said=$(etcdctl "$@" 2>&1) && exit
  case $said in *'unhealthy cluster'*) sleep 0.5 ;; *) break ;; esac
done
printf '%s\\n' "$said" >&2
exit 1`

export interface Invocation {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly stdin?: Text
}

/** An etcdctl command that changes the members, at these client URLs; tried for 20 s while etcd is not ready for it. */
export function etcdctl(access: Access, urls: readonly string[], args: readonly string[]): Invocation {
  const words = [`--endpoints=${urls.join(',')}`, ...FLAGS, ...args]
  const env = environment(access, urls)
  const login = loginOf(access)
  const script = (login === undefined ? '' : AS_USER) + PATIENT_CALL
  return {
    argv: ['sh', '-c', script, 'etcdctl', ...words],
    env,
    ...(login !== undefined && { stdin: login }),
  }
}

/**
 * Asks those members that accept connections: etcdctl would wait for each of the others in turn until its deadline.
 * Nothing is asked, and nothing printed, when none does.
 */
const REACHABLE = `reach() {
  for url do (
    at=\${url#*://} host=\${at%:*}
    host=\${host#[} host=\${host%]}
    timeout 1 bash -c ': 3<>"/dev/tcp/$1/$2"' reach "$host" "\${at##*:}" 2>/dev/null && echo "$url"
  ) & done
  wait
}
urls=$(reach $(echo "\${1#*=}" | tr , ' ') | paste -sd, -)
[ -n "$urls" ] || exit 0
shift
set -- "--endpoints=$urls" "$@"
`

/** Runs a reading etcdctl command on those that can be reached; the result is returned whatever its exit code is. */
export function read(
  probe: Probe,
  access: Access,
  urls: readonly string[],
  ...args: readonly string[]
): Promise<CommandResult> {
  const words = [`--endpoints=${urls.join(',')}`, ...FLAGS, ...args]
  const options = { env: environment(access, urls), dependsOn: ETCD, timeoutMs: 30_000 }
  const login = loginOf(access)
  return login === undefined
    ? probe.run(['sh', '-c', REACHABLE + CALL, 'etcdctl', ...words], options)
    : probe.run(['sh', '-c', REACHABLE + AS_USER + CALL, 'etcdctl', ...words], { ...options, stdin: login })
}
