#!/usr/bin/env bash
# One command from a fresh clone to a running cluster: npm packages, build, the host's packages, the image, three
# hosts, PostgreSQL with Pacemaker on them, and its status. Its files are in .demo/; run again, it continues.
. "$(dirname "$0")/common.sh"
need_root npm run demo
need_node
install_npm
build

hactl() {
  say "hactl $*"
  node dist/cli/main.js "$@"
}
lab=${HACTL_DEMO_LAB:-demo}
dir=${HACTL_DEMO_DIR:-.demo}
mkdir -p "$dir"

hactl lab up --install --name "$lab" --inventory-dir "$dir" --vars inventories/lab-pacemaker/cluster.yml
hactl secrets generate "$dir/inventory.yml"
hactl apply "$dir/inventory.yml" --yes
hactl status "$dir/inventory.yml"

cat <<END

The lab stays up. Try:
  npx hactl plan $dir/inventory.yml
  npx hactl run switchover $dir/inventory.yml
  npx hactl lab break power-off pg1 --name $lab; npx hactl status $dir/inventory.yml --watch
  npx hactl lab down $lab
END
