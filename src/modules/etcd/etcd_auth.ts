import type { Static } from 'typebox'
import { problem } from '../../diag/diagnostic.ts'
import { defineModule } from '../../engine/module.ts'
import { NotYet, type Probe } from '../../engine/probe.ts'
import { runWith } from '../../engine/step.ts'
import type { Step } from '../../engine/step.ts'
import { joinText } from '../../lib/secret.ts'
import type { Text } from '../../lib/secret.ts'
import { Type } from '../../lib/type.ts'
import { secretText } from '../args.ts'
import { parseRole, parseUser } from './answers.ts'
import { clientArgs, environment, ETCD, FLAGS, read } from './etcdctl.ts'

const args = Type.Object({
  ...clientArgs,
  root_password: secretText('Password of the etcd user `root`, who may do everything.'),
  user: Type.String({ description: 'User with a role of the same name.', pattern: '^[A-Za-z0-9_-]+$' }),
  password: secretText('Its password.'),
  prefix: Type.String({ description: 'It may read and write the keys that begin with this.', pattern: '^/' }),
})
type Args = Static<typeof args>

interface AuthState {
  readonly [field: string]: unknown
  readonly auth: 'enabled' | 'disabled'
  readonly root: 'as given' | 'another password' | 'not known'
  readonly password: 'as given' | 'another password' | 'not known'
  readonly roles: readonly string[]
  readonly may: readonly string[]
}

/** The end of the keys that begin with a text (etcd's `GetPrefixRangeEnd`), for texts of ASCII. */
const endOf = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCodePoint((prefix.codePointAt(prefix.length - 1) ?? 0) + 1)

const wantedPermission = ({ prefix }: Args): string => `readwrite ${prefix} ${endOf(prefix)}`

const WRONG = /authentication failed/

async function current(probe: Probe, all: Args): Promise<AuthState> {
  const urls = all.peers.map(({ client }) => client)
  const tls = all.tls ? { tls: all.tls } : {}
  const asRoot = { ...tls, root_password: all.root_password }
  const asUser = { ...tls, as: { name: all.user, password: all.password } }
  const [open, root, user, role, login] = await Promise.all([
    read(probe, tls, urls, 'user', 'list', '-w', 'json'),
    read(probe, asRoot, urls, 'user', 'list', '-w', 'json'),
    read(probe, asRoot, urls, 'user', 'get', all.user, '-w', 'json'),
    read(probe, asRoot, urls, 'role', 'get', all.user, '-w', 'json'),
    read(probe, asUser, urls, 'get', all.prefix, '--keys-only', '--limit=1'),
  ])
  if (open.code === 127) throw new NotYet('etcdctl is not installed')
  if (open.stdout === '' && open.stderr === '') throw new NotYet('etcd does not answer')
  const isEnabled = open.code !== 0
  const password = (result: { readonly stderr: string }) =>
    WRONG.test(result.stderr) ? ('another password' as const) : ('as given' as const)
  return {
    auth: isEnabled ? 'enabled' : 'disabled',
    root: isEnabled ? password(root) : 'not known',
    password: isEnabled ? password(login) : 'not known',
    roles: (user.code === 0 && parseUser(user.stdout)) || [],
    may: (role.code === 0 && parseRole(role.stdout)) || [],
  }
}

/** Makes users and role, and enables authentication last; each command is left out where it is done. */
const ENABLE = `set -eu
flags=$1 name=$2 prefix=$3
read -r root
read -r password
ctl() { etcdctl $flags "$@" >/dev/null; }
case $(etcdctl $flags get --keys-only --limit=1 hactl 2>&1) in
*'user name is empty'* | *'permission denied'*) export ETCDCTL_USER="root:$root" ;;
esac
account() {
  verb=add
  ! etcdctl $flags user get "$1" >/dev/null 2>&1 || verb=passwd
  printf '%s\\n' "$2" | ctl user "$verb" "$1" --interactive=false
}
etcdctl $flags role get "$name" >/dev/null 2>&1 || ctl role add "$name"
ctl role grant-permission --prefix=true "$name" readwrite "$prefix"
[ -n "\${ETCDCTL_USER:-}" ] || account root "$root"
account "$name" "$password"
ctl user grant-role "$name" "$name"
[ -n "\${ETCDCTL_USER:-}" ] || ctl auth enable`

/** Takes from a role what it may do beyond what is wanted: permission words of `etcdctl role get`. */
const REVOKE = `set -eu
flags=$1
shift
read -r root
export ETCDCTL_USER="root:$root"
etcdctl $flags role revoke-permission "$@" >/dev/null`

function* change(from: AuthState, all: Args): Generator<Step> {
  const urls = all.peers.map(({ client }) => client)
  const flags = [`--endpoints=${urls.join(',')}`, ...FLAGS].join(' ')
  const sh = (script: string, stdin: Text, ...words: readonly string[]): Step =>
    runWith({ env: environment(all, urls), stdin, timeoutMs: 60_000 }, 'sh', '-c', script, 'auth', ...words)
  yield sh(ENABLE, joinText([all.root_password, '\n', all.password, '\n']), flags, all.user, all.prefix)
  for (const more of from.may.filter((permission) => permission !== wantedPermission(all))) {
    const [, ...range] = more.split(' ')
    yield sh(REVOKE, joinText([all.root_password, '\n']), flags, all.user, ...range)
  }
}

/** Users and roles of etcd. */
export const etcdAuth = defineModule({
  name: 'etcd_auth',
  about:
    'Keep authentication of etcd enabled, with the user root and one user whose role may read and write the keys with one prefix, nothing else.',
  args,
  examples: [
    `etcd_auth:
  peers: "{{ cluster.dcs.peers }}"
  root_password: "{{ secrets.etcd_root_password }}"
  user: app
  password: "{{ secrets.etcd_app_password }}"
  prefix: /service/pgcluster/`,
  ],
  label: ({ user }) => user,
  current,
  desired: (all): Partial<AuthState> => ({
    auth: 'enabled',
    root: 'as given',
    password: 'as given',
    roles: [all.user],
    may: [wantedPermission(all)],
  }),
  refuse: ({ auth, root }) =>
    auth === 'enabled' && root !== 'as given'
      ? problem('etcd/root-password', 'etcd does not accept the password of its user root', {
          hint: 'put the old one back with `hactl secrets edit`; to change it: etcdctl user passwd root, then the same in the secrets',
        })
      : undefined,
  steps: (from, _to, all) => [...change(from, all)],
  touches: () => ETCD,
})
