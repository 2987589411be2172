/**
 * How long an outside client cannot write, and what it loses: clusters that hactl deploys beside plain set-ups of the
 * same parts, on lab hosts of the same kind, one after the other in one run, with the same client.
 *
 *   npm run bench:failover                     everything: two hours and more
 *   npm run bench:failover -- --runs 1 --faults kill,switchover --systems 'hactl patroni,Patroni, defaults'
 *
 * Options: [--runs 3] [--systems NAME,…] [--faults kill,power-off,switchover,cut,freeze] [--json FILE] [--hactl FILE]
 * [--lab NAME, default failover: two runs at once need two]. Needs root and a built hactl. A system that does not heal, even with help, is deployed anew.
 */
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { FAULTS } from './faults.ts'
import { openLab, type Lab } from './lab.ts'
import { measure, type Measured } from './measure.ts'
import { SYSTEMS, type System } from './systems.ts'
import { table, type Cell } from './table.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    systems: { type: 'string' },
    faults: { type: 'string' },
    json: { type: 'string' },
    lab: { type: 'string', default: 'failover' },
    hactl: { type: 'string', default: join(ROOT, 'dist/cli/main.js') },
  },
})

/** Names may hold a comma: what is asked for is looked up in the text. */
const chosen = <T extends { readonly name: string }>(
  all: readonly T[],
  text: string | undefined,
): readonly T[] => (text === undefined ? all : all.filter(({ name }) => text.includes(name)))
const systems = chosen(SYSTEMS, options.systems)
const faults = chosen(FAULTS, options.faults)

const open = (system: System): Lab => {
  const lab = openLab(options.hactl, ROOT, {
    name: options.lab,
    packages: system.packages,
    ...(system.vars !== undefined && { vars: system.vars }),
  })
  try {
    system.deploy(lab)
  } catch (error) {
    lab.down()
    throw error
  }
  return lab
}

const said = ({ silenceMs, lost, acknowledged }: Measured): string =>
  `${silenceMs === undefined ? 'never' : `${(silenceMs / 1000).toFixed(1)} s`}, ${lost} of ${acknowledged} lost`

/** All faults of a system in turns; a run that fails is told and leaves its cell with fewer runs. */
async function measureAll(system: System): Promise<readonly Cell[]> {
  const results = new Map(faults.map(({ name }) => [name, [] as Measured[]]))
  let lab = open(system)
  const versions = system.versions(lab)
  for (let run = 1; run <= Number(options.runs); run++) {
    for (const fault of faults) {
      try {
        const measured = await measure(lab, system, fault)
        results.get(fault.name)?.push(measured)
        console.error(
          `${system.name}, ${fault.name}, run ${run}: ${said(measured)}, load ${loadavg()[0]?.toFixed(1)}`,
        )
      } catch (error) {
        console.error(
          `${system.name}, ${fault.name}, run ${run}: ${error instanceof Error ? error.message : String(error)}`,
        )
        lab.down()
        lab = open(system)
      }
    }
  }
  lab.down()
  return faults.map(({ name }) => ({
    system: system.name,
    versions,
    fault: name,
    runs: results.get(name) ?? [],
  }))
}

const cells: Cell[] = []
for (const system of systems) cells.push(...(await measureAll(system)))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(cells, undefined, 1)}\n`)
console.log(
  `${cpus().length} cores, Node.js ${process.version}; longest silence of a client, median of the runs (all runs), acknowledged writes lost\n`,
)
console.log(table(cells))
