import type { CaseFile, HostCase } from '../case.ts'
import { lastWords, serverEvidence } from '../evidence.ts'
import type { Draft } from '../finding.ts'
import type { Rule } from '../site.ts'

interface Reason {
  readonly code: string
  readonly pattern: RegExp
  readonly why: string
  readonly next: (file: CaseFile, host: string) => readonly string[]
}

const apply = (file: CaseFile): readonly string[] => [file.say.apply()]

/** Last words of a postmaster that did not get as far as serving, by what they mean. The first that fits. */
const REASONS: readonly Reason[] = [
  {
    code: 'postgres/pid-file',
    pattern: /lock file "postmaster\.pid" already exists/,
    why: 'postmaster.pid names a process that lives',
    next: ({ say, site }, host) => [say.ssh(host, `cat ${site.dataDir}/postmaster.pid`)],
  },
  {
    code: 'postgres/config',
    pattern:
      /configuration file ".*" contains errors|could not load .*pg_hba|syntax error in file|unrecognized configuration parameter|could not open configuration|invalid value for parameter/,
    why: 'its configuration has an error',
    next: apply,
  },
  {
    code: 'postgres/settings-too-low',
    pattern: /insufficient parameter settings|hot standby is not possible because/,
    why: 'a setting is lower than on the primary',
    next: apply,
  },
  {
    code: 'postgres/leftover-processes',
    pattern: /pre-existing shared memory block/,
    why: 'processes of an earlier server still use its data',
    next: ({ say }, host) => [say.ssh(host, 'ps -o pid,lstart,args -u postgres')],
  },
  {
    code: 'postgres/permissions',
    pattern:
      /has (wrong ownership|invalid permissions|group or world access)|could not (open|access|read) .*Permission denied|data directory .*not accessible/,
    why: 'it may not use its files',
    next: ({ say, site }, host) => [say.ssh(host, `ls -ld ${site.dataDir}`)],
  },
  {
    code: 'postgres/port-taken',
    pattern: /could not (bind|create any TCP)|Address already in use/,
    why: 'its port is taken',
    next: ({ say }, host) => [say.ssh(host)],
  },
  {
    code: 'postgres/memory',
    pattern: /could not (map anonymous shared|create (shared memory|semaphores))|Cannot allocate memory/,
    why: 'the host has too little memory for its settings',
    next: apply,
  },
  {
    code: 'certificate/wrong-ca',
    pattern: /could not load (server certificate|private key)|private key file .* has group or world access/,
    why: 'its certificate or key cannot be used',
    next: apply,
  },
  {
    code: 'postgres/damaged',
    pattern:
      /could not locate a valid checkpoint|invalid primary checkpoint|could not open file "(base|global|pg_control|pg_filenode|pg_xact|pg_multixact)|incorrect checksum|database files are incompatible|is not a (valid )?data(base)? directory|WAL ends before/,
    why: 'its data or WAL cannot be read',
    next: ({ say, status }, host) =>
      status.primary === undefined ? [say.watch] : [say.run('rebuild-standby', `--on ${host}`)],
  },
]

const FATAL = /(FATAL|PANIC):/
/** Ends of connections and of ordinary stops, which tell nothing of a start. */
const ORDINARY =
  /the database system is (starting|shutting|not yet)|terminating (connection|walreceiver|background|autovacuum)|could not (connect|receive data)|password authentication|no pg_hba\.conf entry|role ".*" does not exist|database ".*" does not exist|connection to server|requested (WAL|starting)|remaining connection slots|highest timeline|unsupported frontend|could not start WAL streaming|connection to client lost/

/** Lines since a server last served. */
const sinceServing = (host: HostCase): HostCase['log'] => {
  const at = host.log.findLastIndex(({ line }) => /ready to accept|started streaming/.test(line))
  return host.log.slice(at + 1)
}

const reasonIn = (lines: HostCase['log']): Reason | undefined =>
  lines
    .toReversed()
    .flatMap(({ line }) => REASONS.find(({ pattern }) => pattern.test(line)) ?? [])
    .at(0)

const readLog = ({ say, site }: CaseFile, host: string): string => {
  const [file] = site.logFiles
  const [unit = 'postgresql'] = site.logUnits
  return say.ssh(host, file === undefined ? `journalctl -u ${unit} -n 50` : `tail -n 50 ${file}`)
}

/** A manager that counts failures does not try again by itself. */
const retry = ({ site, say }: CaseFile): readonly string[] =>
  'cleanup' in site.runbooks ? [say.run('cleanup')] : []

function startDraft(host: HostCase, file: CaseFile): Draft | undefined {
  const lines = sinceServing(host)
  const reason = reasonIn(lines)
  const fatal = lines.some(({ line }) => FATAL.test(line) && !ORDINARY.test(line))
  if (!reason && !fatal) return undefined
  const { name } = host
  const telling = reason
    ? lines.filter(({ line }) => reason.pattern.test(line) || /HINT:|DETAIL:|FATAL:/.test(line)).slice(-4)
    : []
  const words = telling.map(({ file: source, line }) => ({ host: name, source, saw: line }))
  return {
    severity: 'warning',
    code: reason?.code ?? 'postgres/does-not-start',
    summary: `PostgreSQL does not start on ${name}: ${reason?.why ?? 'its log says why'}.`,
    member: name,
    evidence: [...serverEvidence(host), ...(words.length > 0 ? words : lastWords(host))],
    next: [...(reason?.next(file, name) ?? [readLog(file, name)]), ...retry(file)],
  }
}

const isOurs = (file: CaseFile, name: string): boolean =>
  file.site.members.some((member) => member.name === name)

/** Servers that do not run although their data is there, and why their log says they do not. */
export const starts: Rule = (file) =>
  [...file.hosts.values()]
    .filter((host) => isOurs(file, host.name) && !host.server && host.facts?.owner !== undefined)
    .flatMap((host) => startDraft(host, file) ?? [])
