import { NODES, type Lab } from './lab.ts'

const PSQL =
  'cd /; runuser -u postgres -- env PGCONNECT_TIMEOUT=2 psql -XAtqw -h /var/run/postgresql -d postgres -c'

/** What a statement gives on a node; undefined when nobody answers there. */
export const sql = (lab: Lab, node: string, text: string): string | undefined =>
  lab.ask(node, `timeout 5 ${PSQL} "${text}"`)

/** The member that is not in recovery; undefined when there is none, or more than one. */
export function leader(lab: Lab): string | undefined {
  const found = NODES.filter((node) => sql(lab, node, 'select pg_is_in_recovery()') === 'f')
  return found.length === 1 ? found[0] : undefined
}

/** Members that stream from the leader, by their addresses. */
export function streaming(lab: Lab, node: string): readonly string[] {
  const text = sql(lab, node, "select host(client_addr) from pg_stat_replication where state = 'streaming'")
  return (text ?? '').split('\n').filter((line) => line !== '')
}

/** One leads, two stream. */
export function isWhole(lab: Lab): boolean {
  const node = leader(lab)
  return node !== undefined && new Set(streaming(lab, node)).size === 2
}
