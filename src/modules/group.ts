import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import { accountCommand as account } from './lib/account-step.ts'
import { Type } from '../lib/type.ts'
import { accountName } from './args.ts'
import { groups } from './readings/accounts.ts'

interface GroupState {
  readonly [field: string]: unknown
  readonly state: 'present' | 'absent'
  readonly gid?: number
}

/** A local group. */
export const group = defineModule({
  name: 'group',
  about: 'Keep a group, or keep it absent.',
  args: Type.Object({
    name: accountName('Group.'),
    state: Type.Enum(['present', 'absent'], { description: 'Whether it exists.', default: 'present' }),
    gid: Type.Optional(
      Type.Integer({ description: 'Its number; an existing one is not renumbered.', minimum: 1 }),
    ),
    system: Type.Boolean({ description: 'A new one gets a number of the system range.', default: false }),
  }),
  examples: ['group: { name: haclient, system: true }'],
  async current(probe, { name }): Promise<GroupState> {
    const found = await probe.ask(groups, name)
    return found ? { state: 'present', gid: found.gid } : { state: 'absent' }
  },
  desired: ({ state, gid }): Partial<GroupState> => ({
    state,
    ...(state === 'present' && gid !== undefined && { gid }),
  }),
  steps: (_from, { state, gid }, { name, system }) =>
    state === 'absent'
      ? [account('groupdel', '--', name)]
      : [
          account(
            'groupadd',
            ...(system ? ['-r'] : []),
            ...(gid === undefined ? [] : ['-g', String(gid)]),
            '--',
            name,
          ),
        ],
  refuse: (from, to, { name }) =>
    from.gid !== undefined && to.gid !== undefined
      ? problem('group/other-gid', `group ${name} has the number ${from.gid}, not ${to.gid}`, {
          hint: 'files keep the old number: renumber by hand with `groupmod -g`, or give the number it has',
        })
      : undefined,
  // A new number may be one that accounts have already; a group that has gone is nobody's any more.
  touches: ({ name, gid }, { state }) => [
    `group:${name}`,
    ...(state === 'absent' && gid === undefined ? [] : (['user:*'] as const)),
    ...(['file:/etc/group', 'file:/etc/gshadow'] as const),
  ],
})
