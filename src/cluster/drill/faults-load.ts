import { movesWhole, type Act, type Fault } from './fault.ts'
import { END_SESSION, session } from './scripts.ts'

const switchover: Act = { by: 'runbook', runbook: 'switchover' }

const during = (sql: string): readonly Act[] => [
  { by: 'ssh', on: 'primary', script: session(sql), args: 'postgres', undo: END_SESSION },
  { by: 'pause', ms: 1500 },
  switchover,
]

/** A planned move while clients write, and what may stand in its way. */
export const LOAD_FAULTS: readonly Fault[] = [
  {
    name: 'switchover',
    about: 'the runbook switchover, while clients write',
    inject: [switchover],
    holdMs: 2000,
    expect: movesWhole(30),
    gentle: true,
  },
  {
    name: 'switchover-busy',
    about: 'the same, with four times the writes over twice the connections',
    inject: [switchover],
    holdMs: 2000,
    expect: movesWhole(45),
    gentle: true,
    busy: { rate: 4, connections: 2 },
  },
  {
    name: 'switchover-long-transaction',
    about: 'the runbook switchover, while a transaction that has written stays open',
    inject: during('create table hactl_drill.open_transaction ()'),
    holdMs: 2000,
    expect: movesWhole(45),
    gentle: true,
  },
  {
    name: 'switchover-lock-pile',
    about: 'the runbook switchover, while every writer waits behind a lock on the table',
    inject: during('lock table hactl_drill.writes in access exclusive mode'),
    holdMs: 2000,
    expect: movesWhole(45),
    gentle: true,
  },
]
