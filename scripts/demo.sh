#!/usr/bin/env bash
# One command from a fresh clone to a running cluster: npm packages, build, the host's packages, the image, three
# hosts, PostgreSQL with Pacemaker on them, and its status.
. "$(dirname "$0")/common.sh"
need_root npm run demo
need_node
install_npm
build

hactl() { node dist/cli/main.js "$@"; }
lab=${HACTL_DEMO_LAB:-demo}
inventory=inventories/lab-pacemaker/inventory.yml

say "hactl lab up --install --name $lab"
hactl lab up --install --name "$lab" --inventory-dir inventories/lab-pacemaker

say "hactl apply $inventory"
hactl apply "$inventory" --yes

say "hactl status $inventory"
hactl status "$inventory"

cat <<END

The lab stays up. Try:
  npx hactl plan $inventory
  npx hactl run switchover $inventory
  npx hactl lab break power-off pg1 --name $lab; npx hactl status $inventory --watch
  npx hactl lab down $lab
END
