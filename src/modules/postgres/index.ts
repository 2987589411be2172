import type { Action, Module } from '../../engine/module.ts'
import { postgresAlterSystem } from './alter-system.ts'
import { postgresBasebackup } from './basebackup.ts'
import { postgresCheckpoint } from './checkpoint.ts'
import { postgresConfig } from './config.ts'
import { postgresDatabase } from './database.ts'
import { postgresHba } from './hba.ts'
import { postgresInitdb } from './initdb.ts'
import { postgresQuery } from './query.ts'
import { postgresRejoin } from './rejoin.ts'
import { postgresRole } from './role.ts'
import { postgresWait } from './wait.ts'

export { postgresFacts } from './facts.ts'

/** The PostgreSQL modules, for the registry. */
export const postgresModules: readonly (Module | Action)[] = [
  postgresInitdb,
  postgresConfig,
  postgresAlterSystem,
  postgresHba,
  postgresRole,
  postgresDatabase,
  postgresQuery,
  postgresCheckpoint,
  postgresBasebackup,
  postgresRejoin,
  postgresWait,
]
