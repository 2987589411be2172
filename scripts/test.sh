#!/usr/bin/env bash
# Format, lint, types, unit tests, generated files; then the tests that need a host (sshd, sudo, ansible-inventory,
# PostgreSQL); then the lab itself and one real cluster in it. Installs what it needs. The rest of the lab: npm run test:lab.
. "$(dirname "$0")/common.sh"
need_root npm test
need_node
install_npm
build

say "format, lint, types, generated files"
npm run --silent check:static

# The package makes and starts a server of its own, which no test uses; one that was there before is left alone.
dpkg-query -W -f '${db:Status-Abbrev}' postgresql-15 2>/dev/null | grep -q '^ii' && own_server=yes || own_server=
install_debian openssh-server openssh-client sudo fish tcsh busybox-static dash bash ansible-core \
  postgresql-15 postgresql-client-15 systemd-container mmdebstrap nftables iproute2 iputils-ping netcat-openbsd procps shellcheck
[ -n "$own_server" ] || pg_ctlcluster 15 main stop 2>/dev/null || true

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
status=0
# A first deploy from bare hosts, killed on its way, to a healthy cluster; the lab and its snapshots.
lab='test/lab/driver.test.ts test/lab/snapshot.test.ts test/lab/killed.test.ts'
for project in unit host lab; do
  say "tests: $project"
  # By itself vitest leaves one processor idle; tests of the host share ports and accounts, so they have it that way.
  npx vitest run --project "$project" --reporter=default --reporter=json --outputFile.json="$reports/$project.json" \
    $([ "$project" = unit ] && echo --maxWorkers=100%) $([ "$project" = lab ] && echo "$lab") || status=1
done

node - "$reports" <<'END'
const { readFileSync, readdirSync } = require('node:fs')
const dir = process.argv[2]
const sums = { passed: 0, failed: 0, skipped: 0 }
for (const file of readdirSync(dir)) {
  const report = JSON.parse(readFileSync(`${dir}/${file}`, 'utf8'))
  sums.passed += report.numPassedTests
  sums.failed += report.numFailedTests + (report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0)
  sums.skipped += report.numPendingTests
}
console.log(`\n${sums.passed} passed, ${sums.failed} failed, ${sums.skipped} skipped`)
END
exit $status
