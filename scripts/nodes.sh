#!/usr/bin/env bash
# Unit tests with every Node.js that hactl supports: 20 is the floor, because Debian 13 ships it. The npm packages node-OS-CPU
# bring the binaries; they stay in .nodes/. Arguments are other versions.
. "$(dirname "$0")/common.sh"
need_node
install_npm

platform="$(node -p 'process.platform')-$(node -p 'process.arch')"
[ $# -gt 0 ] || set -- 20.19 22 24
status=0
for version in "$@"; do
  dir=.nodes/$version
  [ -x "$dir/node_modules/node-$platform/bin/node" ] ||
    npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix "$dir" "node-$platform@$version"
  bin=$PWD/$dir/node_modules/node-$platform/bin
  say "tests: unit, Node.js $("$bin/node" --version)"
  # Tests that start the command line take `node` from the path.
  PATH=$bin:$PATH "$bin/node" node_modules/vitest/vitest.mjs run --project unit --maxWorkers=100% || status=1
done
exit $status
