import type { NextCommand, Risk } from './finding.ts'
import type { DoctorSite } from './site.ts'

type Judged = readonly [risk: Risk, about: string]

const UNKNOWN: Judged = ['can-lose-data', 'hactl does not know what it does']

/** Verbs that only read, or that ask before they do anything. */
const VERBS: Readonly<Record<string, Judged>> = {
  status: ['safe', 'reads only'],
  doctor: ['safe', 'reads only'],
  plan: ['safe', 'reads only'],
  show: ['safe', 'reads only'],
  validate: ['safe', 'reads only'],
  ssh: ['safe', 'opens a shell there'],
  trust: ['safe', 'records SSH keys after showing them'],
  apply: ['interrupts', 'makes hosts what the inventory says; asks before anything above a reload'],
  unlock: ['interrupts', 'only when the run it names is surely dead'],
}

/** What is run on a host, told by its words; the first that fits. */
const REMOTE: readonly (readonly [pattern: RegExp, judged: Judged])[] = [
  [/^(journalctl|ps|df|du|ls|tail|cat|ip -br addr|timedatectl)\b/, ['safe', 'reads only']],
  [/^rm \S+\.lock$/, ['interrupts', 'lets that member start as it is: only while no other was promoted']],
  [/\bpg_wal_replay_resume\(\)/, ['safe', 'lets the standby go on']],
  [/\bpg_hba_file_rules\b|\bpg_file_settings\b/, ['safe', 'reads only']],
  [/\bpg_reload_conf\(\)/, ['safe', 'reads the configuration files again']],
  [/\balter system reset\b/i, ['safe', 'takes the value back to the files']],
  [
    /\bpg_ctl\b.* -m fast stop\b/,
    ['interrupts', 'stops PostgreSQL there and ends its clients; its data stays'],
  ],
  [/^ip addr del\b/, ['interrupts', 'takes the address off this host; its clients connect anew']],
  [
    /^kill -CONT\b|^pkill -CONT\b/,
    ['interrupts', 'a thawed primary may go on where it was: see that another is not promoted'],
  ],
]

/** What is run on a host, quotes aside. */
const judgeRemote = (words: string): Judged =>
  REMOTE.find(([pattern]) => pattern.test(words.replaceAll("'", '')))?.[1] ?? UNKNOWN

const ALLOWED: Judged = ['interrupts', 'restarts where it must, the primary too: seconds without writes']

function judgeHactl(words: string, { runbooks }: DoctorSite): Judged {
  if (words.includes('--accept-data-loss')) return ['can-lose-data', 'discards commits that exist only there']
  const [verb = '', name = ''] = words.split(' ')
  if (verb === 'run') return runbooks[name] ?? UNKNOWN
  const remote = / -- (.*)$/.exec(words)?.[1]
  if (remote !== undefined) return judgeRemote(remote)
  return words.includes('--allow restart-primary') ? ALLOWED : (VERBS[verb] ?? UNKNOWN)
}

/** A command with what it can do. One that nobody classified counts as one that can lose data. */
export function judged(command: string, site: DoctorSite): NextCommand {
  const own = site.commands?.[command.replace(/ \S+$/, '')] ?? site.commands?.[command]
  const [risk, about] = command.startsWith('hactl ') ? judgeHactl(command.slice(6), site) : (own ?? UNKNOWN)
  return { command, risk, about }
}
