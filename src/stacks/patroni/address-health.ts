import { critical } from '../../cluster/problem.ts'
import { listed } from '../../cluster/say.ts'
import { isManaged } from './say.ts'
import type { Rule } from './say.ts'

/** The writer VIP is on the primary, with a proxy on one of the proxies, and nowhere else. */
export const vips: Rule = ({ view, apply, run }) => {
  const { primary, facts } = view
  const isProxied = facts.vars.routing.by === 'haproxy'
  return view.addresses.flatMap(({ address, on }) => {
    const label = `Writer VIP ${address}`
    // Patroni's callbacks and hactl's timer carry it only where Patroni runs.
    const next = primary && !isManaged(primary) ? run('start') : apply()
    if (on.length > 1)
      return [critical('vip/writer-twice', `${label} is on ${listed(on)} at once.`, { next })]
    const [carrier] = on
    if (isProxied)
      return carrier === undefined
        ? [critical('vip/writer-missing', `${label} is on no proxy.`, { next })]
        : []
    if (carrier === undefined) {
      return primary ? [critical('vip/writer-missing', `${label} is on no member.`, { next })] : []
    }
    if (primary && carrier !== primary.name) {
      const summary = `${label} is on ${carrier}, but the primary is ${primary.name}.`
      return [critical('vip/writer-misplaced', summary, { member: carrier, next })]
    }
    if (view.primaries.length > 0) return []
    const summary = `${label} is on ${carrier}, which is no primary.`
    return [critical('vip/writer-without-primary', summary, { member: carrier, next })]
  })
}
