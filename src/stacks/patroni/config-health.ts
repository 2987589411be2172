import { warning } from '../../cluster/problem.ts'
import { isRecord, patchOf, presentOf } from '../../modules/patroni/config-diff.ts'
import type { Config } from '../../modules/patroni/documents.ts'
import { dynamicOf } from './dynamic.ts'
import type { Rule } from './say.ts'
import { tagsOf } from './view.ts'

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'unset')

/** Leaves of a patch with what is there now: `loop_wait is 5, wanted 2`. */
const differences = (patch: Config, is: Config, path = ''): readonly string[] =>
  Object.entries(patch).flatMap(([key, wanted]) => {
    const now = is[key]
    const name = path === '' ? key : `${path}.${key}`
    return isRecord(wanted) && isRecord(now)
      ? differences(wanted, now, name)
      : [`${name} is ${shown(now)}, wanted ${shown(wanted)}`]
  })

const MOST = 5

const shortened = (lines: readonly string[]): string =>
  [...lines.slice(0, MOST), ...(lines.length > MOST ? [`and ${lines.length - MOST} more`] : [])].join('\n')

/** The configuration all members share, against the inventory. */
export const drift: Rule = ({ view, apply }) => {
  const config = view.dcs?.config
  if (!config) return []
  const wanted = dynamicOf(view.facts.vars, view.facts.timing)
  const found = differences(patchOf(config, wanted), presentOf(config, wanted))
  if (found.length === 0) return []
  const [first = '', ...more] = found
  const summary = `The lock service's configuration is not the inventory's: ${first}${more.length === 0 ? '' : `, and ${more.length} more`}.`
  return [
    warning('dcs/config-drift', summary, {
      next: apply(),
      ...(more.length > 0 && { detail: shortened(more) }),
    }),
  ]
}

/** Patroni leaves out these tags when they are false. */
const set = (tags: Readonly<Record<string, unknown>>): string =>
  Object.entries(tags)
    .filter(([, value]) => value !== false)
    .map(([tag, value]) => `${tag}: ${shown(value)}`)
    .toSorted()
    .join(', ')

/** The tags that Patroni acts on, against the inventory's. */
export const tags: Rule = ({ view, apply }) =>
  view.members
    .filter(({ reading }) => reading?.rest)
    .flatMap((member) => {
      const wanted = member.host.vars['tags']
      const [is, ought] = [set(tagsOf(member)), set(isRecord(wanted) ? wanted : {})]
      if (is === ought) return []
      const summary = `Tags of ${member.name} are ${is || 'none'}, wanted ${ought || 'none'}.`
      return [warning('member/tags', summary, { member: member.name, next: apply() })]
    })
