/** Processes of Pacemaker that `kill-manager` ends. */
export const MANAGERS = [
  'pacemakerd',
  'pacemaker-controld',
  'pacemaker-based',
  'pacemaker-fenced',
  'pacemaker-execd',
  'pacemaker-attrd',
  'pacemaker-schedulerd',
] as const

/** Units in the order in which they start. */
export const UNITS = ['corosync', 'pacemaker'] as const

/** Corosync's first link is at 5405; each further one has the next port (corosync.conf(5), mcastport). */
export const QUORUM_PORTS = { udp: ['5404-5412'] } as const

/** Packages whose versions the numbers depend on. */
export const PACKAGES = ['corosync', 'pacemaker', 'pcs', 'resource-agents'] as const
