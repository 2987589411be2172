import { defineFact } from '../../engine/module.ts'
import type { Fact } from '../../engine/module.ts'
import type { Probe } from '../../engine/probe.ts'

/**
 * What is installed wins over what is on offer. Before version 2 vip-manager reads etcd's API 2, where nothing of
 * Patroni's is; Debian 13 has a newer one under another name beside the old one.
 */
const SCRIPT = `reads() { dpkg --compare-versions "\${1:-0}" ge 2~; }
installed() { dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' "$1" 2>/dev/null | sed -n 's/^installed //p'; }
offered() { apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p'; }
command -v dpkg-query >/dev/null || exit 0
for name in vip-manager vip-manager2; do reads "$(installed "$name")" && echo "$name" && exit; done
for name in vip-manager2 vip-manager; do reads "$(offered "$name")" && echo "$name" && exit; done
exit 0`

/** The package whose vip-manager reads etcd's API 3, installed or on offer; undefined when there is none. */
async function find(probe: Probe): Promise<string | undefined> {
  const { stdout } = await probe.run(['sh', '-c', SCRIPT])
  return stdout.trim() || undefined
}

/** Whether and under which name this host can have a vip-manager that works with Patroni. */
export const vipManagerFacts: readonly Fact[] = [
  defineFact({
    name: 'patroni.vip_manager.found',
    about: "Whether a vip-manager that reads etcd's API 3 is installed or on offer.",
    read: async (probe: Probe) => (await find(probe)) !== undefined,
  }),
  defineFact({
    name: 'patroni.vip_manager.package',
    about: 'The package it is in; `vip-manager2` when none was found.',
    read: async (probe: Probe) => (await find(probe)) ?? 'vip-manager2',
  }),
]
