import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import { run } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { absolutePath } from './args.ts'
import { fileTouches } from './lib/files.ts'
import { stat } from './readings/stat.ts'
import type { Stat } from './readings/stat.ts'

interface LinkState {
  readonly [field: string]: unknown
  readonly type: Stat['type']
  readonly target?: string
}

/** A symbolic link. */
export const symlink = defineModule({
  name: 'symlink',
  about: 'Keep a symbolic link that points to a target.',
  args: Type.Object({
    path: absolutePath('The link.'),
    target: Type.String({
      description: 'Where it points, written into the link as it is; it need not exist.',
      minLength: 1,
    }),
  }),
  examples: ['symlink: { path: /usr/local/bin/psql, target: /usr/lib/postgresql/15/bin/psql }'],
  async current(probe, { path }): Promise<LinkState> {
    const { type, target } = await probe.ask(stat, path)
    return { type, ...(target !== undefined && { target }) }
  },
  desired: ({ target }): Partial<LinkState> => ({ type: 'symlink', target }),
  steps: (_from, _to, { path, target }) => [run('ln', '-s', '-f', '-n', '--', target, path)],
  refuse: (from, _to, { path }) =>
    from.type === 'absent' || from.type === 'symlink'
      ? undefined
      : problem('file/wrong-type', `${path} is a ${from.type === 'other' ? 'special file' : from.type}`, {
          hint: `nothing is replaced by a link: move it away or remove it first with \`file: { path: ${path}, state: absent }\``,
        }),
  touches: ({ path }) => fileTouches(path),
})
