import type { Rule } from '../site.ts'

/** A virtual address on hosts that should not have it, with the command that takes it off them. */
export const addresses: Rule = ({ status, hosts, say }) =>
  status.addresses
    .filter(({ on }) => on.length > 1)
    .map(({ name, address: ip, on }) => {
      const found = on.flatMap((host) =>
        (hosts.get(host)?.addresses ?? [])
          .filter((each) => each.address.startsWith(`${ip}/`))
          .map(({ device, address: full }) => ({ host, device, full })),
      )
      const right = name === 'writer' ? status.primary : undefined
      const wrong = right === undefined ? [] : found.filter(({ host }) => host !== right)
      const label = name === 'writer' ? 'Writer' : 'Reader'
      return {
        severity: 'critical' as const,
        code: `vip/${name}-twice`,
        summary: `${label} VIP ${ip} is on ${on.join(' and ')} at once${right !== undefined && name === 'writer' ? `; the primary is ${right}` : ''}.`,
        ...(wrong.length === 1 && wrong[0] && { member: wrong[0].host }),
        evidence: found.map(({ host, device, full }) => ({
          host,
          source: 'ip addr',
          saw: `${full} on ${device}`,
        })),
        next:
          wrong.length > 0
            ? wrong.map(({ host, device, full }) => say.exec(host, `ip addr del ${full} dev ${device}`))
            : [say.watch],
      }
    })
