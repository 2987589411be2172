import { defineAction } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'
import { Type } from '../../lib/type.ts'
import { absolutePath } from '../args.ts'
import { isRecord, sameValue } from './config-diff.ts'
import { isUp, readConfig, readMember } from './documents.ts'
import type { Config } from './documents.ts'
import { restArgs } from './rest.ts'
import type { Rest } from './rest.ts'

const args = Type.Object({
  data_dir: absolutePath('Data directory of PostgreSQL, where Patroni keeps what it has taken.'),
  ...restArgs,
})

/** Paths of keys whose values differ: `postgresql.parameters.max_connections`. Pure. */
export function differing(taken: Config, wanted: Config, path = ''): readonly string[] {
  return [...new Set([...Object.keys(taken), ...Object.keys(wanted)])].toSorted().flatMap((key) => {
    const [is, ought, name] = [taken[key], wanted[key], `${path}${key}`]
    if (isRecord(is) && isRecord(ought)) return differing(is, ought, `${name}.`)
    return sameValue(is ?? null, ought ?? null) ? [] : [name]
  })
}

const parsed = (text: string): Config | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/**
 * Why this member is behind. Patroni writes what it has taken into a file at the end of a loop, after it has reloaded
 * PostgreSQL and found out whether a restart is pending (`_run_cycle`, since 1.x). The file is read before the member
 * is asked for that, so what it says then is of this configuration.
 */
async function reason(probe: Probe, dataDir: string, rest: Rest): Promise<string | undefined> {
  const cache = `${dataDir}/patroni.dynamic.json`
  const [stored, { stdout }, member] = await Promise.all([
    readConfig(probe, rest),
    probe.run(['cat', cache], { dependsOn: ['dcs:', 'unit:*', `file:${dataDir}`] }),
    readMember(probe, rest),
  ])
  // Whoever starts later begins with the newest configuration.
  if (member.kind === 'none' || !isUp(member.body.state)) return undefined
  if (stored.kind === 'none') return stored.why
  if (stored.status !== 200 || !isRecord(stored.body)) return 'the lock service has no configuration'
  const taken = parsed(stdout)
  if (taken === undefined) return `${cache} is not there`
  const behind = differing(taken, stored.body)
  return behind.length === 0 ? undefined : `it has not yet taken ${behind.join(', ')}`
}

/** Members see a change of the dynamic configuration in their next loop, each at its own time. */
export const patroniConfigTaken = defineAction({
  name: 'patroni_config_taken',
  about: 'Wait until this member, when it runs, has taken the dynamic configuration that the store has.',
  args,
  examples: ["patroni_config_taken: { data_dir: '{{ cluster.pg.dataDir }}', rest: '{{ rest }}' }"],
  label: ({ rest }) => rest.address,
  done: async (probe, { data_dir, rest }) => (await reason(probe, data_dir, rest)) === undefined,
  steps: () => [],
  explain: async (probe, { data_dir, rest }) =>
    (await reason(probe, data_dir, rest)) ?? 'it has happened meanwhile',
  touches: () => ['dcs:'],
  timeoutMs: 120_000,
})
