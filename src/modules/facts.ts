import { defineFact } from '../engine/module.ts'
import { os } from './readings/os.ts'

/** What system a host runs: id, family, version, major, codename. */
export const osFact = defineFact({
  name: 'os',
  about: 'The system: `id`, `family` (debian or rhel), `version`, `major`, `codename`.',
  read: (probe) => probe.ask(os, 'os'),
})

const HARDWARE = 'nproc; grep MemTotal: /proc/meminfo; uname -m; uname -r'

/** Size and kind of the machine. */
export const hardwareFact = defineFact({
  name: 'hardware',
  about: 'The machine: `cpus`, `memory_mb`, `arch`, `kernel`.',
  async read(probe) {
    const { stdout } = await probe.run(['sh', '-c', HARDWARE], { dependsOn: [] })
    const [cpus = '', memory = '', arch = '', kernel = ''] = stdout.split('\n')
    return {
      cpus: Number(cpus),
      memory_mb: Math.floor(Number(memory.replaceAll(/\D/g, '')) / 1024),
      arch,
      kernel,
    }
  },
})

const VIRTUAL = 'systemd-detect-virt --container || true'

/** Whether the host is a container, in which some kernel settings cannot be changed. */
export const containerFact = defineFact({
  name: 'container',
  about: 'Kind of container the host is (`systemd-nspawn`, `docker`, …), or `none`.',
  async read(probe) {
    const { stdout } = await probe.run(['sh', '-c', VIRTUAL], { dependsOn: [] })
    return stdout.trim() || 'none'
  },
})
