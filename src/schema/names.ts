/** Names that a user chooses and that hactl writes into files of other programs: one rule a kind, used by all validation. */

interface NameRule {
  /** What it is, in a sentence: "cannot be the name of a network interface". */
  readonly what: string
  /** What is allowed, in words. */
  readonly allowed: string
  /** Where the rule stands. */
  readonly source: string
  readonly pattern: string
  /** Most bytes of its UTF-8, where that is not the number of characters. */
  readonly bytes?: number
}

/** PostgreSQL's NAMEDATALEN, less the final zero. */
const SQL_BYTES = 63
const SQL_TEXT = String.raw`^[^\x00-\x1f\x7f]{1,63}$`

export const NAMES = {
  host: {
    what: 'name of a host in a cluster',
    allowed:
      'letters, digits, "-", "_" and ".", 64 at most, with a letter or a digit at both ends and 63 at most between two dots',
    source:
      'hostname(7), hosts(5); the common name of a certificate (RFC 5280, ub-common-name); NAME=URL lists of etcd; nodes of Corosync',
    pattern:
      '^(?=.{1,64}$)[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$',
  },
  group: {
    what: 'name of the group of a cluster',
    allowed: 'letters, digits, "-", "_" and ".", with a letter or digit first',
    source: 'Ansible, "Patterns: targeting hosts and groups": other characters mean something in a pattern',
    pattern: String.raw`^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$`,
  },
  nic: {
    what: 'name of a network interface',
    allowed: 'letters, digits, "-", "_" and ".", 15 at most',
    source: 'Linux, dev_valid_name: IFNAMSIZ, no blank, "/" or ":"; a shell takes these as they are',
    pattern: '^(?![.]{1,2}$)[A-Za-z0-9_.-]{1,15}$',
  },
  label: {
    what: 'label of an address',
    allowed: 'letters and digits, 8 at most',
    source: 'ip-address(8): INTERFACE:LABEL has 15 characters at most',
    pattern: '^[A-Za-z0-9]{1,8}$',
  },
  cluster: {
    what: 'name of a cluster',
    allowed: 'a letter, then letters, digits, "-" and "_", 63 at most',
    source: "cluster_name of PostgreSQL, a part of keys in etcd, the common name of the cluster's CA",
    pattern: '^[A-Za-z][A-Za-z0-9_-]{0,62}$',
  },
  corosync: {
    what: 'name of a cluster of Corosync',
    allowed: 'a letter, then letters, digits, "-" and "_", 15 at most',
    source: 'pcs(8), cluster setup',
    pattern: '^[A-Za-z][A-Za-z0-9_-]{0,14}$',
  },
  scope: {
    what: 'name of a cluster in its lock service',
    allowed: 'letters, digits, "-", "_" and ".", 63 at most, with a letter or digit first',
    source: 'a part of keys in etcd, and cluster_name of PostgreSQL ("Error Reporting and Logging")',
    pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$',
  },
  namespace: {
    what: 'namespace of a lock service',
    allowed: 'parts of letters, digits, "-", "_" and ".", each between slashes, as in /service/',
    source:
      'the beginning of keys in etcd, which its users may read (etcdctl, "role grant-permission --prefix")',
    pattern: '^/([A-Za-z0-9_.-]+/)*$',
  },
  token: {
    what: 'token of etcd',
    allowed: 'letters, digits, "-", "_" and ".", 128 at most',
    source: 'etcd, "Configuration options": initial-cluster-token',
    pattern: '^[A-Za-z0-9_.-]{1,128}$',
  },
  httpUser: {
    what: 'name of a user of HTTP',
    allowed: 'letters, digits and signs, without a colon',
    source: 'RFC 7617, 2: user-id',
    pattern: '^[!-9;-~]+$',
  },
  replicationUser: {
    what: 'name of a role that replicates',
    allowed: 'small letters, digits and "_", 63 at most, no digit first, and not "pg_" at its beginning',
    source:
      'PostgreSQL, "Identifiers" and CREATE ROLE; it stands unquoted in pg_hba.conf and in connection strings',
    pattern: '^(?!pg_)[a-z_][a-z0-9_]{0,62}$',
  },
  role: {
    what: 'name of a role',
    allowed:
      'any characters but control characters, 63 bytes at most; not "public", "none" or "pg_" at its beginning',
    source: 'PostgreSQL, "Identifiers" and CREATE ROLE',
    pattern: SQL_TEXT.replace('^', '^(?!pg_|(?:public|none)$)'),
    bytes: SQL_BYTES,
  },
  roleThere: {
    what: 'name of a role',
    allowed: 'any characters but control characters, 63 bytes at most',
    source: 'PostgreSQL, "Identifiers" and "Predefined Roles"',
    pattern: SQL_TEXT,
    bytes: SQL_BYTES,
  },
  database: {
    what: 'name of a database',
    allowed: 'any characters but control characters, 63 bytes at most',
    source: 'PostgreSQL, "Identifiers" and CREATE DATABASE',
    pattern: SQL_TEXT,
    bytes: SQL_BYTES,
  },
  slot: {
    what: 'name of a replication slot',
    allowed: 'small letters, digits and "_", 63 at most',
    source: 'PostgreSQL, "Replication Slots": ReplicationSlotValidateName',
    pattern: '^[a-z0-9_]{1,63}$',
  },
  setting: {
    what: 'name of a setting',
    allowed: 'letters, digits and "_", no digit first; one of an extension has its name and a dot before it',
    source: 'PostgreSQL, "Customized Options": valid_custom_variable_name',
    pattern: '^[A-Za-z_][A-Za-z0-9_$]*([.][A-Za-z_][A-Za-z0-9_$]*)*$',
  },
  server: {
    what: "name of a server in Debian's layout",
    allowed: 'letters, digits, "-" and "_", 64 at most',
    source: 'pg_createcluster(1); a part of the unit postgresql@VERSION-NAME and of folders',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
  },
  folder: {
    what: 'data directory',
    allowed: 'an absolute path of letters, digits, "/", "-", "_", "." and "+"',
    source: 'the agent pgsql and pg_ctl put it into commands of a shell',
    pattern: '^(/[A-Za-z0-9_.+-]+)+/?$',
  },
  unit: {
    what: 'name of a unit of systemd',
    allowed: String.raw`letters, digits, ":", "-", "_", ".", "\" and "@", 255 at most`,
    source: 'systemd.unit(5)',
    pattern: String.raw`^(?=.{1,255}$)[A-Za-z0-9]([A-Za-z0-9:_.\\@-]*[A-Za-z0-9:_.\\-])?$`,
  },
} as const satisfies Readonly<Record<string, NameRule>>

export type NameKind = keyof typeof NAMES

const made = new Map<string, RegExp>()

/** What is wrong with a name, and what is allowed; undefined when nothing is. */
export function nameFault(
  kind: NameKind,
  name: string,
): { readonly fault: string; readonly allowed: string } | undefined {
  const { pattern, what, allowed, bytes = Infinity }: NameRule = NAMES[kind]
  const regex = made.get(pattern) ?? new RegExp(pattern, 'u')
  made.set(pattern, regex)
  if (regex.test(name) && Buffer.byteLength(name) <= bytes) return undefined
  return { fault: `cannot be the ${what}`, allowed }
}
