import type { Role } from './status.ts'

/** Words of other tools, read from users and from their output, for the roles hactl knows. */
const ROLE_WORDS: Readonly<Record<string, Role>> = {
  primary: 'primary',
  master: 'primary',
  leader: 'primary',
  promoted: 'primary',
  standby_leader: 'standby',
  standby: 'standby',
  slave: 'standby',
  replica: 'standby',
  secondary: 'standby',
  sync_standby: 'standby',
  unpromoted: 'standby',
  witness: 'witness',
  arbiter: 'witness',
}

/** The role a word stands for, whatever its case, `-`, `_` or space; undefined for an unknown word. */
export const roleOf = (word: string): Role | undefined =>
  ROLE_WORDS[
    word
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_')
  ]

/** The words accepted for a role, for help and messages. */
export const wordsFor = (role: Role): readonly string[] =>
  Object.entries(ROLE_WORDS)
    .filter(([, meaning]) => meaning === role)
    .map(([word]) => word)

/** Names that older tools give to hactl's runbooks. */
const VERB_WORDS: Readonly<Record<string, string>> = {
  'repair-slave': 'repair-standby',
  'repair-replica': 'repair-standby',
  'rebuild-slave': 'rebuild-standby',
  'rebuild-replica': 'rebuild-standby',
  'reset-master': 'reset-primary',
  'online-switch': 'switchover',
}

/** The runbook a word stands for: itself when it is no alias. */
export const runbookOf = (word: string): string => VERB_WORDS[word.toLowerCase().replaceAll('_', '-')] ?? word
