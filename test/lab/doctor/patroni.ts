import type { Incident } from './staged.ts'

/** Incidents of Patroni and etcd. */
export const PATRONI: readonly Incident[] = []
