import type { Action, Fact, Module, Registry } from '../engine/module.ts'
import { blockInFile } from './block_in_file.ts'
import { command } from './command.ts'
import { copy } from './copy.ts'
import { directory } from './directory.ts'
import { containerFact, hardwareFact, osFact } from './facts.ts'
import { file } from './file.ts'
import { group } from './group.ts'
import { hostsEntry } from './hosts_entry.ts'
import { lineInFile } from './line_in_file.ts'
import { packageModule } from './package.ts'
import { reboot } from './reboot.ts'
import { service } from './service.ts'
import { symlink } from './symlink.ts'
import { sysctl } from './sysctl.ts'
import { template } from './template.ts'
import { user } from './user.ts'
import { waitFor } from './wait_for.ts'

const MODULES: readonly (Module | Action)[] = [
  blockInFile,
  command,
  copy,
  directory,
  file,
  group,
  hostsEntry,
  lineInFile,
  packageModule,
  reboot,
  service,
  symlink,
  sysctl,
  template,
  user,
  waitFor,
]

const FACTS: readonly Fact[] = [containerFact, hardwareFact, osFact]

/** Everything a task may name. The list is explicit: a module that is not here does not exist. */
export const REGISTRY: Registry = {
  modules: new Map(MODULES.map((module) => [module.spec.name, module])),
  facts: new Map(FACTS.map((fact) => [fact.name, fact])),
}
