import type { Command } from 'commander'
import type { Diagnosis } from '../../cluster/doctor/finding.ts'
import { EXIT, type ExitCode } from '../../diag/diagnostic.ts'
import { terminal } from '../caller.ts'
import { paint, print, printJson, setExit, size } from '../io.ts'
import { inventoryFile, withFormat, withInventory, type GlobalOptions } from '../options.ts'

interface DoctorOptions extends GlobalOptions {
  readonly cluster?: string
  readonly secretsKey?: string
}

const EXITS: Readonly<Record<Diagnosis['verdict'], ExitCode>> = {
  well: EXIT.done,
  warnings: EXIT.failed,
  broken: EXIT.usage,
}

/** `hactl doctor`: names what is wrong, root causes first. Exit 0 nothing, 1 warnings, 2 broken. */
export const configure = (command: Command): void => {
  withFormat(withInventory(command))
    .argument('[inventory]', 'the inventory')
    .option('--cluster <name>', 'only this cluster of the inventory')
    .option('--secrets-key <file>', 'the age key of the encrypted secrets')
    .addHelpText(
      'after',
      '\nReads more than status: logs, disks, clocks, certificates, logins, WAL past a fork. Writes nothing.\n' +
        '\nExamples:\n  hactl doctor inventory.yml\n  hactl doctor inventory.yml --format json | jq .findings[0]\n' +
        '\nExit code: 0 nothing found, 1 warnings, 2 broken. With several clusters the worst counts.\n',
    )
    .action(async (file: string | undefined, options: DoctorOptions) => {
      await showDiagnoses(inventoryFile(file, options), options)
    })
}

async function showDiagnoses(file: string, options: DoctorOptions): Promise<void> {
  const { openClusters } = await import('../../app/target.ts')
  const { openBench } = await import('../../app/bench.ts')
  const caller = terminal()
  const targets = await openClusters(file, options, caller)
  const benches = await Promise.all(targets.map((target) => openBench(target, options, caller)))
  const { examine } = await import('../../app/doctor.ts')
  try {
    const diagnoses = await Promise.all(benches.map(examine))
    setExit(diagnoses.map(({ verdict }) => EXITS[verdict]).reduce((a, b) => (a > b ? a : b), EXIT.done))
    await show(diagnoses, options)
  } finally {
    await Promise.all(benches.map((bench) => bench.opened.close()))
  }
}

async function show(diagnoses: readonly Diagnosis[], options: DoctorOptions): Promise<void> {
  if (options.format === 'jsonl') {
    for (const diagnosis of diagnoses) await printJson(diagnosis, 'jsonl')
    return
  }
  if (options.format === 'json') return printJson(diagnoses.length === 1 ? diagnoses[0] : diagnoses)
  const { doctorText } = await import('../../report/doctor-text.ts')
  for (const diagnosis of diagnoses) {
    await print(doctorText(diagnosis, { width: size().columns, paint: paint() }).trimEnd())
  }
}
