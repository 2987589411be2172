import type { Static } from 'typebox'
import { problem } from '../diag/diagnostic.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import type { Probe } from '../engine/probe.ts'
import type { Step } from '../engine/step.ts'
import { mapText, reveal } from '../lib/secret.ts'
import { Type } from '../lib/type.ts'
import { accountCommand as account } from './lib/account-step.ts'
import { absolutePath, accountName, secretText } from './args.ts'
import { memberships, users } from './readings/accounts.ts'
import { isPassword, passwords } from './readings/passwords.ts'

const args = Type.Object({
  name: accountName('Account.'),
  state: Type.Enum(['present', 'absent'], {
    description: 'Whether it exists. `absent` keeps its home directory.',
    default: 'present',
  }),
  uid: Type.Optional(
    Type.Integer({ description: 'Its number; an existing one is not renumbered.', minimum: 1 }),
  ),
  group: Type.Optional(accountName('Primary group, which must exist.')),
  groups: Type.Optional(
    Type.Array(accountName('Group.'), { description: 'Further groups, which must exist; others are kept.' }),
  ),
  home: Type.Optional(absolutePath('Home directory; its content is not moved when this changes.')),
  create_home: Type.Boolean({ description: 'Make the home directory of a new account.', default: true }),
  shell: Type.Optional(absolutePath('Login shell.')),
  comment: Type.Optional(Type.String({ description: 'Full name or purpose.', pattern: '^[^:\\n]*$' })),
  system: Type.Boolean({ description: 'A new one gets a number of the system range.', default: false }),
  password: Type.Optional(secretText('Password, set with SHA-512; better a `{{ secrets.… }}`.')),
})
type Args = Static<typeof args>

interface UserState {
  readonly [field: string]: unknown
  readonly state: 'present' | 'absent'
  readonly uid?: number
  readonly group?: string
  /** Those of the wanted groups that the account is in. */
  readonly groups?: readonly string[]
  readonly home?: string
  readonly shell?: string
  readonly comment?: string
  readonly password?: 'as given' | 'another'
}

async function current(probe: Probe, { name, groups, password }: Args): Promise<UserState> {
  const [account, member, stored] = await Promise.all([
    probe.ask(users, name),
    probe.ask(memberships, name),
    password === undefined ? undefined : probe.ask(passwords, name),
  ])
  if (!account) return { state: 'absent' }
  const { uid, home, shell, comment } = account
  const mine = (groups ?? []).filter((each) => member.others.includes(each) || member.primary === each)
  const same = stored !== undefined && password !== undefined && isPassword(stored, reveal(password))
  return {
    state: 'present',
    uid,
    group: member.primary,
    groups: mine.toSorted(),
    home,
    shell,
    comment,
    ...(stored && { password: same ? 'as given' : 'another' }),
  }
}

function desired({ state, uid, group, groups, home, shell, comment, password }: Args): Partial<UserState> {
  if (state === 'absent') return { state }
  const wanted = { uid, group, home, shell, comment }
  return {
    state,
    ...(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as object),
    ...(groups && { groups: groups.toSorted() }),
    ...(password !== undefined && { password: 'as given' as const }),
  }
}

/** Options that useradd and usermod have in common, for the fields that differ. */
function options(from: UserState, to: Partial<UserState>): string[] {
  const flags = [
    ['-g', from.group, to.group],
    ['-d', from.home, to.home],
    ['-s', from.shell, to.shell],
    ['-c', from.comment, to.comment],
  ] as const
  return flags.flatMap(([flag, is, wanted]) => (wanted === undefined || wanted === is ? [] : [flag, wanted]))
}

function accountStep(from: UserState, to: Partial<UserState>, given: Args): Step[] {
  const { name, system, create_home } = given
  const missing = (to.groups ?? []).filter((each) => !(from.groups ?? []).includes(each))
  const groups = missing.length > 0 ? ['-G', missing.join(',')] : []
  if (from.state === 'present') {
    const changes = [...options(from, to), ...(groups.length > 0 ? ['-a', ...groups] : [])]
    return changes.length > 0 ? [account('usermod', ...changes, '--', name)] : []
  }
  const uid = to.uid === undefined ? [] : ['-u', String(to.uid)]
  const kind = [...(system ? ['-r'] : []), create_home ? '-m' : '-M']
  return [account('useradd', ...kind, ...uid, ...options(from, to), ...groups, '--', name)]
}

function steps(from: UserState, to: Partial<UserState>, given: Args): Step[] {
  if (to.state === 'absent') return [account('userdel', '--', given.name)]
  const { name, password } = given
  const list = accountStep(from, to, given)
  if (password === undefined || from.password === 'as given') return list
  const line = mapText(password, (plain) => `${name}:${plain}\n`)
  return [...list, { ...account('chpasswd', '-c', 'SHA512'), stdin: line }]
}

function refuse(from: UserState, to: Partial<UserState>, { name }: Args): Diagnostic | undefined {
  if (to.state === 'absent' && from.uid === 0) {
    return problem('user/superuser', `${name} is the superuser and is not removed`, {
      hint: 'name another account',
    })
  }
  if (from.uid !== undefined && to.uid !== undefined && from.uid !== to.uid) {
    return problem('user/other-uid', `user ${name} has the number ${from.uid}, not ${to.uid}`, {
      hint: 'files keep the old number: renumber by hand with `usermod -u`, or give the number it has',
    })
  }
  return undefined
}

/** A local account. */
export const user = defineModule({
  name: 'user',
  about: 'Keep an account with its groups, shell and password, or keep it absent.',
  args,
  examples: [
    'user: { name: backup, system: true, home: /var/lib/backup, shell: /usr/sbin/nologin }',
    'user: { name: hacluster, password: "{{ secrets.hacluster }}" }',
  ],
  current,
  desired,
  steps,
  refuse,
  touches: ({ name, home }) => [
    ...([`user:${name}`, 'group:*', `file:${home ?? `/home/${name}`}`, `file:/var/mail/${name}`] as const),
    ...(['file:/etc/passwd', 'file:/etc/shadow', 'file:/etc/group', 'file:/etc/gshadow'] as const),
  ],
})
