import { mayMove, moves, stays, type Fault } from './fault.ts'

/** Packets that vanish. ssh to the hosts goes on. */
export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'cut-primary',
    about: 'the primary cut off from everything: members and clients',
    inject: [{ by: 'net', on: 'primary', peers: 'everybody' }],
    holdMs: 5000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'cut-primary-from-peers',
    about: 'the primary cut off from the other hosts of the cluster, while clients still reach it',
    inject: [
      { by: 'net', on: 'primary', peers: 'members' },
      { by: 'net', on: 'primary', peers: 'witness' },
    ],
    holdMs: 10_000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'cut-standby',
    about: 'the standby that would be promoted cut off from everything',
    inject: [{ by: 'net', on: 'standby', peers: 'everybody' }],
    holdMs: 10_000,
    expect: stays(45),
    gentle: false,
  },
  {
    name: 'cut-pair',
    about: 'the primary and the standby that would be promoted cut off from each other; a third reaches both',
    inject: [{ by: 'net', on: 'primary', peers: 'standby' }],
    holdMs: 15_000,
    expect: mayMove(60),
    gentle: false,
    needs: ['third-host'],
  },
  {
    name: 'cut-one-way',
    about: 'packets from the primary to the standby that would be promoted vanish; the others arrive',
    inject: [{ by: 'net', on: 'primary', peers: 'standby', ways: 'out' }],
    holdMs: 10_000,
    expect: mayMove(60),
    gentle: false,
  },
  {
    name: 'cut-one-way-all',
    about: 'nothing that the primary sends arrives anywhere; it still hears the others',
    inject: [{ by: 'net', on: 'primary', peers: 'everybody', ways: 'out' }],
    holdMs: 10_000,
    expect: moves(60),
    gentle: false,
  },
  {
    name: 'cut-quorum',
    about: "only the primary's part in the quorum cut off; replication and clients go on",
    inject: [{ by: 'net', on: 'primary', peers: 'everybody', only: 'quorum' }],
    holdMs: 10_000,
    // A manager that may ask the others by another way may keep it primary, as Patroni's failsafe mode does.
    expect: mayMove(60),
    gentle: false,
  },
  {
    name: 'flapping-link',
    about: "the primary's link cut for 2 s of every 8",
    inject: [{ by: 'net', on: 'primary', peers: 'everybody', flap: { downS: 2, upS: 6 } }],
    holdMs: 40_000,
    expect: mayMove(),
    gentle: false,
  },
  {
    name: 'packet-loss',
    about: '30 % of the packets to and from the primary lost',
    inject: [{ by: 'net', on: 'primary', peers: 'everybody', percent: 30 }],
    holdMs: 30_000,
    expect: mayMove(),
    gentle: false,
  },
]
