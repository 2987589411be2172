import { expect, test } from 'vitest'
import { startWriter } from '../../../lab/support/client.ts'
import type { Lab } from '../../../lab/support/lab.ts'
import { expectEmptyPlan, roles } from '../../../lab/support/plans.ts'
import { measured, must, seconds } from '../../../lab/support/programs.ts'

/**
 * Puts older packages in place of those on offer: the same programs, with another version in the package and in the
 * program itself. What runs goes on running.
 */
const OLDER = `set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
folder=$(mktemp -d); cd "$folder"; trap 'rm -rf "$folder" /usr/sbin/policy-rc.d' EXIT
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get update -qq; apt-get download -qq patroni postgresql-15 postgresql-client-15 2>/dev/null
for deb in *.deb; do
  name=\${deb%%_*}
  dpkg-deb -R "$deb" "$name"
  version=$(sed -n 's/^Version: //p' "$name/DEBIAN/control")
  case $name in
  patroni)
    sed -i "s/^Version: .*/Version: 0.1-1/" patroni/DEBIAN/control
    sed -i "s/^__version__ = .*/__version__ = '3.0.1'/" patroni/usr/lib/python3/dist-packages/patroni/version.py ;;
  *)
    # Texts of the same length in the program: 15.20 becomes 15.10.
    older=$(echo "$version" | sed 's/^15\\.[0-9]/15.1/')
    sed -i "s/^Version: .*/Version: $older/" "$name/DEBIAN/control"
    [ "$name" != postgresql-15 ] || sed -i "s/$version/$older/g; s/15\\.[0-9]\\([0-9]\\) (Debian $older)/15.1\\1 (Debian $older)/g" \\
      "$name/usr/lib/postgresql/15/bin/postgres" ;;
  esac
  (cd "$name"; find . -type f -not -path './DEBIAN/*' -printf '%P\\0' | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb -Znone --root-owner-group -b "$name" "$name.older" >/dev/null
done
dpkg --force-unsafe-io --force-downgrade -i ./*.older >/dev/null 2>&1`

const VERSIONS = `cd /; runuser -u postgres -- psql -XAtqw -d postgres -c 'show server_version'
dpkg-query -W -f '\${Version}\\n' patroni postgresql-15`

/** Members that the newest run restarted, in its order. */
const restarted = (lab: Lab): readonly string[] =>
  lab
    .journal()
    .flatMap((event) =>
      event.kind === 'task-result' &&
      event.result.status === 'changed' &&
      event.task.name === 'What runs is what is installed'
        ? [event.task.host]
        : [],
    )

/** Newer packages of PostgreSQL 15 and of Patroni, on members that run. */
export function upgradeTests(lab: Lab): void {
  test('minor-upgrade installs what is newer on one member after the other, the primary last, and loses nothing', async () => {
    await lab.healthy()
    const newest = await lab.shAll(VERSIONS)
    await must(0, 'run', 'stop', lab.inventory, '--yes')
    await lab.shAll(OLDER)
    await must(0, 'run', 'start', lab.inventory, '--yes')
    const { primary, standbys } = roles(await lab.healthy())
    for (const [node, versions] of await lab.shAll(VERSIONS)) expect(versions).not.toBe(newest.get(node))
    const writer = await startWriter(lab)
    await writer.writes(10)
    const ended = await must(0, 'run', 'minor-upgrade', lab.inventory, '--yes')
    await writer.writes(10)
    const { gapMs, lost } = await writer.stop()
    expect(lost).toEqual([])
    expect(await lab.shAll(VERSIONS)).toEqual(newest)
    expect(restarted(lab)).toEqual([...standbys, primary])
    const { primary: next } = roles(await lab.healthy())
    expect(standbys).toContain(next)
    await must(0, 'run', 'minor-upgrade', lab.inventory, '--yes')
    expect(restarted(lab)).toEqual([])
    expect(roles(await lab.healthy()).primary).toBe(next)
    await expectEmptyPlan(lab)
    measured('minor-upgrade, longest gap', `${seconds(ended.ms)}, ${gapMs} ms`)
  })
}
