import { quoteSetting } from './conf-file.ts'
import { isOldVersion } from './layout.ts'

/** How a standby follows its primary. */
export interface Recovery {
  /** Without a password: use a passfile. Contains application_name. */
  readonly primaryConninfo: string
  readonly slot?: string
  readonly restoreCommand?: string
  readonly archiveCleanupCommand?: string
  readonly recoveryEndCommand?: string
  /** Default `latest`, which is also the server's default from 12. */
  readonly timeline?: string
}

/** What to write for a standby of one version. */
export type RecoveryFiles =
  /** Up to 11: the whole file `recovery.conf` in the data directory. */
  | { readonly kind: 'recovery.conf'; readonly content: string }
  /** From 12: an empty `standby.signal` and settings; recovery.conf would keep the server from starting. */
  | {
      readonly kind: 'standby.signal'
      readonly settings: Readonly<Record<string, string>>
      /** Settings whose change takes a restart; from 13 primary_conninfo and the slot take only a reload. */
      readonly restart: readonly string[]
    }

/** Recovery settings by major version (96 for 9.6). Pure. */
export function recoveryFiles(version: number, recovery: Recovery): RecoveryFiles {
  const settings = Object.fromEntries(
    Object.entries({
      primary_conninfo: recovery.primaryConninfo,
      primary_slot_name: recovery.slot,
      restore_command: recovery.restoreCommand,
      archive_cleanup_command: recovery.archiveCleanupCommand,
      recovery_end_command: recovery.recoveryEndCommand,
      recovery_target_timeline: recovery.timeline ?? 'latest',
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
  if (version >= 12 && !isOldVersion(version)) {
    const restart = ['recovery_target_timeline']
    if (version < 13) restart.push('primary_conninfo', 'primary_slot_name')
    if (version < 14) restart.push('restore_command')
    return { kind: 'standby.signal', settings, restart: restart.filter((name) => name in settings) }
  }
  const lines = Object.entries({ standby_mode: 'on', ...settings })
  return {
    kind: 'recovery.conf',
    content: lines.map(([name, value]) => `${name} = ${value === 'on' ? `'on'` : always(value)}\n`).join(''),
  }
}

/** recovery.conf takes quoted values only. */
const always = (value: string): string => {
  const quoted = quoteSetting(value)
  return quoted.startsWith("'") ? quoted : `'${quoted}'`
}
