import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import { NotYet } from '../engine/probe.ts'
import type { Probe } from '../engine/probe.ts'
import { Type } from '../lib/type.ts'
import { absolutePath, ownership } from './args.ts'
import { accessOf, accessSteps, fileTouches, wantedAccess } from './lib/files.ts'
import type { Access } from './lib/files.ts'
import { stat } from './readings/stat.ts'
import type { Stat } from './readings/stat.ts'

interface PathState extends Access {
  readonly [field: string]: unknown
  readonly state: 'present' | 'absent'
  readonly type: Stat['type']
  /** Only read for a directory that is to go. */
  readonly empty?: boolean
}

async function isEmpty(probe: Probe, path: string): Promise<boolean> {
  const found = await probe.run(['find', path, '-maxdepth', '0', '-type', 'd', '-empty'])
  return found.code === 0 && found.stdout !== ''
}

/** Owner, group and mode of something that is there, or that it is not. */
export const file = defineModule({
  name: 'file',
  about: 'Keep owner, group and mode of an existing file or directory, or keep a path absent.',
  args: Type.Object({
    path: absolutePath('File, symlink or directory on the host.'),
    state: Type.Enum(['present', 'absent'], {
      description: '`absent` removes a file, a symlink or an empty directory, never a tree.',
      default: 'present',
    }),
    ...ownership,
  }),
  examples: [
    'file: { path: /var/log/pgbouncer, owner: postgres, group: adm, mode: "0750" }',
    'file: { path: /etc/apt/sources.list.d/old.list, state: absent }',
  ],
  async current(probe, { path, state, ...access }): Promise<PathState> {
    const found = await probe.ask(stat, path)
    if (found.type === 'absent') {
      if (state === 'present') throw new NotYet(`${path} does not exist`)
      return { state: 'absent', type: 'absent' }
    }
    const present: PathState = { state: 'present', type: found.type, ...accessOf(found, access) }
    if (state === 'present' || found.type !== 'directory') return present
    return { ...present, empty: await isEmpty(probe, path) }
  },
  desired: ({ state, ...access }): Partial<PathState> =>
    state === 'absent' ? { state } : { state, ...wantedAccess(access) },
  steps: (from, to, { path }) =>
    to.state === 'absent' ? [{ kind: 'remove', path }] : accessSteps(path, from, to),
  refuse(from, to, { path }) {
    if (to.state === 'absent' && from.type === 'directory' && from.empty === false) {
      return problem('file/not-empty', `${path} is a directory with something in it`, {
        hint: 'hactl removes no trees: look at what is in it and remove it by hand',
      })
    }
    if (to.mode !== undefined && from.type === 'symlink') {
      return problem('file/wrong-type', `${path} is a symlink and has no mode of its own`, {
        hint: 'name the file it points to',
      })
    }
    return undefined
  },
  touches: ({ path }) => fileTouches(path),
})
