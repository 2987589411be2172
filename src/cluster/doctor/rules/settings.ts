import type { CaseFile, HostCase, ServerFacts } from '../case.ts'
import type { Draft, Evidence, Severity } from '../finding.ts'
import type { Rule } from '../site.ts'

interface Unsafe {
  readonly code: string
  readonly setting: string
  readonly severity: Severity
  readonly isBad: (value: string, file: CaseFile) => boolean
  readonly why: (value: string, file: CaseFile) => string
}

const UNSAFE: readonly Unsafe[] = [
  {
    code: 'settings/fsync',
    setting: 'fsync',
    severity: 'critical',
    isBad: (value) => value === 'off',
    why: () => 'a crash of the host can destroy the data',
  },
  {
    code: 'settings/full-page-writes',
    setting: 'full_page_writes',
    severity: 'critical',
    isBad: (value) => value === 'off',
    why: () => 'a crash of the host can destroy pages',
  },
  {
    code: 'settings/synchronous-commit',
    setting: 'synchronous_commit',
    severity: 'warning',
    isBad: (value, { site }) => value === 'off' || (value === 'local' && site.isSyncWanted),
    why: (value) =>
      value === 'off'
        ? 'commits are acknowledged before the disk has them'
        : 'commits are acknowledged before a standby has them',
  },
  {
    code: 'settings/timing',
    setting: 'wal_sender_timeout',
    severity: 'warning',
    isBad: (value, { site }) => {
      const ms = Number(value)
      return site.walSenderTimeout !== undefined && ms > 0 && ms < site.walSenderTimeout.least * 1000
    },
    why: (_, { site }) =>
      `the timing needs at least ${site.walSenderTimeout?.least} s: ${site.walSenderTimeout?.why ?? ''}`,
  },
]

const settingEvidence = (host: string, name: string, value: string): Evidence => ({
  host,
  source: 'pg_settings',
  saw: `${name} = ${value}`,
})

/** One setting on all members where it is wrong. */
function unsafe(rule: Unsafe, running: readonly HostCase[], file: CaseFile): readonly Draft[] {
  const bad = running.flatMap(({ name, server }) => {
    const value = server?.settings[rule.setting]
    return value !== undefined && rule.isBad(value, file) ? [{ name, value }] : []
  })
  const [first] = bad
  if (!first) return []
  const unit = rule.setting.endsWith('_timeout') ? ' ms' : ''
  const on = bad.map(({ name }) => name)
  return [
    {
      severity: rule.severity,
      code: rule.code,
      summary: `${rule.setting} is ${first.value}${unit} on ${on.join(', ')}: ${rule.why(first.value, file)}.`,
      ...(on.length === 1 && { member: first.name }),
      evidence: bad.map(({ name, value }) => settingEvidence(name, rule.setting, `${value}${unit}`)),
      next: [
        file.say.exec(
          on.join(','),
          `psql -c 'alter system reset ${rule.setting}' -c 'select pg_reload_conf()'`,
          'postgres',
        ),
        `${file.say.apply()}`,
      ],
    },
  ]
}

/** Synchronous replication that the inventory asks for and the primary does not do. */
function syncOff({ site, say }: CaseFile, { name, server }: HostCase): readonly Draft[] {
  if (!site.isSyncWanted || !server || server.recovery) return []
  const streaming = server.senders.filter(({ state }) => state === 'streaming')
  if (server.settings['synchronous_standby_names'] !== '' || streaming.length === 0) return []
  return [
    {
      severity: 'warning',
      code: 'settings/sync-off',
      summary: `${name} waits for no standby, though ${streaming.length} stream and the inventory asks for synchronous replication.`,
      evidence: [
        settingEvidence(name, 'synchronous_standby_names', "''"),
        ...streaming.map((row) => ({
          host: name,
          source: 'pg_stat_replication',
          saw: `${row.name}: ${row.state}, ${row.sync}`,
        })),
      ],
      next: [say.watch, say.apply()],
    },
  ]
}

interface Latent {
  readonly code: string
  readonly source: string
  readonly summary: (name: string, server: ServerFacts) => string
  /** What was seen; nothing: it is well. */
  readonly seen: (server: ServerFacts) => readonly string[]
  readonly next: (say: CaseFile['say'], name: string) => string
}

/** What only shows at the next start, at the next failover, or in the archive. */
const LATENT: readonly Latent[] = [
  {
    code: 'settings/file-error',
    source: 'pg_file_settings',
    summary: (name) => `The configuration of ${name} has an error: its next start fails.`,
    seen: ({ fileErrors }) =>
      fileErrors.map(({ file, line, error, name }) => `${file}:${line}: ${name ?? ''} ${error}`),
    next: (say) => say.apply(),
  },
  {
    code: 'settings/hba-error',
    source: 'pg_hba_file_rules',
    summary: (name) => `pg_hba.conf of ${name} has an error: its next start fails.`,
    seen: ({ hbaErrors }) => hbaErrors.map(({ line, error }) => `line ${line}: ${error}`),
    next: (say) => say.apply(),
  },
  {
    code: 'settings/pending-restart',
    source: 'pg_settings',
    summary: (name, { pending }) =>
      `${name} needs a restart for ${pending.map((each) => each.name).join(', ')}.`,
    seen: ({ pending }) => pending.map(({ name, now }) => `${name} still ${now}, pending_restart`),
    next: (say) => say.apply('--allow restart-primary'),
  },
  {
    code: 'archive/failing',
    source: 'pg_stat_archiver',
    summary: (name, { archiver }) => `archive_command fails on ${name} since ${archiver?.since ?? '?'}.`,
    seen: ({ archiver }) => (archiver?.failing === true ? [`last failed: ${archiver.wal ?? '?'}`] : []),
    next: (say, name) => say.ssh(name),
  },
  {
    code: 'settings/no-rewind',
    source: 'pg_settings',
    summary: (name) => `pg_rewind cannot be used on ${name}: no checksums, and wal_log_hints is off.`,
    seen: ({ settings: now }) =>
      now['wal_log_hints'] === 'off' && now['data_checksums'] === 'off'
        ? ['wal_log_hints = off, data_checksums = off']
        : [],
    next: (say) => say.apply(),
  },
]

const latent = ({ name, server }: HostCase, { say }: CaseFile): readonly Draft[] =>
  LATENT.flatMap(({ code, source, summary, seen, next }): readonly Draft[] => {
    const found = server ? seen(server) : []
    if (!server || found.length === 0) return []
    return [
      {
        severity: 'warning',
        code,
        summary: summary(name, server),
        member: name,
        evidence: found.map((saw) => ({ host: name, source, saw })),
        next: [next(say, name)],
      },
    ]
  })

/** Settings that make loss possible, and those that only show later. */
export const settings: Rule = (file) => {
  const running = [...file.hosts.values()].filter(({ server }) => server)
  return [
    ...UNSAFE.flatMap((rule) => unsafe(rule, running, file)),
    ...running.flatMap((host) => [...syncOff(file, host), ...latent(host, file)]),
  ]
}
