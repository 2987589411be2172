import { problem } from '../diag/diagnostic.ts'
import { defineModule } from '../engine/module.ts'
import type { Resource } from '../engine/probe.ts'
import { run } from '../engine/step.ts'
import { Type } from '../lib/type.ts'
import { absolutePath, ownership } from './args.ts'
import { accessOf, accessSteps, fileTouches, wantedAccess } from './lib/files.ts'
import type { Access } from './lib/files.ts'
import { stat } from './readings/stat.ts'
import type { Stat } from './readings/stat.ts'

interface DirectoryState extends Access {
  readonly [field: string]: unknown
  readonly type: Stat['type']
}

/** Missing parents are made too, with the usual mode; owner, group and mode are those of the last one only. */
function create(path: string, { owner, group, mode }: Access) {
  const options = [
    ...(owner === undefined ? [] : ['-o', owner]),
    ...(group === undefined ? [] : ['-g', group]),
    ...(mode === undefined ? [] : ['-m', mode]),
  ]
  return { ...run('install', '-d', ...options, '--', path), joins: true as const }
}

/** Those that do not exist are made too. */
const parents = (path: string): readonly Resource[] =>
  [...path.matchAll(/(?<=[^/])\/+(?=[^/])/g)].map(({ index }) => `file:${path.slice(0, index)}/.` as const)

/** A directory with owner, group and mode. */
export const directory = defineModule({
  name: 'directory',
  about: 'Keep a directory, with owner, group and mode. What is in it is left alone.',
  args: Type.Object({
    path: absolutePath('Directory on the host; missing parents are made.'),
    ...ownership,
  }),
  examples: [
    `directory:
  path: /var/lib/postgresql/backup
  owner: postgres
  group: postgres
  mode: "0700"`,
  ],
  async current(probe, args): Promise<DirectoryState> {
    const found = await probe.ask(stat, args.path)
    return found.type === 'absent' ? { type: 'absent' } : { type: found.type, ...accessOf(found, args) }
  },
  desired: (args): Partial<DirectoryState> => ({ type: 'directory', ...wantedAccess(args) }),
  steps: (from, to, { path }) =>
    from.type === 'directory' ? accessSteps(path, from, to) : [create(path, to)],
  refuse: (from, _to, { path }) =>
    from.type === 'absent' || from.type === 'directory'
      ? undefined
      : problem(
          'file/wrong-type',
          `${path} is ${from.type === 'other' ? 'no directory' : `a ${from.type}`}`,
          {
            hint: `choose another path, or remove it first with \`file: { path: ${path}, state: absent }\``,
          },
        ),
  // A new one leaves what is below it as absent as it was. Who may read what is below an old one can change.
  touches: ({ path }, { type }) =>
    type === 'absent' ? [...fileTouches(`${path}/.`), ...parents(path)] : fileTouches(path),
})
