import type { Lab } from './lab.ts'
import type { System } from './systems.ts'

/** What is done to the primary. */
export interface Fault {
  readonly name: string
  readonly about: string
  inject(lab: Lab, system: System, primary: string): void
  /** Nothing to heal where it is left out. */
  heal?(lab: Lab): void
}

const heal = (lab: Lab): void => void lab.hactl('lab', 'heal', '--name', lab.name)
const breaks =
  (...argv: readonly string[]) =>
  (lab: Lab, _: System, primary: string): void =>
    void lab.hactl('lab', 'break', argv[0] ?? '', primary, '--name', lab.name, ...argv.slice(1))

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    about: 'every process of PostgreSQL on the primary, with SIGKILL',
    inject: breaks('kill-process', '--opt', 'name=postgres'),
  },
  {
    name: 'power-off',
    about: 'the power of the primary; no packet leaves it',
    inject: breaks('power-off'),
    heal,
  },
  {
    name: 'switchover',
    about: 'the planned way to move the primary',
    inject: (lab, system) => system.switchover(lab),
  },
  { name: 'cut', about: 'the primary from everything', inject: breaks('cut'), heal },
  {
    name: 'freeze',
    about: 'every process of PostgreSQL on the primary, with SIGSTOP',
    inject: breaks('stop-process', '--opt', 'name=postgres'),
    heal,
  },
]
