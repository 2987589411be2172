import { EXIT, HactlError, problem } from '../../diag/diagnostic.ts'
import type { Reading } from '../../engine/probe.ts'

/** What is at a path. The path itself: a symlink is a symlink, its target is not looked at. */
export interface Stat {
  readonly type: 'absent' | 'file' | 'directory' | 'symlink' | 'other'
  /** Four octal digits, e.g. `0644`. */
  readonly mode: string
  readonly owner: string
  readonly group: string
  readonly uid: number
  readonly gid: number
  /** Bytes. */
  readonly size: number
  /** Where a symlink points, as it is written. */
  readonly target?: string
}

const ABSENT: Stat = { type: 'absent', mode: '', owner: '', group: '', uid: -1, gid: -1, size: 0 }

/** File type bits of st_mode (inode(7)). */
const TYPES: Readonly<Record<number, Stat['type']>> = { 8: 'file', 4: 'directory', 10: 'symlink' }
/** Messages of `stat` that say more than that the path is not there. */
const FATAL =
  /^stat: .*: (Permission denied|Input\/output error|Stale file handle|Too many levels of symbolic links|File name too long)$/m
const FIELDS = ['%n', '%f', '%U', '%G', '%u', '%g', '%s', '%N']

function fromFields(path: string, fields: readonly string[]): Stat {
  const [rawMode = '0', owner = '', group = '', uid = '', gid = '', size = '', quoted = ''] = fields
  const bits = Number.parseInt(rawMode, 16)
  const type = TYPES[bits >> 12] ?? 'other'
  return {
    type,
    mode: (bits & 0o7777).toString(8).padStart(4, '0'),
    owner,
    group,
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    ...(type === 'symlink' && { target: quoted.slice(`${path} -> `.length) }),
  }
}

/**
 * `stat` of any number of paths in one command; a path that does not exist is a value (`absent`). Fields
 * end with NUL, so names may hold newlines and quotes; QUOTING_STYLE makes `%N` print the link target as it is.
 * Throws HactlError when a path cannot be looked at for another reason than not being there.
 */
export const stat: Reading<Stat> = {
  name: 'stat',
  command: (paths) => ({
    argv: ['stat', '--printf', FIELDS.map((field) => `${field}\\0`).join(''), '--', ...paths],
    env: { QUOTING_STYLE: 'literal' },
  }),
  parse({ stdout, stderr }, paths) {
    const fatal = FATAL.exec(stderr)
    if (fatal) {
      throw new HactlError(problem('host/cannot-read', `a path cannot be read: ${fatal[0]}`), EXIT.failed)
    }
    const cells = stdout.split('\0')
    const found = new Map<string, Stat>()
    for (let i = 0; i + FIELDS.length <= cells.length; i += FIELDS.length) {
      const path = cells[i] ?? ''
      found.set(path, fromFields(path, cells.slice(i + 1, i + FIELDS.length)))
    }
    return new Map(paths.map((path) => [path, found.get(path) ?? ABSENT]))
  },
  resource: (path) => `file:${path}`,
}
