import type { StackDrills } from '../../cluster/drill/site.ts'

/** What drills need to know of Corosync and Pacemaker. */
export const drills: StackDrills = {
  managers: [
    'pacemakerd',
    'pacemaker-controld',
    'pacemaker-based',
    'pacemaker-fenced',
    'pacemaker-execd',
    'pacemaker-attrd',
    'pacemaker-schedulerd',
  ],
  units: ['corosync', 'pacemaker'],
  repairs: ['repair-standby', 'rebuild-standby'],
  cleanup: 'cleanup',
  marks: [],
}
