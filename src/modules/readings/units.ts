import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Reading } from '../../engine/probe.ts'

/** systemd's own words; see org.freedesktop.systemd1(5). */
export interface Unit {
  readonly load: string
  readonly active: string
  readonly sub: string
  /** `enabled`, `disabled`, `static`, `masked`, `generated`, …; empty for a unit without a file. */
  readonly file: string
  /** The unit file on disk is newer than what systemd has loaded. */
  readonly needsReload: boolean
}

const PROPERTIES = ['LoadState', 'ActiveState', 'SubState', 'UnitFileState', 'NeedDaemonReload']

/** The full name of a unit: `postgresql` is `postgresql.service`. */
export const unitName = (name: string): string =>
  /\.(service|socket|timer|target|mount|path|slice|scope|device|swap|automount)$/.test(name)
    ? name
    : `${name}.service`

function fromBlock(block: string): Unit {
  const fields = new Map(
    block.split('\n').map((line) => {
      const equals = line.indexOf('=')
      return [line.slice(0, equals), line.slice(equals + 1)] as const
    }),
  )
  const field = (name: string): string => fields.get(name) ?? ''
  return {
    load: field('LoadState'),
    active: field('ActiveState'),
    sub: field('SubState'),
    file: field('UnitFileState'),
    needsReload: field('NeedDaemonReload') === 'yes',
  }
}

/**
 * `systemctl show` of any number of units in one command: one block a unit, in the order asked, also for
 * units that do not exist (`load` is `not-found`).
 */
export const units: Reading<Unit> = {
  name: 'units',
  command: (names) => ({
    argv: ['systemctl', 'show', `--property=${PROPERTIES.join(',')}`, '--', ...names.map(unitName)],
  }),
  parse({ code, stdout, stderr }, names) {
    const blocks = stdout.split('\n\n').filter((block) => block.trim() !== '')
    if (code !== 0 || blocks.length !== names.length) {
      throw new HactlError(
        problem('host/no-systemd', 'systemctl does not answer', { detail: stderr.trim() || stdout.trim() }),
        EXIT.failed,
      )
    }
    return new Map(names.map((name, i) => [name, fromBlock(blocks[i] ?? '')]))
  },
  resource: (name) => `unit:${unitName(name)}`,
}
