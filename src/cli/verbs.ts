import type { Command } from 'commander'

/** A verb's own file: adds arguments, options and the action to its command. */
export interface VerbModule {
  readonly configure: (command: Command) => void
}

export interface Verb {
  readonly name: string
  readonly about: string
  readonly load: () => Promise<VerbModule>
}

/** Every verb, in the order of `--help`. Only the one that is called is loaded. */
export const VERBS: readonly Verb[] = [
  {
    name: 'init',
    about: 'write a commented inventory and generate its secrets',
    load: () => import('./verbs/init.ts'),
  },
  {
    name: 'validate',
    about: 'check an inventory and playbooks; touches no host',
    load: () => import('./verbs/validate.ts'),
  },
  {
    name: 'plan',
    about: 'show what would change and what that interrupts',
    load: () => import('./verbs/plan.ts'),
  },
  { name: 'apply', about: 'make the hosts what the inventory says', load: () => import('./verbs/apply.ts') },
  { name: 'status', about: 'show the health of a cluster', load: () => import('./verbs/status.ts') },
  {
    name: 'doctor',
    about: 'name what is wrong, with the evidence and the next safe command',
    load: () => import('./verbs/doctor.ts'),
  },
  { name: 'run', about: 'run a runbook (switchover, stop, start …)', load: () => import('./verbs/run.ts') },
  {
    name: 'drill',
    about: 'break a cluster on purpose and prove what was lost',
    load: () => import('./verbs/drill.ts'),
  },
  {
    name: 'report',
    about: 'show results of drills as a page, merge or compare them',
    load: () => import('./verbs/report.ts'),
  },
  { name: 'history', about: 'list earlier runs', load: () => import('./verbs/history.ts') },
  { name: 'show', about: 'show one earlier run', load: () => import('./verbs/show.ts') },
  {
    name: 'unlock',
    about: 'remove the lock a dead run left on the hosts',
    load: () => import('./verbs/unlock.ts'),
  },
  { name: 'exec', about: 'run a command on hosts', load: () => import('./verbs/exec.ts') },
  { name: 'ssh', about: 'open a shell on a host', load: () => import('./verbs/ssh.ts') },
  { name: 'trust', about: 'record the SSH host keys of hosts', load: () => import('./verbs/trust.ts') },
  { name: 'facts', about: 'print what is read from a host', load: () => import('./verbs/facts.ts') },
  {
    name: 'inventory',
    about: 'print the merged variables of hosts',
    load: () => import('./verbs/inventory.ts'),
  },
  {
    name: 'secrets',
    about: 'edit, show or rotate the encrypted secrets',
    load: () => import('./verbs/secrets.ts'),
  },
  { name: 'schema', about: 'print a JSON schema', load: () => import('./verbs/schema.ts') },
  { name: 'lab', about: 'throw-away hosts on this machine', load: () => import('./verbs/lab.ts') },
  { name: 'completion', about: 'print shell completion', load: () => import('./verbs/completion.ts') },
]
