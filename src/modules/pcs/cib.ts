import { problem } from '../../diag/diagnostic.ts'
import type { Diagnostic } from '../../diag/diagnostic.ts'
import { NotYet } from '../../engine/probe.ts'
import type { Probe, Reading } from '../../engine/probe.ts'
import { childOf, childrenOf, parseXml } from './xml.ts'
import type { XmlElement } from './xml.ts'

/** What cibadmin answered: the cluster's configuration and node attributes, or why there is none. */
export type CibAnswer =
  | { readonly kind: 'cib'; readonly root: XmlElement }
  | { readonly kind: 'none'; readonly why: string }

/** What every step of these modules may change. */
export const CIB = 'cib:' as const

/**
 * The operation history (`lrm`) is most of the text and no module compares it: it is dropped on the host.
 * cibadmin prints one element a line.
 */
const SCRIPT = `cib=$(cibadmin --query) || exit
printf '%s\\n' "$cib" | sed '/<lrm .*[^/]>$/,/<\\/lrm>/d'`

/** The one reading that all tasks of a tick share. There is a single key: the CIB. */
export const cibReading: Reading<CibAnswer> = {
  name: 'cib',
  command: () => ({ argv: ['sh', '-c', SCRIPT] }),
  parse({ code, stdout, stderr }, keys) {
    const why = stderr.trim().split('\n')[0] || `cibadmin ended with ${code}`
    const answer: CibAnswer = code === 0 ? { kind: 'cib', root: parseXml(stdout) } : { kind: 'none', why }
    return new Map(keys.map((key) => [key, answer]))
  },
  resource: () => [CIB, 'unit:*'],
}

/** The CIB of this host, or why it cannot be read. */
export const askCib = (probe: Probe): Promise<CibAnswer> => probe.ask(cibReading, 'cib')

/** The CIB of this host. Throws NotYet when the cluster does not run here. */
export const readCib = async (probe: Probe): Promise<XmlElement> => {
  const answer = await askCib(probe)
  if (answer.kind === 'none') throw new NotYet(`the cluster does not run here: ${answer.why}`)
  return answer.root
}

/** A section of the configuration: `resources`, `constraints`, `nodes`, `crm_config`, … */
export const section = (root: XmlElement, name: string): XmlElement | undefined =>
  childOf(childOf(root, 'configuration'), name)

/** Names and values of a set of nvpairs. */
export const pairsOf = (set: XmlElement | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    childrenOf(set, 'nvpair').map(({ attrs }) => [attrs['name'] ?? '', attrs['value'] ?? '']),
  )

/** The first set of that kind that holds always; sets with a rule hold only sometimes and are left alone. */
export const plainSet = (parent: XmlElement | undefined, tag: string): XmlElement | undefined =>
  childrenOf(parent, tag).find(
    (set) => childOf(set, 'rule') === undefined && set.attrs['id-ref'] === undefined,
  )

/** Cluster properties. Where several sets name one property, Debian's and pcs' own set wins. */
export const propertiesOf = (root: XmlElement): Readonly<Record<string, string>> => {
  const sets = childrenOf(section(root, 'crm_config'), 'cluster_property_set')
  const own = sets.filter(({ attrs }) => attrs['id'] === 'cib-bootstrap-options')
  return Object.assign({}, ...sets.map(pairsOf), ...own.map(pairsOf)) as Record<string, string>
}

/** Number of a schema name such as `pacemaker-3.9` as [3, 9]; [3, 0] when it has none. */
const schemaVersion = (root: XmlElement): readonly [number, number] => {
  const found = /-(\d+)\.(\d+)$/.exec(root.attrs['validate-with'] ?? '')
  return found ? [Number(found[1]), Number(found[2])] : [3, 0]
}

/** True when the CIB's schema knows the roles Promoted and Unpromoted (3.7 and later). */
export const knowsPromoted = (root: XmlElement): boolean => {
  const [major, minor] = schemaVersion(root)
  return major > 3 || (major === 3 && minor >= 7)
}

/** True when promotable clones are clones with a meta attribute (schema 3.0), not `<master>` elements. */
export const knowsPromotable = (root: XmlElement): boolean => schemaVersion(root)[0] >= 3

const ROLES: Readonly<Record<string, string>> = { Master: 'Promoted', Slave: 'Unpromoted' }

/** A role in today's word. */
export const roleName = (role: string): string => ROLES[role] ?? role

/** A role in the word the CIB's schema knows. */
export const roleFor = (root: XmlElement, role: string): string => {
  const old = Object.entries(ROLES).find(([, today]) => today === roleName(role))?.[0]
  return old && !knowsPromoted(root) ? old : roleName(role)
}

/**
 * Why this CIB must not be changed now: a part of the cluster without quorum may lose what is written
 * when it joins the rest again. Throws NotYet before a coordinator is elected.
 */
export const refuseChange = (root: XmlElement): Diagnostic | undefined => {
  if (root.attrs['dc-uuid'] === undefined) {
    // Just started, e.g. the example cluster of a fresh package: a deploy starts its own before it comes here.
    throw new NotYet('the cluster has not elected a coordinator yet')
  }
  if (root.attrs['have-quorum'] === '1') return undefined
  return problem('cib/no-quorum', 'this part of the cluster has no quorum; a change made here may be lost', {
    hint: 'start the missing members, look at: corosync-quorumtool -s',
  })
}
