import { problem, type Diagnostic } from '../diag/diagnostic.ts'
import { followingText, isStreaming, membersOf, primariesOf } from './members.ts'
import type { MemberStatus } from './members.ts'
import type { ClusterStatus, HostStatus } from './status.ts'

/** One line of a runbook's `require:`: what must be true of the cluster, or of one of its members, before it starts. */
export interface Requirement {
  readonly status: string
  readonly host?: string
  /** For `max-lag`: bytes. */
  readonly bytes?: number
}

/** The host a requirement names, and what it is as a member; absent where there is none. */
interface Subject {
  readonly host?: HostStatus
  readonly member?: MemberStatus
}

interface Check {
  readonly about: string
  /** Undefined: it holds. Otherwise one sentence with what was seen. */
  readonly why: (status: ClusterStatus, about: Subject, need: Requirement) => string | undefined
}

/** Every stack has the same code for it. */
const isPaused = ({ problems }: ClusterStatus): boolean =>
  problems.some(({ code }) => code === 'cluster/maintenance')

const unless = (holds: boolean, why: string): string | undefined => (holds ? undefined : why)

/** Everything a runbook may require; the key is its name in YAML. */
export const REQUIREMENTS: Readonly<Record<string, Check>> = {
  healthy: {
    about: 'the cluster is healthy',
    why: (status) =>
      unless(
        status.health === 'healthy',
        `it is ${status.health}: ${status.problems.map((p) => p.summary).join('; ')}`,
      ),
  },
  'one-primary': {
    about: 'the cluster has exactly one primary',
    why: (status) => {
      const names = primariesOf(status).map((member) => member.name)
      return unless(names.length === 1, names.length === 0 ? 'it has none' : `it has ${names.join(' and ')}`)
    },
  },
  'no-primary': {
    about: 'the cluster has no primary',
    why: (status) => unless(primariesOf(status).length === 0, `${primariesOf(status)[0]?.name} is one`),
  },
  'all-reachable': {
    about: 'all members can be reached',
    why: (status) => {
      const gone = membersOf(status)
        .filter((member) => !member.reachable)
        .map((member) => member.name)
      return unless(gone.length === 0, `${gone.join(', ')} cannot`)
    },
  },
  'all-streaming': {
    about: 'all standbys are streaming',
    why: (status) => {
      const idle = membersOf(status).filter((member) => member.role !== 'primary' && !isStreaming(member))
      return unless(idle.length === 0, `${idle.map((member) => member.name).join(', ')} not`)
    },
  },
  'a-standby-streaming': {
    about: 'at least one standby is streaming',
    why: (status) => unless(membersOf(status).some(isStreaming), 'none is'),
  },
  quorum: {
    about: 'the cluster has quorum',
    why: (status) => unless(status.quorum?.ok !== false, 'it has not'),
  },
  'not-paused': {
    about: 'the cluster is not in maintenance mode',
    why: (status) => unless(!isPaused(status), 'it is'),
  },
  paused: {
    about: 'the cluster is in maintenance mode',
    why: (status) => unless(isPaused(status), 'it is not'),
  },
  reachable: {
    about: 'HOST can be reached',
    why: (_, { host }) => unless(host?.reachable === true, 'it cannot'),
  },
  running: {
    about: 'PostgreSQL runs on HOST',
    why: (_, { member }) => unless(member?.running === true, 'it does not'),
  },
  'holds-data': {
    about: 'HOST holds data',
    why: (_, { host, member }) =>
      unless(
        member !== undefined || host === undefined,
        `it is there as ${host?.roles.join(' and ') ?? 'nothing'} and holds none`,
      ),
  },
  'is-primary': {
    about: 'HOST is the primary',
    why: (_, { member }) => unless(member?.role === 'primary', `it is ${member?.role ?? 'unknown'}`),
  },
  'not-primary': {
    about: 'HOST is not the primary',
    why: (_, { member }) =>
      unless(member !== undefined && !(member.role === 'primary' && member.running), 'it is'),
  },
  streaming: {
    about: 'HOST is streaming',
    why: (_, { member }) =>
      unless(
        member !== undefined && isStreaming(member),
        `it is ${(member && followingText(member)) ?? 'not'}`,
      ),
  },
  'max-lag': {
    about: 'HOST is close behind the primary',
    why: (_, { member }, { bytes = 0 }) =>
      unless(
        (member?.lagBytes ?? Number.POSITIVE_INFINITY) <= bytes,
        `it lags by ${member?.lagBytes ?? 'an unknown number of'} bytes`,
      ),
  },
}

export interface Verdict {
  readonly text: string
  readonly why?: string
}

/** Judges every requirement. A name that does not exist is a bug of the runbook and counts as not met. */
export function judge(status: ClusterStatus, needs: readonly Requirement[]): readonly Verdict[] {
  return needs.map((need) => {
    const check = REQUIREMENTS[need.status]
    if (!check)
      return { text: need.status, why: `no such requirement; known: ${Object.keys(REQUIREMENTS).join(', ')}` }
    const host = status.hosts.find(({ name }) => name === need.host)
    const member = membersOf(status).find(({ name }) => name === need.host)
    const why = check.why(status, { ...(host && { host }), ...(member && { member }) }, need)
    return { text: check.about.replace('HOST', need.host ?? ''), ...(why !== undefined && { why }) }
  })
}

/** Whether anything that is required does not hold. */
export const isRefused = (verdicts: readonly Verdict[]): boolean =>
  verdicts.some(({ why }) => why !== undefined)

/** The refusal of a runbook whose requirements are not met (exit 5). */
export const refusal = (runbook: string, verdicts: readonly Verdict[]): Diagnostic =>
  problem('refused/require', `${runbook} was not started: its requirements are not met`, {
    detail: verdicts
      .map(({ text, why }) => (why === undefined ? `✔ ${text}` : `✗ ${text}: ${why}`))
      .join('\n'),
    hint: 'hactl status shows the cluster and the commands that mend it',
  })
