import type { Reading } from '../../engine/probe.ts'

export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly comment: string
  readonly home: string
  readonly shell: string
}

export interface Group {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

const lines = (stdout: string): string[][] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))

/** Accounts by name from any source the host uses (`getent`); undefined for one that does not exist. */
export const users: Reading<Account | undefined> = {
  name: 'users',
  command: (names) => ({ argv: ['getent', 'passwd', '--', ...names] }),
  parse({ stdout }, names) {
    const found = new Map<string, Account>()
    for (const [name = '', , uid, gid, comment = '', home = '', shell = ''] of lines(stdout)) {
      found.set(name, { name, uid: Number(uid), gid: Number(gid), comment, home, shell })
    }
    return new Map(names.map((name) => [name, found.get(name)]))
  },
  resource: (name) => `user:${name}`,
}

/** Groups by name from any source the host uses (`getent`); undefined for one that does not exist. */
export const groups: Reading<Group | undefined> = {
  name: 'groups',
  command: (names) => ({ argv: ['getent', 'group', '--', ...names] }),
  parse({ stdout }, names) {
    const found = new Map<string, Group>()
    for (const [name = '', , gid, members = ''] of lines(stdout)) {
      found.set(name, {
        name,
        gid: Number(gid),
        members: members.split(',').filter((member) => member !== ''),
      })
    }
    return new Map(names.map((name) => [name, found.get(name)]))
  },
  resource: (name) => `group:${name}`,
}

/** `groups` names the primary group first; an account that does not exist has no line. */
const MEMBERSHIPS = `groups -- "$@" 2>/dev/null | while read -r name colon primary others; do
printf '%s\\t%s\\t%s\\n' "$name" "$primary" "$primary $others"
done`

export interface Membership {
  readonly primary: string
  /** Supplementary groups, sorted. */
  readonly others: readonly string[]
}

/** The groups each account is in; empty for an account that does not exist. */
export const memberships: Reading<Membership> = {
  name: 'memberships',
  command: (names) => ({ argv: ['sh', '-c', MEMBERSHIPS, 'memberships', ...names], inline: true }),
  parse({ stdout }, names) {
    const found = new Map<string, Membership>()
    for (const line of stdout.split('\n')) {
      const [name = '', primary = '', all = ''] = line.split('\t')
      const others = all.split(' ').filter((group) => group !== '' && group !== primary)
      found.set(name, { primary, others: others.sort() })
    }
    return new Map(names.map((name) => [name, found.get(name) ?? { primary: '', others: [] }]))
  },
  resource: (name) => `user:${name}`,
}
