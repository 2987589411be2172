/**
 * Settings a standby needs at least as high as the primary, with their defaults: raised on standbys first, lowered on
 * the primary first (PostgreSQL documentation, "Hot Standby", "Administrator's Overview").
 */
export const LIMITS: Readonly<Record<string, number>> = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
}

export interface RestartOrder {
  readonly restart: 'standbys-first' | 'primary-first' | 'refused'
  /** What changes and how, for a refusal: `max_connections 60 → 40`. */
  readonly moves: string
}

/**
 * Which members restart first for the wanted settings, by the values the primary runs with. `refused`: one goes up
 * and another down, so that no order is right; that takes two deploys. Pure.
 */
export function restartOrder(
  running: Readonly<Record<string, number>>,
  wanted: Readonly<Record<string, unknown>>,
): RestartOrder {
  const moves = Object.entries(LIMITS).flatMap(([name, preset]) => {
    const [from, to] = [running[name], Number(wanted[name] ?? preset)]
    return from === undefined || Number.isNaN(to) || from === to ? [] : [{ name, from, to }]
  })
  const lowers = moves.some(({ from, to }) => to < from)
  const raises = moves.some(({ from, to }) => to > from)
  return {
    restart: lowers ? (raises ? 'refused' : 'primary-first') : 'standbys-first',
    moves: moves.map(({ name, from, to }) => `${name} ${from} → ${to}`).join(', '),
  }
}
