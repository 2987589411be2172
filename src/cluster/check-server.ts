import { problem } from '../diag/diagnostic.ts'
import type { Diagnostic } from '../diag/diagnostic.ts'
import type { Cluster } from '../inventory/inventory.ts'
import { known } from '../inventory/unknown.ts'
import { hbaMistake } from '../modules/postgres/hba-rules.ts'
import { settingFault } from '../modules/postgres/settings-known.ts'
import { at } from './check.ts'
import type { PostgresVars } from './vars.ts'

/** Lines of pg_hba.conf that the server would refuse. */
const checkHba = (cluster: Cluster, { hba }: PostgresVars): Diagnostic[] =>
  hba.flatMap((rule, index) => {
    const mistake = hbaMistake(rule)
    if (mistake === undefined) return []
    const hint = 'write TYPE DATABASE USER ADDRESS METHOD, e.g. host app app 10.77.0.0/24 scram-sha-256'
    const where = at(cluster, ['postgres', 'hba', index], { hint })
    return [problem('cluster/bad-hba-rule', `rule ${index + 1} of pg_hba.conf: ${mistake}`, where)]
  })

const OLDEST_AND_NEWEST = [12, 18]

/** Settings that this version has not, or not with this value; and one that is written twice. */
function checkSettingValues(cluster: Cluster, postgres: PostgresVars): Diagnostic[] {
  const { settings } = postgres
  const names = Object.keys(settings)
  // Of a version that is not known only what none would take is told.
  const own = known(() => [postgres.version])
  const versions = own.length > 0 ? own : OLDEST_AND_NEWEST
  return Object.entries(settings).flatMap(([name, value], index) => {
    const place = (hint: string) => at(cluster, ['postgres', 'settings', name], { hint })
    const other = names.slice(0, index).find((each) => each.toLowerCase() === name.toLowerCase())
    if (other !== undefined) {
      const summary = `${other} and ${name} are one setting: names of settings have no case`
      return [problem('cluster/same-setting', summary, place('keep one of them'))]
    }
    const faults = versions.map((version) => settingFault(version, name, value))
    const [wrong] = faults
    if (!wrong || faults.includes(undefined)) return []
    const found = problem('cluster/bad-setting', wrong.fault, place(wrong.hint))
    return [wrong.sure ? found : { ...found, severity: 'warning' }]
  })
}

/** What the server itself would refuse of `cluster.postgres`, known before it is asked. Pure. */
export const checkServer = (cluster: Cluster, postgres: PostgresVars): Diagnostic[] => [
  ...known(() => checkHba(cluster, postgres)),
  ...known(() => checkSettingValues(cluster, postgres)),
]
