import type { EngineEvent } from '../../../src/engine/events.ts'
import { results, run, THREE } from './events.ts'

/** An apply in which pg3 fails and the others go on. */
export const broken = (): EngineEvent[] =>
  run('apply', THREE, [
    ...results(['pg1', 'pg2'], 'package[postgresql-15]', {
      status: 'changed',
      changes: [{ field: 'version', from: undefined, to: '15.20' }],
      impact: 'none',
    }),
    ...results(['pg3'], 'package[postgresql-15]', {
      status: 'failed',
      error: {
        severity: 'error',
        code: 'step/failed',
        summary: 'apt-get exited 100',
        detail:
          'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4121 (unattended-upgr)\n',
        hint: 'wait for process 4121 or stop it: systemctl stop unattended-upgrades',
      },
    }),
    ...results(['pg1', 'pg2'], 'service[postgresql]', { status: 'ok' }),
    ...results(['pg3'], 'service[postgresql]', { status: 'skipped', because: 'stopped before it' }),
    ...results(['pg1', 'pg2'], 'pcs_cluster[pgcluster]', { status: 'skipped', because: 'pg3 failed' }),
    ...results(['pg1'], 'reboot[now]', { status: 'skipped', because: 'the kernel is the newest' }),
  ])
